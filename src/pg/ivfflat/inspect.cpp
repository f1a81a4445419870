#include "pg/ivfflat/inspect.h"

#include <cstring>
#include <memory_resource>
#include <unordered_map>
#include <vector>

#include "pg/compat.h"
#include "pg/index/check.h"
#include "pg/index/row_id.h"
#include "pg/inspect/stats.h"
#include "pg/ivfflat/lists.h"

extern "C" {
#include <access/htup_details.h>
#include <access/tableam.h>
#include <utils/builtins.h>
#include <utils/snapmgr.h>
}

namespace vectorx::pg::ivfflat {

HeapTuple index_stats(Relation index, TupleDesc descriptor) {
    MetaPage meta = read_meta(index);
    std::int64_t rows = 0;
    std::int64_t list_pages = 0;
    std::int64_t wide_pages = 0;
    std::int64_t unused_pages = 0;
    auto* of_list = static_cast<double*>(palloc0(meta.lists * sizeof(double)));
    BlockNumber blocks = RelationGetNumberOfBlocks(index);
    BufferAccessStrategy strategy = GetAccessStrategy(BAS_BULKREAD);
    for (BlockNumber block = IndexLayout(meta).first_list_block(); block < blocks; ++block) {
        CHECK_FOR_INTERRUPTS();
        Buffer buffer = ReadBufferExtended(index, MAIN_FORKNUM, block, RBM_NORMAL, strategy);
        LockBuffer(buffer, BUFFER_LOCK_SHARE);
        Page page = BufferGetPage(buffer);
        if (is_free(page)) {
            ++unused_pages;
        } else if (page_tail(page)->kind == PageKind::kWide) {
            ++wide_pages;
        } else {
            ++list_pages;
            rows += page_tail(page)->count;
            if (page_tail(page)->list < meta.lists) of_list[page_tail(page)->list] += page_tail(page)->count;
        }
        UnlockReleaseBuffer(buffer);
    }
    double squares = 0;
    for (std::uint32_t i = 0; i < meta.lists; ++i) squares += of_list[i] * of_list[i];
    auto all = static_cast<double>(rows);
    double imbalance = rows == 0 ? 1.0 : squares * meta.lists / (all * all);
    std::int64_t bytes = static_cast<std::int64_t>(blocks) * BLCKSZ;

    Datum values[kStatsColumns] = {};
    bool nulls[kStatsColumns];
    std::fill(nulls, nulls + kStatsColumns, true);
    auto set = [&](StatsColumn column, Datum value) {
        values[column] = value;
        nulls[column] = false;
    };
    set(kStatsStorage, CStringGetTextDatum(meta.storage == Storage::kQuantized ? "quantized" : "plain"));
    set(kStatsDimensions, Int32GetDatum(static_cast<int32>(meta.dimensions)));
    set(kStatsRows, Int64GetDatum(rows));
    set(kStatsPages, Int64GetDatum(blocks));
    set(kStatsPayloadPages, Int64GetDatum(wide_pages));
    set(kStatsUnusedPages, Int64GetDatum(unused_pages));
    set(kStatsBytes, Int64GetDatum(bytes));
    set(kStatsBytesPerRow, Float8GetDatum(rows == 0 ? 0.0 : static_cast<double>(bytes) / all));
    set(kStatsLists, Int32GetDatum(static_cast<int32>(meta.lists)));
    set(kStatsListPages, Int64GetDatum(list_pages));
    set(kStatsImbalance, Float8GetDatum(imbalance));
    return heap_form_tuple(descriptor, values, nulls);
}

namespace {

class Check {
 public:
    Check(Relation heap, Relation index, const MetaPage& meta, ReturnSetInfo* result, ContextMemory* memory)
        : heap_(heap),
          index_(index),
          meta_(meta),
          layout_(meta),
          codes_(layout_.codes()),
          opclass_(operator_class(index)),
          fault(result),
          blocks_(RelationGetNumberOfBlocks(index)),
          met_(blocks_, false, memory),
          rows_(memory) {}

