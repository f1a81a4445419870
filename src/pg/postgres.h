// The one way in which this extension includes PostgreSQL: the base headers, with C linkage, free of warnings of
// PostgreSQL's own, and with the exported-symbol macro that -fvisibility=hidden needs before PostgreSQL 16.
#pragma once
#pragma GCC system_header

#ifndef PGDLLEXPORT
#define PGDLLEXPORT __attribute__((visibility("default")))
#endif

extern "C" {
#include <postgres.h>
//
#include <fmgr.h>
#include <miscadmin.h>
#include <utils/memutils.h>
}

// libintl.h, which postgres.h brings in, defines these as macros; C++ library headers use the names.
#undef gettext
#undef ngettext
#undef dgettext
#undef dngettext
#undef printf
#undef fprintf
#undef sprintf
#undef snprintf
#undef vsnprintf
#undef vsprintf
#undef vfprintf
#undef vprintf
