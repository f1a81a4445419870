// Index scans: when the first row is asked for, the nearest lists are read and their rows arranged by distance. When
// these are used up and the scan is iterative, the next lists follow.
#include "pg/ivfflat/scan.h"

#include "pg/compat.h"
#include "pg/ivfflat/callbacks.h"
#include "pg/ivfflat/results.h"

extern "C" {
#include <pgstat.h>
#include <utils/snapmgr.h>
}

namespace vectorx::pg::ivfflat {
namespace {

template <typename Codec>
class CodecScan final : public RowScan {
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
            start(query, query_is_null);
        }
        while (!results_.next(row)) {
            if (lists_.batch() == 0) return false;
            read_lists();
        }
        return true;
    }

    void rescan() override { started_ = false; }
    void end() override { results_.clear(); }

 private:
    void start(Datum query, bool query_is_null) {
        MemoryContextReset(query_context_);
        MemoryContext caller = MemoryContextSwitchTo(query_context_);
        // All distances to NULL are NULL, so any order is right.
        int dimensions = static_cast<int>(meta_.dimensions);
        query_ = query_is_null ? encode_zero(opclass_, dimensions) : encode_list_query(opclass_, dimensions, query);
        MemoryContextSwitchTo(caller);
        lists_.start(index_, layout_, meta_.lists, codec_, query_);
        read_lists();
    }

    void read_lists() {
        results_.clear();
        for (std::uint32_t i = lists_.batch(); i > 0; --i) {
            read_list(index_, layout_, lists_.pop(), [this](Page page, Page next) {
                if (next != nullptr) prefetch(next);
                const std::uint32_t count = page_tail(page)->count;
                distances_to_rows(codec_, query_, layout_.payload(page, 0), count, distances_);
                results_.add(distances_, IndexLayout::row(page, 0), count);
            });
            CHECK_FOR_INTERRUPTS();
        }
        results_.arrange();
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
    ListQueue lists_;
    Results results_;
    bool started_ = false;
    float distances_[kPageCapacity / sizeof(ItemPointerData)];
};

RowScan* make_scan(IndexScanDesc scan, MemoryContext context) {
    Relation index = scan->indexRelation;
    MetaPage meta = read_meta(index);
    const OperatorClass& opclass = operator_class(index);
    if (meta.storage == Storage::kQuantized) return make_quantized_scan(scan, meta, opclass, context);
    return with_list_codec(opclass, static_cast<int>(meta.dimensions), [&](const auto& codec) -> RowScan* {
        using Codec = std::decay_t<decltype(codec)>;
        return make_in<CodecScan<Codec>>(context, index, meta, opclass, codec, context);
    });
}

}  // namespace
}  // namespace vectorx::pg::ivfflat

IndexScanDesc ivfflat_begin_scan(Relation index, int key_count, int order_count) {
    return vectorx::pg::guard([=] { return vectorx::pg::begin_row_scan(index, key_count, order_count, "ivfflat"); });
}

void ivfflat_rescan(IndexScanDesc scan, ScanKey keys, int, ScanKey orders, int) {
    vectorx::pg::guard([=] { vectorx::pg::restart_row_scan(scan, keys, orders); });
}

bool ivfflat_get_tuple(IndexScanDesc scan, ScanDirection) {
    return vectorx::pg::guard([=] { return vectorx::pg::next_row(scan, "ivfflat", vectorx::pg::ivfflat::make_scan); });
}

void ivfflat_end_scan(IndexScanDesc scan) {
    vectorx::pg::guard([=] { vectorx::pg::end_row_scan(scan); });
}
