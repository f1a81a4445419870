// Scans of quantized lists: in the order of exact distances, few of which are computed.
//
// Every entry of the lists that are read gets a lower bound of its distance by its code of one bit a dimension. From
// then on only the entry with the least bound is looked at: first its wide code, which gives a better bound, and then
// the row in the table. A row is returned when its distance is below all bounds that are left.
#include <cmath>
#include <limits>

#include "pg/index/exact_distance.h"
#include "pg/ivfflat/scan.h"

extern "C" {
#include <pgstat.h>
}

namespace vectorx::pg::ivfflat {
namespace {

class QuantizedScan final : public RowScan {
 public:
    QuantizedScan(IndexScanDesc scan, const MetaPage& meta, const OperatorClass& opclass, MemoryContext context)
        : index_(scan->indexRelation),
          meta_(meta),
          layout_(meta),
          opclass_(opclass),
          dim_(meta.dimensions),
          codes_(layout_.codes()),
          codec_(centroid_codec(opclass, dim_)),
          memory_(context),
          query_context_(AllocSetContextCreate(context, "ivfflat query", ALLOCSET_SMALL_SIZES)),
          exact_(scan, context),
          lists_(&memory_),
          scratch_(2 * dim_, 0.0F, &memory_),
          of_lists_(&memory_),
          batch_(&memory_),
          coarse_(&memory_),
          rest_(&memory_),
          finer_(&memory_),
          found_(&memory_) {}

    bool next(Datum query, bool query_is_null, ItemPointer row) override {
        if (!started_) {
            started_ = true;
            start(query, query_is_null);
        }
        for (;;) {
            CHECK_FOR_INTERRUPTS();
            if (any_order_ ? next_in_any_order(row) : next_in_order(row)) return true;
            if (lists_.batch() == 0) return false;
            read_next_lists();
        }
    }

    void rescan() override { started_ = false; }
    void end() override { exact_.close(); }

 private:
    static constexpr std::ptrdiff_t kNear = 512;

    // An entry that has been passed by.
    struct Coarse {
        float bound;
        float norm_squared;
        BlockNumber wide_page;
        std::uint16_t position;
        std::uint16_t probe;  // the number of its list among those that have been read

        // As in the two below, the nearest first in a heap.
        friend bool operator<(const Coarse& a, const Coarse& b) { return a.bound > b.bound; }
        // An order in which no two are equal, whenever the lists are read.
        bool before(const Coarse& other) const {
            if (bound != other.bound) return bound < other.bound;
            if (wide_page != other.wide_page) return wide_page < other.wide_page;
            return position < other.position;
        }
    };
    // One that has been looked at.
    struct Finer {
        float bound;
        ItemPointerData row;

        friend bool operator<(const Finer& a, const Finer& b) { return a.bound > b.bound; }
    };
    struct Probe {
        ListId list;
        std::uint16_t number;
    };
    struct Found {
        double distance;
        ItemPointerData row;

        friend bool operator<(const Found& a, const Found& b) {
            if (a.distance != b.distance) return a.distance > b.distance;
            return ItemPointerCompare(const_cast<ItemPointer>(&a.row), const_cast<ItemPointer>(&b.row)) > 0;
        }
    };

    // Of the entries that are passed by, only the nearest are kept in a heap; the others wait unsorted until these are
    // used up, which they seldom are. Most entries are so compared once with the farthest of the near ones, and put
    // aside. When these would exceed work_mem, the farther half of them is dropped, and everything as far from then on;
    // for them the lists are read again, which hardly any query comes to.
    void pass_by(const Coarse& entry) {
        if (reads_again_ && entry.before(from_)) return;
        if (!(entry.bound < near_.bound) && !entry.before(near_)) {
            if (dropped_ && !entry.before(dropped_from_)) return;
            rest_.push_back(entry);
        } else {
            coarse_.push_back(entry);
            if (coarse_.size() < static_cast<std::size_t>(2 * kNear)) return;
            put_aside(&coarse_, &rest_);
        }
        if (rest_.size() >= most_) drop();
    }

    void drop() {
        auto middle = rest_.begin() + static_cast<std::ptrdiff_t>(rest_.size() / 2);
        std::nth_element(rest_.begin(), middle, rest_.end(),
                         [](const Coarse& a, const Coarse& b) { return a.before(b); });
        dropped_ = true;
        dropped_from_ = *middle;
        rest_.erase(middle, rest_.end());
    }

    // Whether an entry is left; if so, the nearest is at the top of the heap.
    bool fill() {
        while (coarse_.empty()) {
            if (!rest_.empty()) {
                refill();
            } else if (dropped_) {
                reads_again_ = true;
                from_ = dropped_from_;
                read_lists();
            } else {
                return false;
            }
        }
        return true;
    }

    // Leaves the nearest kNear entries, and from then on takes only nearer ones than these.
    void put_aside(std::pmr::vector<Coarse>* from, std::pmr::vector<Coarse>* rest) {
        auto nearer = [](const Coarse& a, const Coarse& b) { return a.before(b); };
        auto middle = from->begin() + kNear;
        std::nth_element(from->begin(), middle, from->end(), nearer);
        near_ = *middle;
        rest->insert(rest->end(), middle, from->end());
        from->erase(middle, from->end());
    }

