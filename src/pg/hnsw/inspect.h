// What an hnsw index answers to vectorx_index_stats() and vectorx_check() (src/pg/inspect).
#pragma once

#include "pg/boundary.h"
#include "pg/hnsw/codec.h"
#include "pg/hnsw/layout.h"

extern "C" {
#include <access/htup.h>
#include <nodes/execnodes.h>
}

namespace vectorx::pg::hnsw {

// The row of vectorx_index_stats().
HeapTuple index_stats(Relation index, TupleDesc descriptor);

// Puts a row for each fault into the result. The caller holds locks on table and index that keep vacuum out.
void check(Relation heap, Relation index, bool heapallindexed, ReturnSetInfo* result);

inline IndexLayout layout_of(Relation index, const MetaPage& meta) {
    return with_codec_of(
        operator_class(index), meta.storage, static_cast<int>(meta.dimensions), nullptr, [&](const auto& codec) {
            return IndexLayout(meta.m, codec.payload_size(), std::decay_t<decltype(codec)>::kVariableSize);
        });
}

}  // namespace vectorx::pg::hnsw
