// What PostgreSQL runs when it loads the library: settings are defined here and nowhere else.
#include "pg/boundary.h"

extern "C" {
#include <utils/guc.h>
}

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
#if PG_VERSION_NUM >= 150000
    MarkGUCPrefixReserved("vectorx");
#else
    EmitWarningsOnPlaceholders("vectorx");
#endif
}

}  // namespace

void _PG_init(void) {
    vectorx::pg::guard([] { define_settings(); });
}
