// Index scans: when the first row is asked for, the nearest lists are read and their rows arranged by distance. When
// these are used up and the scan is iterative, the next lists follow.
#include <algorithm>
#include <memory_resource>
#include <vector>

#include "pg/compat.h"
#include "pg/ivfflat/callbacks.h"
#include "pg/ivfflat/lists.h"
#include "pg/ivfflat/options.h"
#include "pg/ivfflat/results.h"

extern "C" {
#include <access/relscan.h>
#include <pgstat.h>
#include <utils/snapmgr.h>
}

namespace vectorx::pg::ivfflat {
namespace {

// A scan, whatever its codec. Lives in its own memory context; its destructor never runs.
class Scan {
 public:
    // The next row; false at the end.
    virtual bool next(Datum query, bool query_is_null, ItemPointer row) = 0;
    virtual void rescan() = 0;
    virtual void end() = 0;

 protected:
    ~Scan() = default;
};

template <typename Codec>
class CodecScan final : public Scan {
 public:
    CodecScan(Relation index, const MetaPage& meta, const OperatorClass& opclass, const Codec& codec,
              MemoryContext context)
        : index_(index),
          meta_(meta),
          layout_(meta),
          opclass_(opclass),
          codec_(codec),
          memory_(context),
          query_context_(AllocSetContextCreate(context, "ivfflat query", ALLOCSET_SMALL_SIZES)),
          lists_(&memory_),
          results_(&memory_, context) {}

    bool next(Datum query, bool query_is_null, ItemPointer row) override {
        if (!started_) {
            started_ = true;
            pgstat_count_index_scan(index_);
            start(query, query_is_null);
        }
        while (!results_.next(row)) {
            if (left_ == 0) return false;
            read_lists();
        }
        return true;
    }

    void rescan() override { started_ = false; }
    void end() override { results_.clear(); }

 private:
    struct List {
        float distance;
        ListId id;

        // The nearest first in a heap.
        friend bool operator<(const List& a, const List& b) {
            return a.distance > b.distance || (a.distance == b.distance && a.id > b.id);
        }
    };

    void start(Datum query, bool query_is_null) {
        MemoryContextReset(query_context_);
        MemoryContext caller = MemoryContextSwitchTo(query_context_);
        // All distances to NULL are NULL, so any order is right.
        int dimensions = static_cast<int>(meta_.dimensions);
        query_ = query_is_null ? encode_zero(opclass_, dimensions) : encode_query(opclass_, dimensions, query);
        MemoryContextSwitchTo(caller);
        auto lists = static_cast<std::uint32_t>(meta_.lists);
        probes_ = std::min(static_cast<std::uint32_t>(probes), lists);
        auto most = static_cast<std::uint32_t>(iterative_scan == kIterativeOff ? probes : std::max(probes, max_probes));
        left_ = std::min(most, lists);
        lists_.clear();
        lists_.reserve(lists);
        visit_centroids(index_, layout_, lists, codec_, query_, [&](ListId list, float distance) {
            lists_.push_back({distance, list});
        });
        std::make_heap(lists_.begin(), lists_.end());
        results_.clear();
        read_lists();
    }

    void read_lists() {
        results_.clear();
        for (std::uint32_t i = std::min(probes_, left_); i > 0; --i) {
            std::pop_heap(lists_.begin(), lists_.end());
            read_list(lists_.back().id);
            lists_.pop_back();
            --left_;
            CHECK_FOR_INTERRUPTS();
        }
        results_.arrange();
    }

