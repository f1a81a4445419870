// Index scans: a search when the first row is asked for, then the rows of its results, nearest first. When these are
// used up and the scan is iterative, the search goes on from the nodes that it has met and discarded.
#include <algorithm>
#include <limits>

#include "pg/hnsw/callbacks.h"

extern "C" {
#include <access/relscan.h>
#include <pgstat.h>
#include <utils/snapmgr.h>
}

#include "core/graph/search.h"
#include "pg/hnsw/indexed_type.h"
#include "pg/hnsw/options.h"
#include "pg/hnsw/page_store.h"
#include "pg/race_point.h"

namespace vectorx::pg::hnsw {
namespace {

// A scan, whatever its codec. Lives in its own memory context; its destructor never runs.
class Scan {
 public:
    // The next row; false at the end.
    virtual bool next(Datum query, bool query_is_null, ItemPointer row) = 0;
    virtual void rescan() = 0;

 protected:
    ~Scan() = default;
};

template <typename Codec>
class CodecScan final : public Scan {
 public:
    CodecScan(Relation index, const MetaPage& meta, const OperatorClass& opclass, const Codec& codec,
              MemoryContext context)
        : memory_(context),
          store_(index, meta, codec, Logging::kEachChange, &memory_),
          opclass_(opclass),
          dimensions_(static_cast<int>(meta.dimensions)),
          scratch_(store_.options(), ef_search, &memory_),
          query_context_(AllocSetContextCreate(context, "hnsw query", ALLOCSET_SMALL_SIZES)),
          rows_(&memory_),
          read_slots_(1, &memory_) {}

    bool next(Datum query, bool query_is_null, ItemPointer row) override {
        if (!searched_) {
            searched_ = true;
            pgstat_count_index_scan(store_.index());
            search(query, query_is_null);
        }
        while (next_row_ == rows_.size()) {
            if (next_slot_ != kNoSlot) {
                read_slot();
                continue;
            }
            if (next_result_ == scratch_.results.size()) {
                if (!find_more()) return false;
                continue;
            }
            result_ = scratch_.results[next_result_++];
            if (iterative_ == kIterativeStrict && result_.distance < last_distance_) continue;
            last_distance_ = result_.distance;
            read_node();
        }
        *row = rows_[next_row_++];
        return true;
    }

    void rescan() override { searched_ = false; }

 private:
    // How often a chain of rows can be gone through again before it is taken for damaged.
    static constexpr std::size_t kMaxDetours = 100;

    void search(Datum query, bool query_is_null) {
        rows_.clear();
        next_row_ = next_result_ = 0;
        next_slot_ = kNoSlot;
        scratch_.clear();
        iterative_ = iterative_scan;
        scratch_.keep_discarded = iterative_ != kIterativeOff;
        last_distance_ = -std::numeric_limits<float>::infinity();
        store_.set_entry_point(read_meta(store_.index()).entry_point());
        if (store_.entry_point().node == kNoNode) return;
        MemoryContextReset(query_context_);
        MemoryContext caller = MemoryContextSwitchTo(query_context_);
        // All distances to NULL are NULL, so any order is right.
        query_ = query_is_null ? encode_zero(opclass_, dimensions_) : encode_query(opclass_, dimensions_, query);
        MemoryContextSwitchTo(caller);
        search_graph(store_, query_, static_cast<std::size_t>(ef_search), scratch_);
        race_point("scan_searched");
    }

    // The next results of an iterative scan. Once it has done or taken as much as the settings allow, those are what it
    // has met so far, one by one.
    bool find_more() {
        if (iterative_ == kIterativeOff || scratch_.discarded.empty()) return false;
        next_result_ = 0;
        double memory = static_cast<double>(work_mem) * 1024.0 * scan_mem_multiplier;
        bool limited = scratch_.evaluated >= static_cast<std::size_t>(max_scan_tuples) ||
                       static_cast<double>(scratch_.memory_used()) > memory;
        if (limited) {
            scratch_.results.assign(1, pop_nearest(scratch_.discarded));
            return true;
        }
        return resume_search(store_, query_, static_cast<std::size_t>(ef_search), scratch_);
    }

    // Reads the rows in the node of the current result, and where its chain of further ones begins. Between the search
    // and now, vacuum may have freed the node and an insert taken its slot for another vector; then the distance is
    // another one, and the rows are not what was found.
    void read_node() {
        rows_.clear();
        next_row_ = 0;
        next_slot_ = kNoSlot;
        read_slots_.clear();
        slots_read_ = detours_ = 0;
        Buffer buffer;
        if (NodeHeader* header = lock_result(&buffer)) {
            append(header->rows, std::min<int>(header->row_count, kInlineRows));
            next_slot_ = header->more_rows;
        }
        UnlockReleaseBuffer(buffer);
    }

    // Locks the node of the current result; nullptr if that is no longer what was found.
    NodeHeader* lock_result(Buffer* buffer) {
        NodeHeader* header = store_.lock_header(result_.node, BUFFER_LOCK_SHARE, buffer);
        bool found = header->state == NodeState::kLive && store_.distance_to(query_, header) == result_.distance;
        return found ? header : nullptr;
    }

