// What vectorx_check() does alike for all access methods.
#pragma once

#include "pg/boundary.h"

extern "C" {
#include <access/tableam.h>
#include <catalog/index.h>
#include <nodes/execnodes.h>
#include <storage/block.h>
}

namespace vectorx::pg {

// Puts a row for each fault into the result.
class FaultReport {
 public:
    explicit FaultReport(ReturnSetInfo* result) : result_(result) {}

    void operator()(BlockNumber block, std::uint32_t position, const char* format, ...) const pg_attribute_printf(4, 5);

 private:
    ReturnSetInfo* result_;
};

// Calls visit(row, value) for every row of the table that the snapshot sees and whose indexed value is not NULL.
template <typename Visit>
void for_each_visible_row(Relation heap, Relation index, Snapshot snapshot, Visit visit) {
    IndexInfo* info = BuildIndexInfo(index);
    info->ii_Concurrent = true;  // scan with an MVCC snapshot
    info->ii_Unique = false;
    TableScanDesc scan = table_beginscan_strat(heap, snapshot, 0, nullptr, true, true);
    auto on_row = [](Relation, ItemPointer row, Datum* values, bool* isnull, bool, void* state) {
        // Called by PostgreSQL, which an exception must not cross.
        if (!isnull[0]) guard([&] { (*static_cast<Visit*>(state))(row, values[0]); });
    };
    table_index_build_scan(heap, index, info, true, false, on_row, &visit, scan);
}

}  // namespace vectorx::pg
