// What PostgreSQL's calls of an index scan have in common, whatever the access method.
#pragma once

#include "pg/boundary.h"

extern "C" {
#include <access/genam.h>
#include <access/relscan.h>
}

namespace vectorx::pg {

// A scan that has been prepared for its index. Lives in its own memory context; its destructor never runs.
class RowScan {
 public:
    // The next row; false at the end.
    virtual bool next(Datum query, bool query_is_null, ItemPointer row) = 0;
    virtual void rescan() = 0;
    // Gives back what is not memory of the context.
    virtual void end() = 0;

 protected:
    ~RowScan() = default;
};

// ambeginscan, amrescan, amgettuple and amendscan. The scan is made when its first row is asked for, by
// make(scan, context); `access_method` is the name of its context and in its errors.
IndexScanDesc begin_row_scan(Relation index, int key_count, int order_count, const char* access_method);
void restart_row_scan(IndexScanDesc scan, ScanKey keys, ScanKey orders);
bool next_row(IndexScanDesc scan, const char* access_method, RowScan* (*make)(IndexScanDesc, MemoryContext));
void end_row_scan(IndexScanDesc scan);

}  // namespace vectorx::pg
