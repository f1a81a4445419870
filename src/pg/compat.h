// Differences between the PostgreSQL versions that are supported, in one place.
#pragma once
#pragma GCC system_header

#include "pg/postgres.h"

extern "C" {
// VARSIZE and its like left postgres.h in PostgreSQL 16.
#if PG_VERSION_NUM >= 160000
#include <varatt.h>
#endif
}

extern "C" {
#include <access/amapi.h>
#include <commands/vacuum.h>
#include <nodes/pathnodes.h>
#include <utils/guc.h>
}

namespace vectorx::pg {

// Settings with the prefix that no library has defined become errors.
inline void mark_setting_prefix_reserved(const char* prefix) {
#if PG_VERSION_NUM >= 150000
    MarkGUCPrefixReserved(prefix);
#else
    EmitWarningsOnPlaceholders(prefix);
#endif
}

// Sleeps when vacuum has used up its cost limit; answers interrupts.
inline void vacuum_delay() {
#if PG_VERSION_NUM >= 180000
    vacuum_delay_point(false);
#else
    vacuum_delay_point();
#endif
}

// Keeps the planner from a path that cannot be run; an infinite cost alone says so before PostgreSQL 18.
inline void disable_path([[maybe_unused]] Path* path) {
#if PG_VERSION_NUM >= 180000
    path->disabled_nodes = 2;
#endif
}

// Fields of an index access method that not all versions have.
inline void set_version_dependent([[maybe_unused]] IndexAmRoutine* am) {
#if PG_VERSION_NUM >= 160000
    am->amsummarizing = false;
#endif
#if PG_VERSION_NUM >= 170000
    am->amcanbuildparallel = true;
#endif
}

}  // namespace vectorx::pg
