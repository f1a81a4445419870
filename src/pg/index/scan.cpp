#include "pg/index/scan.h"

#include <algorithm>

extern "C" {
#include <utils/memutils.h>
#include <utils/snapmgr.h>
}

#include "pg/compat.h"

namespace vectorx::pg {
namespace {

struct State {
    MemoryContext context;
    RowScan* scan;
    bool started;  // since the last restart
};

}  // namespace

IndexScanDesc begin_row_scan(Relation index, int key_count, int order_count, const char* access_method) {
    IndexScanDesc scan = RelationGetIndexScan(index, key_count, order_count);
    auto* state = static_cast<State*>(palloc0(sizeof(State)));
    state->context = AllocSetContextCreate(CurrentMemoryContext, "index scan", ALLOCSET_DEFAULT_SIZES);
    MemoryContextSetIdentifier(state->context, access_method);
    scan->opaque = state;
    return scan;
}

void restart_row_scan(IndexScanDesc scan, ScanKey keys, ScanKey orders) {
    auto* state = static_cast<State*>(scan->opaque);
    if (keys != nullptr && scan->numberOfKeys > 0) std::copy(keys, keys + scan->numberOfKeys, scan->keyData);
    if (orders != nullptr && scan->numberOfOrderBys > 0)
        std::copy(orders, orders + scan->numberOfOrderBys, scan->orderByData);
    if (state->scan != nullptr) state->scan->rescan();
    state->started = false;
}

bool next_row(IndexScanDesc scan, const char* access_method, RowScan* (*make)(IndexScanDesc, MemoryContext)) {
    auto* state = static_cast<State*>(scan->opaque);
    if (scan->orderByData == nullptr) elog(ERROR, "cannot scan %s index without order", access_method);
    if (!IsMVCCSnapshot(scan->xs_snapshot)) elog(ERROR, "non-MVCC snapshots are not supported with %s", access_method);
    if (!state->started) count_search(scan);
    state->started = true;
    MemoryContext caller = MemoryContextSwitchTo(state->context);
    if (state->scan == nullptr) state->scan = make(scan, state->context);
    const ScanKeyData& order = scan->orderByData[0];
    bool found = state->scan->next(order.sk_argument, (order.sk_flags & SK_ISNULL) != 0, &scan->xs_heaptid);
    MemoryContextSwitchTo(caller);
    scan->xs_recheck = false;
    scan->xs_recheckorderby = false;
    return found;
}

void end_row_scan(IndexScanDesc scan) {
    auto* state = static_cast<State*>(scan->opaque);
    if (state->scan != nullptr) state->scan->end();
    MemoryContextDelete(state->context);
    pfree(state);
    scan->opaque = nullptr;
}

}  // namespace vectorx::pg
