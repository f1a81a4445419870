// Index scans: a search when the first row is asked for, then the rows of its results, nearest first. When these are
// used up and the scan is iterative, the search goes on from the nodes that it has met and discarded.
#include <algorithm>
#include <cmath>
#include <deque>
#include <limits>

#include "pg/hnsw/callbacks.h"

extern "C" {
#include <access/relscan.h>
#include <pgstat.h>
#include <utils/snapmgr.h>
}

#include "core/graph/search.h"
#include "pg/hnsw/codec.h"
#include "pg/hnsw/options.h"
#include "pg/hnsw/page_store.h"
#include "pg/index/exact_distance.h"
#include "pg/index/scan.h"
#include "pg/race_point.h"

namespace vectorx::pg::hnsw {
namespace {

// What a scan has found of an index whose distances are estimates, but not returned yet.
struct BoundedResult {
    double bound;  // the distance is hardly less
    Candidate result;

    friend bool operator<(const BoundedResult& a, const BoundedResult& b) { return a.bound < b.bound; }
};
// Reading the rows of a node, a part at a time: there can be thousands, and rarely are all wanted.
struct RowChain {
    explicit RowChain(std::pmr::memory_resource* memory) : read_slots(1, memory) {}

    Candidate result{0, kNoNode};
    SlotId next_slot = kNoSlot;  // of further rows, to be read next
    VisitedSet read_slots;
    std::size_t slots_read = 0;  // how many these are
    std::size_t detours = 0;     // slots met that were not to be read
};

struct FoundRow {
    double distance;
    bool exact;       // or that of another row of the same node, which has the same vector
    RowChain* chain;  // instead of a row, those of a node that have not been read yet
    ItemPointerData row;

    friend bool operator>(const FoundRow& a, const FoundRow& b) { return a.distance > b.distance; }
};

template <typename Codec>
class CodecScan final : public RowScan {
 public:
    CodecScan(IndexScanDesc scan, const MetaPage& meta, const OperatorClass& opclass, const Codec& codec,
              MemoryContext context)
        : memory_(context),
          store_(scan->indexRelation, meta, codec, Logging::kEachChange, &memory_),
          opclass_(opclass),
          meta_(meta),
          scratch_(store_.options(), ef_search, &memory_),
          query_context_(AllocSetContextCreate(context, "hnsw query", ALLOCSET_SMALL_SIZES)),
          rows_(&memory_),
          chain_(&memory_),
          bounded_(&memory_),
          found_(&memory_),
          chains_(&memory_) {
        if constexpr (!kExact) exact_distance_ = make_in<ExactDistance>(context, scan, context);
    }

    bool next(Datum query, bool query_is_null, ItemPointer row) override {
        if (!searched_) {
            searched_ = true;
            search(query, query_is_null);
        }
        // All distances to NULL are NULL, so any order is right.
        if (!kExact && !query_is_null) return next_by_exact_distance(row);
        while (next_row_ == rows_.size()) {
            if (chain_.next_slot != kNoSlot) {
                read_slot(chain_);
                continue;
            }
            if (next_result_ == scratch_.results.size()) {
                if (!find_more()) return false;
                continue;
            }
            const Candidate& result = scratch_.results[next_result_++];
            if (iterative_ == kIterativeStrict && result.distance < last_distance_) continue;
            last_distance_ = result.distance;
            read_node(result, chain_);
        }
        *row = rows_[next_row_++];
        return true;
    }

    void rescan() override { searched_ = false; }

    void end() override {
        if (exact_distance_ != nullptr) exact_distance_->close();
    }

 private:
    static constexpr bool kExact = Codec::kQueryIsPayload;

    // How often a chain of rows can be gone through again before it is taken for damaged.
    static constexpr std::size_t kMaxDetours = 100;

    void search(Datum query, bool query_is_null) {
        rows_.clear();
        next_row_ = next_result_ = next_bounded_ = 0;
        chain_.next_slot = kNoSlot;
        bounded_.clear();
        found_.clear();
        chains_.clear();
        error_bound_ = 0;
        last_exact_distance_ = -std::numeric_limits<double>::infinity();
        scratch_.clear();
        iterative_ = iterative_scan;
        scratch_.keep_discarded = iterative_ != kIterativeOff;
        last_distance_ = -std::numeric_limits<float>::infinity();
        store_.set_entry_point(read_meta(store_.index()).entry_point());
        if (store_.entry_point().node == kNoNode) return;
        MemoryContextReset(query_context_);
        MemoryContext caller = MemoryContextSwitchTo(query_context_);
        query_ = query_of_value(opclass_, meta_, store_.codec(), query, query_is_null);
        MemoryContextSwitchTo(caller);
        search_graph(store_, query_, static_cast<std::size_t>(ef_search), scratch_);
        race_point("scan_searched");
        bound_results();
    }

