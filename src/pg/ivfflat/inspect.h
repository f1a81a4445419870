// What an ivfflat index answers to vectorx_index_stats() and vectorx_check() (src/pg/inspect).
#pragma once

#include "pg/boundary.h"

extern "C" {
#include <access/htup.h>
#include <nodes/execnodes.h>
#include <utils/rel.h>
}

namespace vectorx::pg::ivfflat {

// The row of vectorx_index_stats().
HeapTuple index_stats(Relation index, TupleDesc descriptor);

// Puts a row for each fault into the result. The caller holds locks on table and index that keep vacuum out.
void check(Relation heap, Relation index, bool heapallindexed, ReturnSetInfo* result);

}  // namespace vectorx::pg::ivfflat