    // Reads the next slot of the chain; there can be thousands, and rarely are all wanted. No lock is kept from one to
    // the next, so a slot may have left the chain, been freed and been taken again since the one before it was read.
    // README.md says why no row that can be seen is lost that way, and none is met twice.
    void read_slot() {
        CHECK_FOR_INTERRUPTS();
        race_point("scan_next_slot");
        rows_.clear();
        next_row_ = 0;
        SlotId slot = next_slot_;
        const SlotGeometry& geometry = store_.layout().slots(kRows);
        Buffer buffer = read_page(store_.index(), geometry.block_of(slot), BUFFER_LOCK_SHARE, page_kind(kRows));
        auto* rows = slot_in<RowsSlot>(BufferGetPage(buffer), geometry, slot);
        bool ours = rows->owner == result_.node;
        bool anew = ours && read_slots_.insert(slot);
        if (anew) append(rows->rows, std::min<int>(rows->count, kRowsPerSlot));
        if (ours) next_slot_ = rows->next;
        UnlockReleaseBuffer(buffer);
        if (anew) {
            ++slots_read_;
            return;
        }
        if (++detours_ > kMaxDetours * (slots_read_ + 1)) report_broken_chain();
        if (!ours) {
            NodeHeader* header = lock_result(&buffer);
            next_slot_ = header != nullptr ? header->more_rows : kNoSlot;
            UnlockReleaseBuffer(buffer);
        }
    }

    [[noreturn]] void report_broken_chain() {
        ereport(ERROR, (errcode(ERRCODE_INDEX_CORRUPTED),
                        errmsg("index \"%s\" has a chain of rows that leads to another node",
                               RelationGetRelationName(store_.index())),
                        errhint("REINDEX it.")));
    }

    void append(const ItemPointerData* rows, int count) { rows_.insert(rows_.end(), rows, rows + count); }

    ContextMemory memory_;
    PageStore<Codec> store_;
    const OperatorClass& opclass_;
    int dimensions_;
    SearchScratch scratch_;
    MemoryContext query_context_;
    const std::byte* query_ = nullptr;
    bool searched_ = false;
    int iterative_ = kIterativeOff;  // as it was set when the scan began
    float last_distance_ = 0;        // of the last result
    std::size_t next_result_ = 0;    // in scratch_.results
    Candidate result_{0, kNoNode};
    std::pmr::vector<ItemPointerData> rows_;  // of the current result, as far as they have been read
    std::size_t next_row_ = 0;
    SlotId next_slot_ = kNoSlot;  // of its chain of further rows, to be read next
    VisitedSet read_slots_;       // of that chain
    std::size_t slots_read_ = 0;  // how many these are
    std::size_t detours_ = 0;     // slots met that were not to be read
};

struct ScanState {
    MemoryContext context;
    Scan* scan;
};

IndexScanDesc begin_scan(Relation index, int key_count, int order_count) {
    IndexScanDesc scan = RelationGetIndexScan(index, key_count, order_count);
    auto* state = static_cast<ScanState*>(palloc0(sizeof(ScanState)));
    state->context = AllocSetContextCreate(CurrentMemoryContext, "hnsw scan", ALLOCSET_DEFAULT_SIZES);
    scan->opaque = state;
    return scan;
}

void rescan(IndexScanDesc scan, ScanKey keys, ScanKey orders) {
    auto* state = static_cast<ScanState*>(scan->opaque);
    if (keys != nullptr && scan->numberOfKeys > 0) std::copy(keys, keys + scan->numberOfKeys, scan->keyData);
    if (orders != nullptr && scan->numberOfOrderBys > 0)
        std::copy(orders, orders + scan->numberOfOrderBys, scan->orderByData);
    if (state->scan != nullptr) state->scan->rescan();
}

Scan* make_scan(Relation index, MemoryContext context) {
    MetaPage meta = read_meta(index);
    const OperatorClass& opclass = operator_class(index);
    return with_codec(opclass, static_cast<int>(meta.dimensions), [&](const auto& codec) -> Scan* {
        using Codec = std::decay_t<decltype(codec)>;
        return make_in<CodecScan<Codec>>(context, index, meta, opclass, codec, context);
    });
}

bool get_tuple(IndexScanDesc scan) {
    auto* state = static_cast<ScanState*>(scan->opaque);
    if (scan->orderByData == nullptr) elog(ERROR, "cannot scan hnsw index without order");
    if (!IsMVCCSnapshot(scan->xs_snapshot)) elog(ERROR, "non-MVCC snapshots are not supported with hnsw");
    MemoryContext caller = MemoryContextSwitchTo(state->context);
    if (state->scan == nullptr) state->scan = make_scan(scan->indexRelation, state->context);
    const ScanKeyData& order = scan->orderByData[0];
    bool found = state->scan->next(order.sk_argument, (order.sk_flags & SK_ISNULL) != 0, &scan->xs_heaptid);
    MemoryContextSwitchTo(caller);
    scan->xs_recheck = false;
    scan->xs_recheckorderby = false;
    return found;
}

void end_scan(IndexScanDesc scan) {
    auto* state = static_cast<ScanState*>(scan->opaque);
    MemoryContextDelete(state->context);
    pfree(state);
    scan->opaque = nullptr;
}

}  // namespace
}  // namespace vectorx::pg::hnsw

IndexScanDesc hnsw_begin_scan(Relation index, int key_count, int order_count) {
    return vectorx::pg::guard([=] { return vectorx::pg::hnsw::begin_scan(index, key_count, order_count); });
}

void hnsw_rescan(IndexScanDesc scan, ScanKey keys, int, ScanKey orders, int) {
    vectorx::pg::guard([=] { vectorx::pg::hnsw::rescan(scan, keys, orders); });
}

bool hnsw_get_tuple(IndexScanDesc scan, ScanDirection) {
    return vectorx::pg::guard([=] { return vectorx::pg::hnsw::get_tuple(scan); });
}

void hnsw_end_scan(IndexScanDesc scan) {
    vectorx::pg::guard([=] { vectorx::pg::hnsw::end_scan(scan); });
}
