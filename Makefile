# vectorx, for packagers: make, make install, make installcheck (PGXS). Developers also have CMakeLists.txt.

EXTENSION = vectorx
MODULE_big = vectorx

# The one place that holds the version is vectorx.control.
EXTVERSION := $(shell sed -n "s/^default_version = '\(.*\)'/\1/p" vectorx.control)

SOURCES := $(sort $(wildcard src/core/*/*.cpp src/pg/*.cpp src/pg/*/*.cpp))
OBJS = $(SOURCES:.cpp=.o)
EXTRA_CLEAN = $(OBJS:.o=.d)

# Each area keeps its CREATE statements beside the C++ that they name. The order is that of dependency: casts between
# types need both of them, and `vector` is the one that the others are cast to and from.
TYPE_SQL := src/pg/types/vector.sql
TYPE_SQL += $(filter-out $(TYPE_SQL),$(sort $(wildcard src/pg/types/*.sql)))
SQL_PARTS = src/pg/extension.sql $(TYPE_SQL) $(sort $(wildcard src/pg/hnsw/*.sql src/pg/ivfflat/*.sql)) src/pg/inspect/inspect.sql src/pg/cluster/cluster.sql
DATA_built = vectorx--$(EXTVERSION).sql vectorx_move.sql
# Updates from older versions: see test/upgrade.
DATA = $(wildcard src/pg/updates/vectorx--*--*.sql)

# The name "vector" for vectorx, by choice only (make install-compat).
DROP_IN = src/pg/drop_in
DROP_IN_VERSION := $(shell sed -n "s/^default_version = '\(.*\)'/\1/p" $(DROP_IN)/vector.control)

REGRESS = $(sort $(patsubst sql/%.sql,%,$(wildcard sql/*.sql)))
REGRESS_OPTS = --load-extension=vectorx

PG_CPPFLAGS = -I$(CURDIR)/include -I$(CURDIR)/src -DVECTORX_VERSION='"$(EXTVERSION)"'
PG_CXXFLAGS = -std=c++20 -MMD -MP -fvisibility=hidden -fvisibility-inlines-hidden
# GCC guesses that a std::pmr::memory_resource is the only one that it has seen, the standard library's: ours never is, and
# GCC 16 warns of what would happen to ours there.
PG_CXXFLAGS += -fno-devirtualize-speculatively
SHLIB_LINK = -lstdc++ -lm

# `make DEVELOPER=1`, as CI builds: every warning is an error.
ifdef DEVELOPER
PG_CXXFLAGS += -Wextra -Wconversion -Werror
endif

# `make SANITIZE=undefined`, as `scripts/test --sanitize` builds.
ifneq ($(SANITIZE),)
PG_CXXFLAGS += -fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer
SHLIB_LINK += -fsanitize=$(SANITIZE)
endif

# `make RACE_POINTS=1`, for tests that stop one backend while another goes on: see src/pg/race_point.h.
ifdef RACE_POINTS
PG_CPPFLAGS += -DVECTORX_RACE_POINTS
endif

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)

# No LLVM bitcode: kernels are called through a dispatch table, so the JIT has nothing to inline, and building it would
# make clang a build dependency.
override with_llvm = no
include $(PGXS)

# PostgreSQL's headers are not ours to warn about.
override CPPFLAGS := $(subst -I$(includedir_server),-isystem $(includedir_server),$(CPPFLAGS))

# Plain loops over elements that the compiler is to vectorise, which PostgreSQL's -O2 does not.
src/core/elementwise/%.o: override CXXFLAGS += -O3
# Codes are to be the same on every CPU.
src/core/quantize/%.o: override CXXFLAGS += -O3 -ffp-contract=off

# Kernels are compiled once for each instruction set and chosen at load time; nothing else gets machine flags.
include src/core/simd/flags.mk

# PostgreSQL's packages are built without dependency tracking, so make would not see a changed header or flag.
-include $(OBJS:.o=.d)
$(OBJS): Makefile src/core/simd/flags.mk

# The Debian package: postgresql-N-vectorx in build/deb.
.PHONY: deb
deb:
	scripts/deb

vectorx--$(EXTVERSION).sql: vectorx.control $(SQL_PARTS)
	cat $(SQL_PARTS) > $@

# Moves a database between pgvector and vectorx, by psql.
vectorx_move.sql: $(DROP_IN)/move.sql $(DROP_IN)/vector.control
	sed 's/@DROP_IN_VERSION@/$(DROP_IN_VERSION)/' $< > $@

# CREATE EXTENSION vector in an existing program then gives vectorx.
DROP_IN_FOLDER = $(DESTDIR)$(datadir)/extension
.PHONY: install-compat uninstall-compat
install-compat:
	@sh $(DROP_IN)/beside-pgvector.sh '$(DESTDIR)$(pkglibdir)' '$(DROP_IN_FOLDER)'
	$(MKDIR_P) '$(DROP_IN_FOLDER)'
	$(INSTALL_DATA) $(DROP_IN)/vector.control '$(DROP_IN_FOLDER)/vector.control'
	$(INSTALL_DATA) $(DROP_IN)/vector.sql '$(DROP_IN_FOLDER)/vector--$(DROP_IN_VERSION).sql'

uninstall-compat:
	@sh $(DROP_IN)/beside-pgvector.sh '$(DESTDIR)$(pkglibdir)' '$(DROP_IN_FOLDER)'
	rm -f '$(DROP_IN_FOLDER)/vector.control' '$(DROP_IN_FOLDER)/vector--$(DROP_IN_VERSION).sql'
