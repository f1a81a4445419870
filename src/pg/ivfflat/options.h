// Storage parameters of an index and settings of a session.
#pragma once

#include "pg/ivfflat/layout.h"

extern "C" {
#include <utils/rel.h>
}

namespace vectorx::pg::ivfflat {

inline constexpr int kMinLists = 1;
inline constexpr int kMaxLists = 32768;
inline constexpr int kDefaultLists = 100;
inline constexpr int kDefaultProbes = 1;

// ivfflat.iterative_scan: whether a scan whose results do not suffice looks into more lists.
enum IterativeScan : int {
    kIterativeOff,
    kIterativeRelaxed,  // later results may be nearer than earlier ones
};

// The settings of the session.
extern int probes;
extern int iterative_scan;
extern int max_probes;  // of an iterative scan; if it is less than probes, that counts

// Defines the settings and storage parameters; called once, when the library is loaded.
void define_settings();

// WITH (lists, storage) of an index, or the defaults.
int list_count(Relation index);
Storage list_storage(Relation index);

// amoptions
bytea* parse_options(Datum reloptions, bool validate);

}  // namespace vectorx::pg::ivfflat
