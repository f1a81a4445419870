// The rows that a scan has found, nearest first.
#pragma once

#include <algorithm>
#include <memory_resource>
#include <vector>

#include "pg/boundary.h"

extern "C" {
#include <access/tupdesc.h>
#include <catalog/pg_operator_d.h>
#include <catalog/pg_type_d.h>
#include <executor/tuptable.h>
#include <miscadmin.h>
#include <storage/itemptr.h>
#include <utils/tuplesort.h>
}

namespace vectorx::pg::ivfflat {

// Collects rows, then gives them out in order. Mostly few of those that were collected are asked for, so they are kept
// as a heap; what exceeds work_mem is sorted by PostgreSQL, which writes to disk.
class Results {
 public:
    explicit Results(ContextMemory* memory, MemoryContext context) : rows_(memory), context_(context) {}

    void add(const float* distances, const ItemPointerData* last_row, std::uint32_t count) {
        if (sort_ != nullptr) {
            for (std::uint32_t i = 0; i < count; ++i) put(distances[i], *(last_row - i));
            return;
        }
        for (std::uint32_t i = 0; i < count; ++i) rows_.push_back({distances[i], *(last_row - i)});
        if (rows_.size() * sizeof(Row) > static_cast<std::size_t>(work_mem) * 1024) spill();
    }

    // When all have been added.
    void arrange() {
        if (sort_ != nullptr)
            tuplesort_performsort(sort_);
        else
            std::make_heap(rows_.begin(), rows_.end(), farther);
    }

    bool next(ItemPointer row) {
        if (sort_ != nullptr) {
            if (!tuplesort_gettupleslot(sort_, true, false, sorted_, nullptr)) return false;
            bool isnull;
            *row = *reinterpret_cast<ItemPointer>(DatumGetPointer(slot_getattr(sorted_, 2, &isnull)));
            return true;
        }
        if (rows_.empty()) return false;
        *row = rows_.front().row;
        std::pop_heap(rows_.begin(), rows_.end(), farther);
        rows_.pop_back();
        return true;
    }

    void clear() {
        rows_.clear();
        if (sort_ == nullptr) return;
        ExecDropSingleTupleTableSlot(sorted_);
        ExecDropSingleTupleTableSlot(unsorted_);
        tuplesort_end(sort_);
        sort_ = nullptr;
    }

 private:
    struct Row {
        float distance;
        ItemPointerData row;
    };

    // Rows at the same distance come in the order of their addresses, whatever the order in which they were found.
    static bool farther(const Row& a, const Row& b) {
        if (a.distance != b.distance) return a.distance > b.distance;
        return ItemPointerCompare(const_cast<ItemPointer>(&a.row), const_cast<ItemPointer>(&b.row)) > 0;
    }

    void spill() {
        MemoryContext caller = MemoryContextSwitchTo(context_);
        TupleDesc descriptor = CreateTemplateTupleDesc(2);
        TupleDescInitEntry(descriptor, 1, "distance", FLOAT4OID, -1, 0);
        TupleDescInitEntry(descriptor, 2, "row", TIDOID, -1, 0);
        AttrNumber columns[] = {1, 2};
        Oid operators[] = {FLOAT4_LESS, TIDLessOperator};
        Oid collations[] = {InvalidOid, InvalidOid};
        bool nulls_first[] = {false, false};
        sort_ = tuplesort_begin_heap(descriptor, 2, columns, operators, collations, nulls_first, work_mem, nullptr, 0);
        unsorted_ = MakeSingleTupleTableSlot(descriptor, &TTSOpsVirtual);
        sorted_ = MakeSingleTupleTableSlot(descriptor, &TTSOpsMinimalTuple);
        MemoryContextSwitchTo(caller);
        for (const Row& row : rows_) put(row.distance, row.row);
        rows_.clear();
        rows_.shrink_to_fit();
    }

    void put(float distance, ItemPointerData row) {
        ExecClearTuple(unsorted_);
        unsorted_->tts_values[0] = Float4GetDatum(distance);
        unsorted_->tts_values[1] = PointerGetDatum(&row);
        unsorted_->tts_isnull[0] = unsorted_->tts_isnull[1] = false;
        ExecStoreVirtualTuple(unsorted_);
        tuplesort_puttupleslot(sort_, unsorted_);
    }

    static constexpr Oid FLOAT4_LESS = 622;  // float4lt; has no symbol in pg_operator_d.h

    std::pmr::vector<Row> rows_;
    MemoryContext context_;
    Tuplesortstate* sort_ = nullptr;
    TupleTableSlot* unsorted_ = nullptr;
    TupleTableSlot* sorted_ = nullptr;
};

}  // namespace vectorx::pg::ivfflat
