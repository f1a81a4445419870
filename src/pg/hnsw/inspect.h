// What vectorx_index_stats() and vectorx_check() share.
#pragma once

#include "pg/boundary.h"
#include "pg/hnsw/indexed_type.h"
#include "pg/hnsw/layout.h"

namespace vectorx::pg::hnsw {

// An error unless the user owns the relation or is a member of pg_stat_scan_tables. Takes no lock.
void check_may_inspect(Oid oid);

// Opens an hnsw index; an error if it is something else, or the user may not look into it.
Relation open_for_inspection(Oid oid, LOCKMODE mode);

inline IndexLayout layout_of(Relation index, const MetaPage& meta) {
    return with_codec(operator_class(index), static_cast<int>(meta.dimensions), [&](const auto& codec) {
        return IndexLayout(meta.m, codec.payload_size(), std::decay_t<decltype(codec)>::kVariableSize);
    });
}

}  // namespace vectorx::pg::hnsw
