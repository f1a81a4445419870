// Rows' addresses as plain numbers: what the graph in memory keeps of a row, and what its node's level is drawn from.
#pragma once

#include "core/graph/memory_store.h"
#include "pg/postgres.h"

extern "C" {
#include <storage/itemptr.h>
}

namespace vectorx::pg {

inline RowId encode_row(const ItemPointerData* row) {
    return (static_cast<RowId>(ItemPointerGetBlockNumberNoCheck(row)) << 16) | ItemPointerGetOffsetNumberNoCheck(row);
}

inline ItemPointerData decode_row(RowId id) {
    return {{static_cast<uint16>(id >> 32), static_cast<uint16>(id >> 16)}, static_cast<OffsetNumber>(id)};
}

}  // namespace vectorx::pg