    void run() {
        if (layout_.first_list_block() > blocks_) return fault(kMetaBlock, 0, "pages are missing at the end");
        for (BlockNumber block = kFirstCentroidBlock; block < layout_.first_list_block(); ++block)
            check_fixed_page(block);
        for (ListId list = 0; list < meta_.lists; ++list) check_list(list);
        for (BlockNumber block = layout_.first_list_block(); block < blocks_; ++block) check_met(block);
    }

    // Whether every visible row of the table is in the index with its value.
    void check_heap(Snapshot snapshot) {
        for_each_visible_row(heap_, index_, snapshot, [this](ItemPointer row, Datum value) { check_row(row, value); });
    }

 private:
    // Where a row's entry is.
    struct Place {
        BlockNumber block;
        std::uint16_t position;
    };

    void check_fixed_page(BlockNumber block) {
        CHECK_FOR_INTERRUPTS();
        Buffer buffer = ReadBuffer(index_, block);
        LockBuffer(buffer, BUFFER_LOCK_SHARE);
        Page page = BufferGetPage(buffer);
        PageKind kind = block < layout_.first_directory_block() ? PageKind::kCentroids : PageKind::kDirectory;
        std::uint32_t per_page =
            kind == PageKind::kCentroids ? layout_.centroids_per_page() : IndexLayout::kListsPerPage;
        BlockNumber first = kind == PageKind::kCentroids ? kFirstCentroidBlock : layout_.first_directory_block();
        std::uint32_t all = kind == PageKind::kCentroids ? layout_.centroid_rows() : meta_.lists;
        std::uint32_t pages = kind == PageKind::kCentroids ? layout_.pages_per_centroid() : 1;
        std::uint32_t count = std::min(per_page, all - (block - first) / pages * per_page);
        if (is_free(page) || page_tail(page)->kind != kind)
            fault(block, 0, "page is of another kind than its place asks for");
        else if (page_tail(page)->count != count)
            fault(block, 0, "page counts %d lists, not %u", page_tail(page)->count, count);
        UnlockReleaseBuffer(buffer);
    }

    // Follows the chain under the locks of a scan, so that inserts may go on.
    void check_list(ListId list) {
        CHECK_FOR_INTERRUPTS();
        // Read before the chain: what comes after it may be in the chain already, but never the other way round.
        ListEntry entry = read_list_entry(index_, layout_, list);
        bool append_met = false;
        for (BlockNumber block = entry.first; block != InvalidBlockNumber;) {
            if (block < layout_.first_list_block() || block >= RelationGetNumberOfBlocks(index_))
                return fault(layout_.directory_block(list), list % IndexLayout::kListsPerPage,
                             "chain of list %u leads to block %u, where no list can be", list, block);
            if (block < blocks_ && met_[block])
                return fault(block, 0, "page is met a second time in the chain of list %u", list);
            if (block < blocks_) met_[block] = true;
            append_met |= block == entry.append;
            Buffer buffer = ReadBuffer(index_, block);
            LockBuffer(buffer, BUFFER_LOCK_SHARE);
            Page page = BufferGetPage(buffer);
            bool sound = check_list_page(list, block, page);
            block = sound ? page_tail(page)->next : InvalidBlockNumber;
            UnlockReleaseBuffer(buffer);
            if (!sound) return;
        }
        if (!append_met)
            fault(layout_.directory_block(list), list % IndexLayout::kListsPerPage,
                  "inserts into list %u begin at block %u, which is not in its chain", list, entry.append);
    }

    bool check_list_page(ListId list, BlockNumber block, Page page) {
        if (is_free(page) || page_tail(page)->kind != PageKind::kList) {
            fault(block, 0, "page in the chain of list %u is not one of a list", list);
            return false;
        }
        if (page_tail(page)->list != list) {
            fault(block, 0, "page in the chain of list %u says that it belongs to list %u", list,
                  page_tail(page)->list);
            return false;
        }
        std::uint32_t count = page_tail(page)->count;
        if (count > layout_.entries_per_page()) {
            fault(block, 0, "page counts %u entries, but has room for %u", count, layout_.entries_per_page());
            return false;
        }
        if (layout_.quantized()) {
            check_codes(list, block, page);
            return true;
        }
        auto* header = reinterpret_cast<PageHeader>(page);
        if (header->pd_lower < kPageStart + count * layout_.payload_size() ||
            header->pd_upper > kPageEnd - count * sizeof(ItemPointerData))
            fault(block, 0, "entries reach into the hole of the page");
        for (std::uint32_t i = 0; i < count; ++i) {
            ItemPointer row = IndexLayout::row(page, i);
            if (!ItemPointerIsValid(row))
                fault(block, i, "entry has no row");
            else
                add_row(block, i, row);
        }
        return true;
    }

