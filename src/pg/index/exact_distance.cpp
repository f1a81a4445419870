#include "pg/index/exact_distance.h"

extern "C" {
#include <access/tableam.h>
#include <catalog/index.h>
#include <executor/executor.h>
#include <utils/rel.h>
}

namespace vectorx::pg {

ExactDistance::ExactDistance(IndexScanDesc scan, MemoryContext context)
    : scan_(scan), row_context_(AllocSetContextCreate(context, "exact distance", ALLOCSET_DEFAULT_SIZES)) {
    MemoryContext caller = MemoryContextSwitchTo(context);
    info_ = BuildIndexInfo(scan->indexRelation);
    fetch_ = table_index_fetch_begin(scan->heapRelation);
    slot_ = table_slot_create(scan->heapRelation, nullptr);
    if (info_->ii_Expressions != NIL) {
        executor_ = CreateExecutorState();
        GetPerTupleExprContext(executor_)->ecxt_scantuple = slot_;
    }
    MemoryContextSwitchTo(caller);
}

bool ExactDistance::of(const ItemPointerData* row, double* distance) {
    // A row's versions have one place in the index; this moves on to the visible one.
    ItemPointerData version = *row;
    bool again = false;
    if (!table_index_fetch_tuple(fetch_, &version, scan_->xs_snapshot, slot_, &again, nullptr)) return false;
    MemoryContext caller = MemoryContextSwitchTo(row_context_);
    bool is_null;
    Datum value = indexed_value(&is_null);
    const ScanKeyData& order = scan_->orderByData[0];
    if (!is_null) {
        FmgrInfo* function = &scan_->orderByData[0].sk_func;
        *distance = DatumGetFloat8(FunctionCall2Coll(function, order.sk_collation, value, order.sk_argument));
    }
    MemoryContextSwitchTo(caller);
    MemoryContextReset(row_context_);
    if (executor_ != nullptr) ResetPerTupleExprContext(executor_);
    ExecClearTuple(slot_);
    return !is_null;
}

Datum ExactDistance::indexed_value(bool* is_null) {
    AttrNumber column = info_->ii_IndexAttrNumbers[0];
    if (column != 0) return slot_getattr(slot_, column, is_null);
    Datum values[INDEX_MAX_KEYS];
    bool nulls[INDEX_MAX_KEYS];
    FormIndexDatum(info_, slot_, executor_, values, nulls);
    *is_null = nulls[0];
    return values[0];
}

void ExactDistance::close() {
    ExecDropSingleTupleTableSlot(slot_);
    table_index_fetch_end(fetch_);
    if (executor_ != nullptr) FreeExecutorState(executor_);
}

}  // namespace vectorx::pg
