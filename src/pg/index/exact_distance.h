// Exact distances of rows of the table, for scans of indexes that only estimate them.
#pragma once

#include "pg/boundary.h"

extern "C" {
#include <access/genam.h>
#include <access/relscan.h>
#include <access/skey.h>
#include <executor/tuptable.h>
#include <nodes/execnodes.h>
}

namespace vectorx::pg {

// Computes what the query's ORDER BY computes, by the same function, on the value that is indexed; an expression index
// evaluates its expression. Lives in the scan's memory context; close() gives back what a resource owner would only
// give back on an error.
class ExactDistance {
 public:
    ExactDistance(IndexScanDesc scan, MemoryContext context);

    // Returns false if the scan's snapshot sees no version of the row.
    bool of(const ItemPointerData* row, double* distance);

    void close();

 private:
    Datum indexed_value(bool* is_null);

    IndexScanDesc scan_;
    IndexInfo* info_;
    IndexFetchTableData* fetch_;
    TupleTableSlot* slot_;
    EState* executor_ = nullptr;  // for index expressions
    MemoryContext row_context_;
};

}  // namespace vectorx::pg
