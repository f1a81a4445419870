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

void define_settings() {
    DefineCustomStringVariable("vectorx.simd", "Shows which instruction set the distance kernels use.",
                               "Chosen from what the CPU offers when the library is loaded.", &simd_setting,
                               vectorx::kernels().name, PGC_INTERNAL, 0, nullptr, nullptr, nullptr);
    vectorx::pg::mark_setting_prefix_reserved("vectorx");
}

}  // namespace

void _PG_init(void) {
    vectorx::pg::guard([] {
        define_settings();
        vectorx::pg::hnsw::define_settings();
        vectorx::pg::ivfflat::define_settings();
    });
}
