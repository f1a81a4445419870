// Inserting one row; also used by builds whose graph no longer fits in memory.
#pragma once

#include "pg/hnsw/page.h"
#include "pg/index/indexed_type.h"

extern "C" {
#include <storage/lwlock.h>
}

namespace vectorx::pg::hnsw {

// Inserts one row whose value has been encoded. Memory is taken from `context`, which the caller resets. `build_lock`
// stands for the heavyweight lock on page 0, unless it is nullptr.
void insert_payload(Relation index, const OperatorClass& opclass, const std::byte* payload, ItemPointer row,
                    Logging logging, LWLock* build_lock, MemoryContext context);

}  // namespace vectorx::pg::hnsw