    // When the heap is used up: the nearest of the others.
    void refill() {
        near_.bound = std::numeric_limits<float>::infinity();
        coarse_.swap(rest_);
        if (coarse_.size() >= static_cast<std::size_t>(2 * kNear)) put_aside(&coarse_, &rest_);
        std::make_heap(coarse_.begin(), coarse_.end());
    }

    template <typename T>
    static T pop(std::pmr::vector<T>* heap) {
        std::pop_heap(heap->begin(), heap->end());
        T top = heap->back();
        heap->pop_back();
        return top;
    }
    template <typename T>
    static void push(std::pmr::vector<T>* heap, const T& value) {
        heap->push_back(value);
        std::push_heap(heap->begin(), heap->end());
    }

    void start(Datum query, bool query_is_null) {
        MemoryContextReset(query_context_);
        MemoryContext caller = MemoryContextSwitchTo(query_context_);
        // All distances to NULL are NULL, so any order is right.
        any_order_ = query_is_null;
        promises_order_ = iterative_scan == kIterativeOff;
        last_distance_ = -std::numeric_limits<double>::infinity();
        int dimensions = static_cast<int>(dim_);
        const std::byte* payload =
            query_is_null ? encode_zero(opclass_, dimensions) : encode_list_query(opclass_, dimensions, query);
        point_ = static_cast<float*>(palloc(dim_ * sizeof(float)));
        float* origin = scratch_.data();
        read_centroid(index_, layout_, meta_.lists, origin);
        payload_to_point(opclass_, payload, dim_, origin, point_, scratch_.data() + dim_);
        auto* tables = static_cast<std::uint8_t*>(palloc(ListQuery::tables_size(codes_)));
        auto* bytes = static_cast<std::int8_t*>(palloc(ListQuery::bytes_size(codes_)));
        bool inner_product = opclass_.metric == Metric::kInnerProduct;
        query_ = make_in<ListQuery>(query_context_, codes_, inner_product, point_, tables, bytes);
        MemoryContextSwitchTo(caller);
        lists_.start(index_, layout_, meta_.lists, codec_, reinterpret_cast<const std::byte*>(point_));
        coarse_.clear();
        rest_.clear();
        finer_.clear();
        found_.clear();
        of_lists_.clear();
        // A vector that grows has room for twice as many.
        most_ = std::max(static_cast<std::size_t>(4 * kNear),
                         static_cast<std::size_t>(work_mem) * 1024 / (2 * sizeof(Coarse)));
        read_next_lists();
    }

    void read_next_lists() {
        batch_.clear();
        for (std::uint32_t i = lists_.batch(); i > 0; --i) {
            ListId list = lists_.pop();
            read_centroid(index_, layout_, list, scratch_.data());
            batch_.push_back({list, static_cast<std::uint16_t>(of_lists_.size())});
            of_lists_.push_back(query_->of_list(kernels().inner_product(scratch_.data(), point_, dim_)));
        }
        reads_again_ = false;
        read_lists();
    }

    void read_lists() {
        near_.bound = std::numeric_limits<float>::infinity();
        dropped_ = false;
        for (const Probe& probe : batch_) {
            read_list(index_, layout_, probe.list, [&](Page page, Page next) {
                if (next != nullptr) prefetch(next);
                read_codes(page, probe.number, of_lists_[probe.number]);
            });
            CHECK_FOR_INTERRUPTS();
        }
        std::make_heap(coarse_.begin(), coarse_.end());
    }

    // Adds up what of a block is on pages of its own.
    void read_more(Page page, std::uint16_t* sums) {
        std::fill_n(sums, ListCodes::kBlock, std::uint16_t{0});
        for (std::uint32_t m = 0; m < layout_.more_pages(); ++m) {
            Buffer buffer = read_page(index_, layout_.more_page_numbers(page)[m], BUFFER_LOCK_SHARE, PageKind::kMore);
            query_->add_piece(IndexLayout::piece(BufferGetPage(buffer)), layout_.first_group(m), layout_.group_count(m),
                              sums);
            UnlockReleaseBuffer(buffer);
        }
    }

    void read_codes(Page page, std::uint16_t probe, float of_list) {
        constexpr std::uint32_t kBlock = ListCodes::kBlock;
        const BlockNumber* wide_pages = IndexLayout::wide_page_numbers(page);
        const std::uint32_t wide_per_page = layout_.wide_per_page();
        std::uint32_t left = page_tail(page)->count;
        for (std::uint32_t b = 0; b < layout_.blocks_per_page() && left > 0; ++b) {
            float bounds[kBlock];
            const std::byte* block = layout_.block(page, b);
            std::uint16_t more[kBlock];
            if (layout_.more_pages() > 0) read_more(page, more);
            query_->lower_bounds(block, of_list, bounds, layout_.more_pages() > 0 ? more : nullptr);
            const float* norms = codes_.norms_of(block);
            for (std::uint32_t i = 0; i < kBlock; ++i) {
                if (bounds[i] == std::numeric_limits<float>::infinity()) continue;
                const std::uint32_t slot = b * kBlock + i;
                pass_by({bounds[i], norms[i], wide_pages[slot / wide_per_page],
                         static_cast<std::uint16_t>(slot % wide_per_page), probe});
                if (left > 0) --left;
            }
        }
    }

