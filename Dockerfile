# The official image of PostgreSQL (Debian) with vectorx in it. It adds three files to that image, which are the same bytes
# whenever and wherever they are built from the same sources with the same packages of Debian.
#
#     docker build --build-arg POSTGRES=15 -t vectorx .
#     docker run -e POSTGRES_PASSWORD=secret -p 127.0.0.1:5432:5432 vectorx

ARG POSTGRES=15
ARG DEBIAN=bookworm

FROM postgres:${POSTGRES}-${DEBIAN} AS build
RUN apt-get update && apt-get install -y --no-install-recommends g++ make libeigen3-dev libxsimd-dev "postgresql-server-dev-$PG_MAJOR"
COPY Makefile vectorx.control /src/vectorx/
COPY include /src/vectorx/include/
COPY src /src/vectorx/src/
WORKDIR /src/vectorx
ARG SOURCE_DATE_EPOCH=1795251600
RUN make -j"$(nproc)" PG_CONFIG="/usr/lib/postgresql/$PG_MAJOR/bin/pg_config" \
 && make install DESTDIR=/out PG_CONFIG="/usr/lib/postgresql/$PG_MAJOR/bin/pg_config" \
 && strip --strip-unneeded "/out/usr/lib/postgresql/$PG_MAJOR/lib/vectorx.so" \
 && find /out -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +

FROM postgres:${POSTGRES}-${DEBIAN}
COPY --from=build /out/usr/lib /usr/lib/
COPY --from=build /out/usr/share /usr/share/