    // A page is locked before the one ahead of it is given up: so no page can be taken out of the chain and used for
    // another list between reading where it is and reading it.
    void read_list(ListId list) {
        Buffer buffer =
            read_page(index_, read_list_entry(index_, layout_, list).first, BUFFER_LOCK_SHARE, PageKind::kList);
        for (;;) {
            Page page = BufferGetPage(buffer);
            const PageTail* tail = page_tail(page);
            const std::uint32_t count = tail->count;
            if (tail->list != list || count > layout_.entries_per_page())
                report_unexpected_page(index_, BufferGetBlockNumber(buffer));
            const BlockNumber next = tail->next;
            Buffer following = InvalidBuffer;
            if (next != InvalidBlockNumber) {
                following = ReadBuffer(index_, next);
                prefetch(BufferGetPage(following));
            }
            distances_to_rows(codec_, query_, layout_.payload(page, 0), count, distances_);
            results_.add(distances_, IndexLayout::row(page, 0), count);
            if (following == InvalidBuffer) break;
            lock_page(index_, following, BUFFER_LOCK_SHARE, PageKind::kList);
            UnlockReleaseBuffer(buffer);
            buffer = following;
            // The query is over, so it does not matter that the lock goes first.
            if (QueryCancelPending || ProcDiePending) {
                UnlockReleaseBuffer(buffer);
                CHECK_FOR_INTERRUPTS();
                elog(ERROR, "ivfflat scan went on after it was cancelled");
            }
        }
        UnlockReleaseBuffer(buffer);
    }

    // Starts to load the page that is read next: enough of it for the hardware to go on by itself.
    void prefetch(Page page) const {
        const std::byte* start = layout_.payload(page, 0);
        for (std::size_t line = 0; line < 1024; line += 64) __builtin_prefetch(start + line);
    }

    Relation index_;
    MetaPage meta_;
    IndexLayout layout_;
    const OperatorClass& opclass_;
    Codec codec_;
    ContextMemory memory_;
    MemoryContext query_context_;
    const std::byte* query_ = nullptr;
    std::pmr::vector<List> lists_;  // not read yet, as a heap
    Results results_;
    bool started_ = false;
    std::uint32_t probes_ = 0;  // lists that are read together
    std::uint32_t left_ = 0;    // lists that may still be read
    float distances_[kPageCapacity / sizeof(ItemPointerData)];
};

struct ScanState {
    MemoryContext context;
    Scan* scan;
};

IndexScanDesc begin_scan(Relation index, int key_count, int order_count) {
    IndexScanDesc scan = RelationGetIndexScan(index, key_count, order_count);
    auto* state = static_cast<ScanState*>(palloc0(sizeof(ScanState)));
    state->context = AllocSetContextCreate(CurrentMemoryContext, "ivfflat scan", ALLOCSET_DEFAULT_SIZES);
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
    return with_list_codec(opclass, static_cast<int>(meta.dimensions), [&](const auto& codec) -> Scan* {
        using Codec = std::decay_t<decltype(codec)>;
        return make_in<CodecScan<Codec>>(context, index, meta, opclass, codec, context);
    });
}

bool get_tuple(IndexScanDesc scan) {
    auto* state = static_cast<ScanState*>(scan->opaque);
    if (scan->orderByData == nullptr) elog(ERROR, "cannot scan ivfflat index without order");
    if (!IsMVCCSnapshot(scan->xs_snapshot)) elog(ERROR, "non-MVCC snapshots are not supported with ivfflat");
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
    // Files on disk are not memory of the context.
    if (state->scan != nullptr) state->scan->end();
    MemoryContextDelete(state->context);
    pfree(state);
    scan->opaque = nullptr;
}

}  // namespace
}  // namespace vectorx::pg::ivfflat

IndexScanDesc ivfflat_begin_scan(Relation index, int key_count, int order_count) {
    return vectorx::pg::guard([=] { return vectorx::pg::ivfflat::begin_scan(index, key_count, order_count); });
}

void ivfflat_rescan(IndexScanDesc scan, ScanKey keys, int, ScanKey orders, int) {
    vectorx::pg::guard([=] { vectorx::pg::ivfflat::rescan(scan, keys, orders); });
}

bool ivfflat_get_tuple(IndexScanDesc scan, ScanDirection) {
    return vectorx::pg::guard([=] { return vectorx::pg::ivfflat::get_tuple(scan); });
}

void ivfflat_end_scan(IndexScanDesc scan) {
    vectorx::pg::guard([=] { vectorx::pg::ivfflat::end_scan(scan); });
}
