# shellcheck shell=bash
# A copy of a PostgreSQL with the extension in it, so that no PostgreSQL of the machine is changed. Sourced after common.sh
# by those that test what is built here.
# shellcheck disable=SC2154  # what is not assigned here is common.sh's

# open_private_postgres WORKSPACE FOLDER: after find_postgres. Sets workspace; extension, the folder to build in; and
# copy_config, the copy's pg_config, which is there after build_extension.
open_private_postgres() {
    open_workspace "$1"
    extension=$2
    copy_config=$workspace/postgres$pg_bin/pg_config
}

# The extension is built in a copy of its sources, with errors for warnings, so that `make` in the checkout, whose objects
# were made without, has nothing to do with it. Objects of an earlier run are kept: make sees what has changed.
# server_sanitizers, if set, are compiled in.
build_extension() {
    local options=(DEVELOPER=1 SANITIZE="${server_sanitizers:-}")
    rm -rf "$workspace/postgres"
    mkdir -p "$extension"
    find "$extension" -type f ! -name '*.o' ! -name '*.d' ! -name '*.so' -delete
    tar -C "$root" --exclude='*.o' --exclude='*.d' --exclude='*.so' -cf - \
        Makefile vectorx.control include src sql expected | tar -C "$extension" -xf -
    make -C "$extension" -j"$jobs" "${options[@]}" PG_CONFIG="$PG_CONFIG"
    copy_postgres
    make -C "$extension" install "${options[@]}" PG_CONFIG="$copy_config"
}

# copy_postgres [NAME]: to $workspace/NAME, by default postgres. The server's programs find their files by their own place.
copy_postgres() {
    local folder place=$workspace/${1:-postgres}
    for folder in --bindir --pkglibdir --sharedir --includedir-server; do
        folder=$("$PG_CONFIG" "$folder")
        mkdir -p "$place${folder%/*}"
        [ -e "$place$folder" ] || cp -a "$folder" "$place$folder"
    done
}

# A second copy of PostgreSQL that has pgvector and the extension, for tests that move from one to the other; after
# build_extension. Sets pgvector_config, the copy's pg_config, or leaves it empty where pgvector's sources are missing.
pgvector_config=
install_beside_pgvector() {
    local archive folder=$root/build/pgvector
    for archive in "$root"/../shared/peers/pgvector-*.tar.gz; do
        [ -f "$archive" ] || return 0
    done
    rm -rf "$workspace/postgres-pgvector"
    copy_postgres postgres-pgvector
    pgvector_config=$workspace/postgres-pgvector$pg_bin/pg_config
    if [ "$(cat "$folder/made-from" 2>/dev/null)" != "$archive $pg_version" ]; then
        rm -rf "$folder"
        mkdir -p "$folder"
        tar -C "$folder" --strip-components=1 -xf "$archive"
        # As the copy's own pg_config has it, but without bitcode, for which clang would be needed.
        make -C "$folder" -j"$jobs" with_llvm=no PG_CONFIG="$pgvector_config"
        echo "$archive $pg_version" >"$folder/made-from"
    fi
    make -C "$folder" install with_llvm=no PG_CONFIG="$pgvector_config"
    make -C "$extension" install DEVELOPER=1 PG_CONFIG="$pgvector_config"
}
