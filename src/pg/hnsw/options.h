// Storage parameters of an index and settings of a session.
#pragma once

#include "pg/postgres.h"

extern "C" {
#include <utils/rel.h>
}

#include "vectorx/graph.h"

namespace vectorx::pg::hnsw {

// hnsw.ef_search
extern int ef_search;

// Defines the settings and storage parameters; called once, when the library is loaded.
void define_settings();

// WITH (m, ef_construction) of an index, checked; defaults where none are given.
GraphOptions graph_options(Relation index);

// amoptions
bytea* parse_options(Datum reloptions, bool validate);

}  // namespace vectorx::pg::hnsw