    void add_row(BlockNumber block, std::uint32_t position, ItemPointer row) {
        if (!rows_.emplace(encode_row(row), Place{block, static_cast<std::uint16_t>(position)}).second)
            fault(block, position, "has row (%u,%u), which another entry has as well", ItemPointerGetBlockNumber(row),
                  ItemPointerGetOffsetNumber(row));
    }

    // An entry's code and its wide code must be there both, or neither.
    void check_codes(ListId list, BlockNumber block, Page page) {
        for (std::uint32_t m = 0; m < layout_.more_pages(); ++m)
            check_more(list, block, layout_.more_page_numbers(page)[m]);
        std::uint32_t found = 0;
        const std::uint32_t per_page = layout_.wide_per_page();
        for (std::uint32_t w = 0; w < layout_.wide_pages(); ++w) {
            BlockNumber number = IndexLayout::wide_page_numbers(page)[w];
            Page wide_page = nullptr;
            Buffer buffer = InvalidBuffer;
            if (number != InvalidBlockNumber) {
                if (number < layout_.first_list_block() || number >= RelationGetNumberOfBlocks(index_)) {
                    fault(block, w * per_page, "wide codes are on block %u, where none can be", number);
                    continue;
                }
                if (number < blocks_ && met_[number]) fault(number, 0, "page of wide codes is used twice");
                if (number < blocks_) met_[number] = true;
                buffer = ReadBuffer(index_, number);
                LockBuffer(buffer, BUFFER_LOCK_SHARE);
                wide_page = BufferGetPage(buffer);
                if (is_free(wide_page) || page_tail(wide_page)->kind != PageKind::kWide ||
                    page_tail(wide_page)->list != list || page_tail(wide_page)->next != block) {
                    fault(number, 0, "page is not one of wide codes of list %u", list);
                    wide_page = nullptr;
                }
            }
            std::uint32_t end = std::min((w + 1) * per_page, layout_.entries_per_page());
            for (std::uint32_t slot = w * per_page; slot < end; ++slot) {
                bool coded = !codes_.empty(layout_.block(page, static_cast<std::uint32_t>(slot / ListCodes::kBlock)),
                                           slot % ListCodes::kBlock);
                found += coded ? 1 : 0;
                ItemPointer row =
                    wide_page == nullptr ? nullptr : &layout_.wide_slot(wide_page, slot - w * per_page)->row;
                if (coded != (row != nullptr && ItemPointerIsValid(row)))
                    fault(block, slot, "entry has one of its codes without the other");
                else if (coded)
                    add_row(block, slot, row);
            }
            if (buffer != InvalidBuffer) UnlockReleaseBuffer(buffer);
        }
        if (found != page_tail(page)->count)
            fault(block, 0, "page counts %d entries, but has %u", page_tail(page)->count, found);
    }

    void check_more(ListId list, BlockNumber block, BlockNumber number) {
        if (number < layout_.first_list_block() || number >= RelationGetNumberOfBlocks(index_)) {
            fault(block, 0, "more codes are on block %u, where none can be", number);
            return;
        }
        if (number < blocks_ && met_[number]) fault(number, 0, "page of more codes is used twice");
        if (number < blocks_) met_[number] = true;
        Buffer buffer = ReadBuffer(index_, number);
        LockBuffer(buffer, BUFFER_LOCK_SHARE);
        Page page = BufferGetPage(buffer);
        if (is_free(page) || page_tail(page)->kind != PageKind::kMore || page_tail(page)->list != list ||
            page_tail(page)->next != block)
            fault(number, 0, "page is not one of more codes of list %u", list);
        UnlockReleaseBuffer(buffer);
    }

