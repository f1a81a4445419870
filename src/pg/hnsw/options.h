// Storage parameters of an index and settings of a session.
#pragma once

#include "pg/postgres.h"

extern "C" {
#include <utils/rel.h>
}

#include "pg/hnsw/layout.h"
#include "pg/index/indexed_type.h"
#include "vectorx/graph.h"

namespace vectorx::pg::hnsw {

// hnsw.iterative_scan: whether a scan whose results do not suffice looks for more.
enum IterativeScan : int {
    kIterativeOff,
    kIterativeRelaxed,  // later results may be nearer than earlier ones
    kIterativeStrict,   // those are left out
};

// The settings of the session.
extern int ef_search;
extern int iterative_scan;
extern int max_scan_tuples;         // how many vectors an iterative scan compares before it gives up
extern double scan_mem_multiplier;  // how much memory it takes, in multiples of work_mem

// Defines the settings and storage parameters; called once, when the library is loaded.
void define_settings();

// WITH (m, ef_construction) of an index, checked; defaults where none are given.
GraphOptions graph_options(Relation index);

// WITH (storage), or what suits an index of this operator class and dimension, where nothing is said; an error if it
// cannot be.
Storage storage_option(Relation index, const OperatorClass& opclass, int dimensions, bool* said);

// amoptions
bytea* parse_options(Datum reloptions, bool validate);

}  // namespace vectorx::pg::hnsw
