// What PostgreSQL runs when it loads the library.
#include "pg/boundary.h"
#include "pg/compat.h"
#include "pg/hnsw/options.h"
#include "pg/ivfflat/options.h"
#include "vectorx/kernels.h"

extern "C" {
PG_MODULE_MAGIC;
PGDLLEXPORT void _PG_init(void);
}

namespace {

char* simd_setting = nullptr;

// pgvector's library defines settings of the same names, and a process that has loaded it cannot be rid of it: for
// sessions that were open while their database was moved. Values set before a library is loaded are placeholders.
void refuse_beside_pgvector() {
    const char* setting = "hnsw.ef_search";
    if (GetConfigOption(setting, true, false) == nullptr) return;
    if ((GetConfigOptionFlags(setting, true) & GUC_CUSTOM_PLACEHOLDER) != 0) return;
    ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                    errmsg("cannot load vectorx in a session that has loaded pgvector"), errhint("Reconnect.")));
}

void define_settings() {
    DefineCustomStringVariable("vectorx.simd", "Shows which instruction set the distance kernels use.",
                               "Chosen from what the CPU offers when the library is loaded.", &simd_setting,
                               vectorx::kernels().name, PGC_INTERNAL, 0, nullptr, nullptr, nullptr);
    vectorx::pg::mark_setting_prefix_reserved("vectorx");
}

}  // namespace

void _PG_init(void) {
    vectorx::pg::guard([] {
        refuse_beside_pgvector();
        define_settings();
        vectorx::pg::hnsw::define_settings();
        vectorx::pg::ivfflat::define_settings();
    });
}