    void check_met(BlockNumber block) {
        if (met_[block]) return;
        Buffer buffer = ReadBuffer(index_, block);
        LockBuffer(buffer, BUFFER_LOCK_SHARE);
        Page page = BufferGetPage(buffer);
        // A free page may have joined a list since that was looked at.
        bool lost = !is_free(page) && page_tail(page)->kind == PageKind::kList && page_tail(page)->count > 0;
        bool strange = !is_free(page) && page_tail(page)->kind != PageKind::kList &&
                       !(layout_.quantized() &&
                         (page_tail(page)->kind == PageKind::kWide || page_tail(page)->kind == PageKind::kMore));
        ListId list = lost ? page_tail(page)->list : kNoList;
        UnlockReleaseBuffer(buffer);
        if (strange) fault(block, 0, "page is of no known kind");
        if (lost && !in_chain(list, block)) fault(block, 0, "page of list %u is not in its chain", list);
    }

    bool in_chain(ListId list, BlockNumber wanted) {
        if (list >= meta_.lists) return false;
        BlockNumber left = RelationGetNumberOfBlocks(index_);
        for (BlockNumber block = read_list_entry(index_, layout_, list).first; block != InvalidBlockNumber && left > 0;
             --left) {
            if (block == wanted) return true;
            Buffer buffer = read_page(index_, block, BUFFER_LOCK_SHARE, PageKind::kList);
            block = page_tail(BufferGetPage(buffer))->next;
            UnlockReleaseBuffer(buffer);
        }
        return false;
    }

    void check_row(ItemPointer row, Datum value) {
        const std::byte* payload = encode_value(opclass_, static_cast<int>(meta_.dimensions), value);
        if (payload == nullptr) return;
        auto found = rows_.find(encode_row(row));
        if (found == rows_.end()) {
            // Inserts go on while lists are read; what is in the snapshot was there before.
            fault(kMetaBlock, 0, "row (%u,%u) of the table is not in the index", ItemPointerGetBlockNumber(row),
                  ItemPointerGetOffsetNumber(row));
            return;
        }
        // Codes are not what was given.
        if (layout_.quantized()) return;
        Place place = found->second;
        Buffer buffer = read_page(index_, place.block, BUFFER_LOCK_SHARE, PageKind::kList);
        bool same =
            std::memcmp(layout_.payload(BufferGetPage(buffer), place.position), payload, layout_.payload_size()) == 0;
        UnlockReleaseBuffer(buffer);
        if (!same)
            fault(place.block, place.position, "has row (%u,%u), whose value is another",
                  ItemPointerGetBlockNumber(row), ItemPointerGetOffsetNumber(row));
    }

    Relation heap_;
    Relation index_;
    MetaPage meta_;
    IndexLayout layout_;
    ListCodes codes_;
    const OperatorClass& opclass_;
    FaultReport fault;  // called as a function
    BlockNumber blocks_;
    std::pmr::vector<bool> met_;  // pages in chains
    std::pmr::unordered_map<RowId, Place> rows_;
};

}  // namespace

void check(Relation heap, Relation index, bool heapallindexed, ReturnSetInfo* result) {
    MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "ivfflat check", ALLOCSET_DEFAULT_SIZES);
    MemoryContext caller = MemoryContextSwitchTo(context);
    ContextMemory memory(context);
    // Before the lists are read, so that what it sees is in them.
    Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
    auto* check = make_in<Check>(context, heap, index, read_meta(index), result, &memory);
    check->run();
    if (heapallindexed) {
        // As the table's owner, like CREATE INDEX: functions of the index's expressions are theirs, not the caller's.
        OwnerContext owner(heap);
        check->check_heap(snapshot);
        owner.leave();
    }
    UnregisterSnapshot(snapshot);
    MemoryContextSwitchTo(caller);
    MemoryContextDelete(context);
}

}  // namespace vectorx::pg::ivfflat