    // The next results of an iterative scan. Once it has done or taken as much as the settings allow, those are what it
    // has met so far, one by one.
    bool find_more() {
        if (iterative_ == kIterativeOff || scratch_.discarded.empty()) return false;
        next_result_ = 0;
        double memory = static_cast<double>(work_mem) * 1024.0 * scan_mem_multiplier;
        // What is full takes twice the room next.
        bool limited = scratch_.evaluated >= static_cast<std::size_t>(max_scan_tuples) ||
                       2.0 * static_cast<double>(scratch_.memory_used()) > memory;
        if (limited) {
            scratch_.results.assign(1, pop_nearest(scratch_.discarded));
        } else if (!resume_search(store_, query_, static_cast<std::size_t>(ef_search), scratch_)) {
            return false;
        }
        bound_results();
        return true;
    }

    // Orders the results by the least that their distance can be.
    void bound_results() {
        if constexpr (!kExact) {
            bounded_.clear();
            next_bounded_ = 0;
            constexpr std::size_t kBatch = 64;
            NodeId nodes[kBatch];
            float bounds[kBatch];
            const auto& results = scratch_.results;
            for (std::size_t begin = 0; begin < results.size(); begin += kBatch) {
                std::size_t count = std::min(kBatch, results.size() - begin);
                for (std::size_t i = 0; i < count; ++i) nodes[i] = results[begin + i].node;
                store_.error_bounds(query_, nodes, static_cast<int>(count), bounds);
                for (std::size_t i = 0; i < count; ++i) {
                    bounded_.push_back({least_distance(results[begin + i], bounds[i]), results[begin + i]});
                    error_bound_ = std::max(error_bound_, bounds[i]);
                }
            }
            std::sort(bounded_.begin(), bounded_.end());
        }
    }

    // The least that the operator's distance can be.
    double least_distance(const Candidate& result, float error_bound) const {
        double bound = double{result.distance} - double{error_bound};
        if (std::isnan(bound)) return -std::numeric_limits<double>::infinity();
        // The operator's distance is the root of what the codec estimates.
        return opclass_.metric != Metric::kL2 ? bound : bound > 0 ? std::sqrt(bound) : 0;
    }

    // Whether what an iterative scan would find next could be nearer than the nearest row found so far, if that
    // matters.
    bool may_find_nearer() const {
        return iterative_ == kIterativeStrict && !scratch_.discarded.empty() &&
               least_distance(scratch_.discarded.front(), error_bound_) < found_.front().distance;
    }

    // Results are looked up in the table only while the next one could be nearer than the nearest row found so far.
    bool next_by_exact_distance(ItemPointer row) {
        for (;;) {
            while (next_bounded_ < bounded_.size() &&
                   (found_.empty() || bounded_[next_bounded_].bound <= found_.front().distance))
                find_rows(bounded_[next_bounded_++].result);
            if (found_.empty() || (next_bounded_ == bounded_.size() && may_find_nearer())) {
                next_result_ = scratch_.results.size();
                if (find_more()) continue;
                if (found_.empty()) return false;
            }
            std::pop_heap(found_.begin(), found_.end(), std::greater<>());
            FoundRow nearest = found_.back();
            found_.pop_back();
            if (nearest.chain != nullptr) {
                read_slot(*nearest.chain);
                push_rows(*nearest.chain, nearest.distance);
                continue;
            }
            if (!nearest.exact) {
                double distance;
                if (!exact_distance_->of(&nearest.row, &distance)) continue;
                if (distance > nearest.distance) {
                    push({distance, true, nullptr, nearest.row});
                    continue;
                }
                // Nearer it is by rounding alone, as vectors of one direction can be that differ in length; then it
                // does not come too late.
            }
            // Rows are promised in order. One whose bound failed comes too late, like one that a search has not met.
            if (nearest.distance < last_exact_distance_ && iterative_ != kIterativeRelaxed) continue;
            last_exact_distance_ = nearest.distance;
            *row = nearest.row;
            return true;
        }
    }

    // Looks up the rows of a node until one is visible; the others are taken to be as far as that one until they come
    // first.
    void find_rows(const Candidate& result) {
        RowChain* chain = &chain_;
        read_node(result, *chain);
        if (chain->next_slot != kNoSlot) {
            chain = &chains_.emplace_back(&memory_);
            chain->result = result;
            chain->next_slot = chain_.next_slot;
        }
        for (;;) {
            for (; next_row_ < rows_.size(); ++next_row_) {
                double distance;
                if (!exact_distance_->of(&rows_[next_row_], &distance)) continue;
                push({distance, true, nullptr, rows_[next_row_++]});
                push_rows(*chain, distance);
                return;
            }
            if (chain->next_slot == kNoSlot) return;
            read_slot(*chain);
        }
    }

    // The rows that have been read of a node, and that there are more.
    void push_rows(RowChain& chain, double distance) {
        for (; next_row_ < rows_.size(); ++next_row_) push({distance, false, nullptr, rows_[next_row_]});
        if (chain.next_slot != kNoSlot) push({distance, false, &chain, {}});
    }

