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
