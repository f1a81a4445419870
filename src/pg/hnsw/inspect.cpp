// vectorx_index_stats(): what an index holds. vectorx_check() in check.cpp says whether it is sound.
#include "pg/hnsw/inspect.h"

#include "pg/compat.h"
#include "pg/hnsw/page.h"
#include "pg/inspect/stats.h"

extern "C" {
#include <access/genam.h>
#include <access/htup_details.h>
#include <utils/builtins.h>
}

namespace vectorx::pg::hnsw {
namespace {

struct Counts {
    std::int64_t pages[kSlotKinds] = {};
    std::int64_t unused_pages = 0;
    std::int64_t nodes = 0;
    std::int64_t dying = 0;
    std::int64_t free_nodes = 0;
    std::int64_t rows = 0;
    std::int64_t links = 0;
};

void count_page(const IndexLayout& layout, Page page, Counts* counts) {
    int kind = static_cast<int>(page_tail(page)->kind) - static_cast<int>(page_kind(kNode));
    if (page_tail(page)->magic != PageTail::kTailMagic || kind < 0 || kind >= kSlotKinds) return;
    ++counts->pages[kind];
    const SlotGeometry& geometry = layout.slots(kind);
    std::uint32_t used = std::min<std::uint32_t>(page_tail(page)->used, geometry.per_page);
    for (std::uint32_t i = 0; i < used; ++i) {
        if (kind == kNode) {
            auto* header = slot_at<NodeHeader>(page, geometry, i);
            counts->nodes += header->state == NodeState::kLive;
            counts->dying += header->state == NodeState::kDying;
            counts->free_nodes += header->state == NodeState::kFree;
            if (header->state != NodeState::kLive) continue;
            counts->rows += header->row_count;
            counts->links += links_of(header, layout)->count;
        } else if (kind == kRows) {
            auto* rows = slot_at<RowsSlot>(page, geometry, i);
            if (rows->owner != kNoNode) counts->rows += rows->count;
        }
    }
}

}  // namespace

HeapTuple index_stats(Relation index, TupleDesc descriptor) {
    MetaPage meta = read_meta(index);
    IndexLayout layout = layout_of(index, meta);
    Counts counts;
    BlockNumber blocks = RelationGetNumberOfBlocks(index);
    BufferAccessStrategy strategy = GetAccessStrategy(BAS_BULKREAD);
    for (BlockNumber block = kMetaBlock + 1; block < blocks; ++block) {
        CHECK_FOR_INTERRUPTS();
        Buffer buffer = ReadBufferExtended(index, MAIN_FORKNUM, block, RBM_NORMAL, strategy);
        LockBuffer(buffer, BUFFER_LOCK_SHARE);
        if (PageIsNew(BufferGetPage(buffer)))
            ++counts.unused_pages;
        else
            count_page(layout, BufferGetPage(buffer), &counts);
        UnlockReleaseBuffer(buffer);
    }

    std::int64_t payload_pages = 0;
    for (SlotKind kind = kPayload; kind < kSlotKinds; ++kind) payload_pages += counts.pages[kind];
    auto ratio = [](auto part, auto whole) {
        return Float8GetDatum(whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole));
    };
    std::int64_t bytes = static_cast<std::int64_t>(blocks) * BLCKSZ;
    Datum values[kStatsColumns] = {
        CStringGetTextDatum(storage_name(meta.storage)),
        Int32GetDatum(static_cast<int32>(meta.dimensions)),
        Int32GetDatum(meta.m),
        Int32GetDatum(meta.ef_construction),
        Int64GetDatum(counts.nodes),
        Int64GetDatum(counts.dying),
        Int64GetDatum(counts.rows),
        Int32GetDatum(meta.entry_level + 1),
        ratio(counts.links, counts.nodes),
        Int64GetDatum(blocks),
        Int64GetDatum(counts.pages[kNode]),
        Int64GetDatum(counts.pages[kUpper]),
        Int64GetDatum(counts.pages[kRows]),
        Int64GetDatum(payload_pages),
        Int64GetDatum(counts.unused_pages),
        Int64GetDatum(counts.free_nodes),
        ratio(counts.free_nodes, counts.free_nodes + counts.nodes + counts.dying),
        Int64GetDatum(bytes),
        ratio(bytes, counts.rows),
    };
    bool nulls[kStatsColumns] = {};
    nulls[kStatsLists] = nulls[kStatsListPages] = nulls[kStatsImbalance] = true;
    return heap_form_tuple(descriptor, values, nulls);
}

}  // namespace vectorx::pg::hnsw