    // Starts to load the page that is read next: enough of it for the hardware to go on by itself.
    static void prefetch(Page page) {
        const char* start = page + kPageStart;
        for (std::size_t line = 0; line < 1024; line += 64) __builtin_prefetch(start + line);
    }

    // Looks at an entry's wide code. Returns false if the entry is gone: vacuum has removed it, and then there may be
    // another one, or something else. That one's row is not in the snapshot of this scan.
    bool look(const Coarse& entry, Finer* out) {
        if (entry.wide_page == InvalidBlockNumber) return false;
        Buffer buffer = ReadBuffer(index_, entry.wide_page);
        LockBuffer(buffer, BUFFER_LOCK_SHARE);
        Page page = BufferGetPage(buffer);
        bool there = !is_free(page) && page_tail(page)->kind == PageKind::kWide;
        if (there) {
            WideSlot* slot = layout_.wide_slot(page, entry.position);
            there = ItemPointerIsValid(&slot->row);
            out->bound = entry.bound;
            if (there && !any_order_)
                out->bound = std::max(entry.bound,
                                      query_->lower_bound(slot->code(), entry.norm_squared, of_lists_[entry.probe]));
            out->row = slot->row;
        }
        UnlockReleaseBuffer(buffer);
        return there;
    }

    bool next_in_order(ItemPointer row) {
        constexpr float kNone = std::numeric_limits<float>::infinity();
        for (;;) {
            CHECK_FOR_INTERRUPTS();
            const float coarse = fill() ? coarse_.front().bound : kNone;
            const float finer = finer_.empty() ? kNone : finer_.front().bound;
            if (!found_.empty() && found_.front().distance <= static_cast<double>(std::min(coarse, finer))) {
                Found nearest = pop(&found_);
                // Rows are promised in order. One whose bound failed comes too late, like one of a list not looked
                // into.
                if (nearest.distance < last_distance_ && promises_order_) continue;
                last_distance_ = nearest.distance;
                *row = nearest.row;
                return true;
            }
            if (!coarse_.empty() && coarse <= finer) {
                Finer entry;
                if (look(pop(&coarse_), &entry)) push(&finer_, entry);
            } else if (!finer_.empty()) {
                Finer entry = pop(&finer_);
                double distance;
                if (exact_.of(&entry.row, &distance)) push(&found_, {comparable(distance), entry.row});
            } else {
                return false;
            }
        }
    }

    bool next_in_any_order(ItemPointer row) {
        for (;;) {
            if (!fill()) return false;
            Finer entry;
            if (!look(pop(&coarse_), &entry)) continue;
            *row = entry.row;
            return true;
        }
    }

    // What the operator returns, in the terms of ListQuery. Points of unit length are 2 - 2 cos apart, squared.
    double comparable(double distance) const {
        if (std::isnan(distance)) return std::numeric_limits<double>::infinity();
        switch (opclass_.metric) {
            case Metric::kL2:
                return distance * distance;
            case Metric::kCosine:
                return 2 * distance;
            default:
                return distance;
        }
    }

    Relation index_;
    MetaPage meta_;
    IndexLayout layout_;
    const OperatorClass& opclass_;
    std::size_t dim_;
    ListCodes codes_;
    DenseCodec<float> codec_;
    ContextMemory memory_;
    MemoryContext query_context_;
    ExactDistance exact_;
    ListQueue lists_;
    std::pmr::vector<float> scratch_;   // two vectors
    std::pmr::vector<float> of_lists_;  // ListQuery::of_list() of each list that has been read
    std::pmr::vector<Probe> batch_;     // the lists that have been read together
    std::pmr::vector<Coarse> coarse_;
    std::pmr::vector<Coarse> rest_;  // none nearer than near_
    std::size_t most_ = 0;           // of them
    bool dropped_ = false;           // whether those from dropped_from_ on have been
    Coarse dropped_from_ = {};
    bool reads_again_ = false;  // those from from_ on
    Coarse from_ = {};
    Coarse near_ = {};
    std::pmr::vector<Finer> finer_;
    std::pmr::vector<Found> found_;
    float* point_ = nullptr;
    ListQuery* query_ = nullptr;
    bool started_ = false;
    bool any_order_ = false;
    bool promises_order_ = true;
    double last_distance_ = 0;  // of the last row returned
};

}  // namespace

RowScan* make_quantized_scan(IndexScanDesc scan, const MetaPage& meta, const OperatorClass& opclass,
                             MemoryContext context) {
    return make_in<QuantizedScan>(context, scan, meta, opclass, context);
}

}  // namespace vectorx::pg::ivfflat