    void push(const FoundRow& row) {
        found_.push_back(row);
        std::push_heap(found_.begin(), found_.end(), std::greater<>());
    }

    // Reads the rows in the node of the current result, and where its chain of further ones begins. Between the search
    // and now, vacuum may have freed the node and an insert taken its slot for another vector; then the distance is
    // another one, and the rows are not what was found.
    void read_node(const Candidate& result, RowChain& chain) {
        rows_.clear();
        next_row_ = 0;
        chain.result = result;
        chain.next_slot = kNoSlot;
        chain.read_slots.clear();
        chain.slots_read = chain.detours = 0;
        Buffer buffer;
        if (NodeHeader* header = lock_result(result, &buffer)) {
            append(header->rows, std::min<int>(header->row_count, kInlineRows));
            chain.next_slot = header->more_rows;
        }
        UnlockReleaseBuffer(buffer);
    }

    // Locks the node of a result; nullptr if that is no longer what was found.
    NodeHeader* lock_result(const Candidate& result, Buffer* buffer) {
        NodeHeader* header = store_.lock_header(result.node, BUFFER_LOCK_SHARE, buffer);
        bool found = header->state == NodeState::kLive && store_.distance_to(query_, header) == result.distance;
        return found ? header : nullptr;
    }

    // Reads the next slot of a chain. No lock is kept from one to the next, so a slot may have left the chain, been
    // freed and been taken again since the one before it was read. README.md says why no row that can be seen is lost
    // that way, and none is met twice.
    void read_slot(RowChain& chain) {
        CHECK_FOR_INTERRUPTS();
        race_point("scan_next_slot");
        rows_.clear();
        next_row_ = 0;
        SlotId slot = chain.next_slot;
        const SlotGeometry& geometry = store_.layout().slots(kRows);
        Buffer buffer = read_page(store_.index(), geometry.block_of(slot), BUFFER_LOCK_SHARE, page_kind(kRows));
        auto* rows = slot_in<RowsSlot>(BufferGetPage(buffer), geometry, slot);
        bool ours = rows->owner == chain.result.node;
        bool anew = ours && chain.read_slots.insert(slot);
        if (anew) append(rows->rows, std::min<int>(rows->count, kRowsPerSlot));
        if (ours) chain.next_slot = rows->next;
        UnlockReleaseBuffer(buffer);
        if (anew) {
            ++chain.slots_read;
            return;
        }
        if (++chain.detours > kMaxDetours * (chain.slots_read + 1)) report_broken_chain();
        if (!ours) {
            NodeHeader* header = lock_result(chain.result, &buffer);
            chain.next_slot = header != nullptr ? header->more_rows : kNoSlot;
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
    const MetaPage meta_;
    SearchScratch scratch_;
    MemoryContext query_context_;
    const std::byte* query_ = nullptr;
    bool searched_ = false;
    int iterative_ = kIterativeOff;           // as it was set when the scan began
    float last_distance_ = 0;                 // of the last result
    std::size_t next_result_ = 0;             // in scratch_.results
    std::pmr::vector<ItemPointerData> rows_;  // of the current result, as far as they have been read
    std::size_t next_row_ = 0;
    RowChain chain_;

    // Where distances are estimates.
    ExactDistance* exact_distance_ = nullptr;
    std::pmr::vector<BoundedResult> bounded_;  // of the present results, sorted
    std::size_t next_bounded_ = 0;
    float error_bound_ = 0;             // the largest of the search
    std::pmr::vector<FoundRow> found_;  // min-heap
    std::pmr::deque<RowChain> chains_;  // of those in found_
    double last_exact_distance_ = 0;    // of the last row returned
};

RowScan* make_scan(IndexScanDesc scan, MemoryContext context) {
    MetaPage meta = read_meta(scan->indexRelation);
    const OperatorClass& opclass = operator_class(scan->indexRelation);
    return with_index_codec(scan->indexRelation, meta, [&](const auto& codec) -> RowScan* {
        using Codec = std::decay_t<decltype(codec)>;
        return make_in<CodecScan<Codec>>(context, scan, meta, opclass, codec, context);
    });
}

}  // namespace
}  // namespace vectorx::pg::hnsw

IndexScanDesc hnsw_begin_scan(Relation index, int key_count, int order_count) {
    return vectorx::pg::guard([=] { return vectorx::pg::begin_row_scan(index, key_count, order_count, "hnsw"); });
}

void hnsw_rescan(IndexScanDesc scan, ScanKey keys, int, ScanKey orders, int) {
    vectorx::pg::guard([=] { vectorx::pg::restart_row_scan(scan, keys, orders); });
}

bool hnsw_get_tuple(IndexScanDesc scan, ScanDirection) {
    return vectorx::pg::guard([=] { return vectorx::pg::next_row(scan, "hnsw", vectorx::pg::hnsw::make_scan); });
}

void hnsw_end_scan(IndexScanDesc scan) {
    vectorx::pg::guard([=] { vectorx::pg::end_row_scan(scan); });
}
