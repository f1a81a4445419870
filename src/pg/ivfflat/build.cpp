// CREATE INDEX.
//
// The leader takes a sample of the table and lays it into memory that all participants share; together they compute the
// centroids. Then each scans its share of the table, finds the list of each row and sorts the rows by list. The leader
// merges what they have sorted and writes the pages.
#include <numeric>

#include "core/cluster/hierarchy.h"
#include "pg/compat.h"
#include "pg/index/workers.h"
#include "pg/ivfflat/callbacks.h"
#include "pg/ivfflat/options.h"
#include "pg/ivfflat/page.h"
#include "pg/ivfflat/points.h"

extern "C" {
#include <access/htup_details.h>
#include <access/parallel.h>
#include <access/table.h>
#include <access/xact.h>
#include <access/xloginsert.h>
#include <catalog/pg_operator_d.h>
#include <catalog/pg_type_d.h>
#include <commands/progress.h>
#include <executor/tuptable.h>
#include <miscadmin.h>
#include <pgstat.h>
#include <storage/barrier.h>
#include <storage/condition_variable.h>
#include <tcop/tcopprot.h>
#include <utils/snapmgr.h>
#include <utils/tuplesort.h>

PGDLLEXPORT void ivfflat_build_worker(dsm_segment* segment, shm_toc* toc);
}

namespace vectorx::pg::ivfflat {
namespace {

// For pg_stat_progress_create_index; ivfflat_build_phase_name() has the texts.
enum BuildPhase : int64 {
    kPhaseCluster = PROGRESS_CREATEIDX_SUBPHASE_INITIALIZE + 1,
    kPhaseAssign,
    kPhaseWrite,
};

// Keys of the build's table of contents.
enum : uint64 { kKeyShared = 1, kKeyScan, kKeyArrays, kKeySort, kKeyQuery };

// What the participants share; in dynamic shared memory if there are workers.
struct BuildShared {
    Oid heap = InvalidOid;
    Oid index = InvalidOid;
    bool concurrent = false;
    int sort_memory = 0;              // kB of each participant
    std::uint32_t shared_sample = 0;  // rows there is room for beside this; 0 where the leader has the sample to itself
    std::uint32_t sample_count = 0;
    std::uint32_t wanted_lists = 0;
    cluster::KMeansShared kmeans;
    Barrier barrier;  // of those who compute the centroids
    std::atomic<bool> clustered{false};
    std::atomic<int> sorted{0};  // participants that are through with their share of the table
    ConditionVariable changed;   // of the two above
    std::atomic<std::uint64_t> heap_rows{0};
    std::atomic<std::uint64_t> indexed_rows{0};
};

class BarrierTeam final : public Team {
 public:
    BarrierTeam(Barrier* barrier, bool leads) : barrier_(barrier), leads_(leads) {}
    bool leads() const override { return leads_; }
    void wait() override { BarrierArriveAndWait(barrier_, WAIT_EVENT_PARALLEL_CREATE_INDEX_SCAN); }
    void check_for_interrupts() override { CHECK_FOR_INTERRUPTS(); }

 private:
    Barrier* barrier_;
    bool leads_;
};

// The rows to be sorted: list, address, entry.
TupleDesc sort_descriptor() {
    TupleDesc descriptor = CreateTemplateTupleDesc(3);
    TupleDescInitEntry(descriptor, 1, "list", INT4OID, -1, 0);
    TupleDescInitEntry(descriptor, 2, "row", TIDOID, -1, 0);
    TupleDescInitEntry(descriptor, 3, "entry", BYTEAOID, -1, 0);
    return descriptor;
}

Tuplesortstate* begin_sort(TupleDesc descriptor, int memory, SortCoordinate coordinate) {
    AttrNumber columns[] = {1};
    Oid operators[] = {Int4LessOperator};
    Oid collations[] = {InvalidOid};
    bool nulls_first[] = {false};
    return tuplesort_begin_heap(descriptor, 1, columns, operators, collations, nulls_first, memory, coordinate, 0);
}

void enter_phase(BuildPhase phase) {
    pgstat_progress_update_param(PROGRESS_CREATEIDX_SUBPHASE, phase);
    pgstat_progress_update_param(PROGRESS_CREATEIDX_TUPLES_TOTAL, 0);
    pgstat_progress_update_param(PROGRESS_CREATEIDX_TUPLES_DONE, 0);
}

// Shared memory after the k-means arrays: what all points are relative to.
template <typename Element>
struct ClusterMemory {
    ClusterMemory(std::byte* memory, std::uint32_t sample, std::uint32_t lists, std::size_t stride)
        : arrays(memory, sample, lists, stride),
          origin(reinterpret_cast<float*>(memory + cluster::KMeansArrays<Element>::bytes(sample, lists, stride))) {}

    static std::size_t bytes(std::uint32_t sample, std::uint32_t lists, std::size_t stride) {
        return cluster::KMeansArrays<Element>::bytes(sample, lists, stride) + stride * sizeof(float);
    }

    cluster::KMeansArrays<Element> arrays;
    float* origin;
};

// One participant: the leader, or a parallel worker.
template <typename Points>
class Participant {
 public:
    using Element = typename Points::Element;
    using Space = typename Points::Space;

    Participant(Relation heap, Relation index, IndexInfo* info, const OperatorClass& opclass, int dimensions,
                const Points& points, BuildShared* shared, std::byte* memory, std::uint32_t sample_capacity,
                bool leader, MemoryContext context)
        : heap_(heap),
          index_(index),
          info_(info),
          opclass_(opclass),
          dimensions_(dimensions),
          payload_size_(payload_size(opclass, dimensions)),
          points_(points),
          shared_(shared),
          sample_capacity_(sample_capacity),
          clusters_(memory, sample_capacity, shared->wanted_lists, points_.stride()),
          leader_(leader),
          memory_(context),
          row_context_(AllocSetContextCreate(context, "ivfflat build row", ALLOCSET_DEFAULT_SIZES)),
          biases_(&memory_),
          batch_(&memory_),
          batch_points_(&memory_),
          scratch_(&memory_) {}

    // The leader's.
    void take_sample() {
        BlockSample sample(heap_, index_, info_, add_to_sample, this);
        shared_->sample_count = sample.read(sample_capacity_);
        points_.centre(clusters_.arrays.points, shared_->sample_count, clusters_.origin, &memory_);
    }

    void compute_centroids(Team* team) {
        if (shared_->sample_count == 0) {
            // The one list that there will be takes whatever is inserted.
            std::fill(clusters_.arrays.centroids, clusters_.arrays.centroids + points_.stride(), Element{});
            shared_->kmeans.result.clusters = 1;
            return;
        }
        KMeansOptions options;
        options.clusters = shared_->wanted_lists;
        options.max_iterations = 3;
        options.measures_result = false;
        cluster::Clusterer<Space> kmeans(points_.space(), options, clusters_.arrays, shared_->sample_count,
                                         &shared_->kmeans, team, &memory_);
        kmeans.run();
    }

    std::uint32_t lists() const { return shared_->kmeans.result.clusters; }

    IndexLayout layout() const {
        return {Points::kStorage, points_.centroid_size(), static_cast<std::size_t>(dimensions_), lists()};
    }

    // The leader's. Replaces the centroids by what remains of them when they are stored.
    void write_fixed_pages() {
        IndexLayout layout = this->layout();
        points_.prepare_origin(clusters_.origin);
        const std::size_t size = points_.centroid_size();
        auto* rows = static_cast<std::byte*>(palloc(layout.centroids_per_page() * size));
        for (ListId first = 0; first < layout.centroid_rows(); first += layout.centroids_per_page()) {
            std::uint32_t count = std::min(layout.centroids_per_page(), layout.centroid_rows() - first);
            for (ListId list = first; list < first + count; ++list) {
                std::byte* row = rows + (list - first) * size;
                if (list == lists()) {
                    std::memcpy(row, clusters_.origin, size);
                } else {
                    points_.store(centroid(list), clusters_.origin, row);
                    points_.read_stored(row, clusters_.origin, centroid(list));
                }
            }
            for (std::size_t done = 0; done < count * size; done += kPageCapacity) {
                CHECK_FOR_INTERRUPTS();
                Buffer buffer = extend(index_, MAIN_FORKNUM);
                Page page = BufferGetPage(buffer);
                init_page(page, PageKind::kCentroids);
                const std::size_t on_page = std::min(count * size - done, kPageCapacity);
                std::memcpy(page + kPageStart, rows + done, on_page);
                page_tail(page)->count = static_cast<std::uint16_t>(count);
                reinterpret_cast<PageHeader>(page)->pd_lower = static_cast<LocationIndex>(kPageStart + on_page);
                MarkBufferDirty(buffer);
                UnlockReleaseBuffer(buffer);
            }
        }
        pfree(rows);
        for (ListId first = 0; first < lists(); first += IndexLayout::kListsPerPage) {
            Buffer buffer = extend(index_, MAIN_FORKNUM);
            Page page = BufferGetPage(buffer);
            init_page(page, PageKind::kDirectory);
            std::uint32_t count = std::min(IndexLayout::kListsPerPage, lists() - first);
            page_tail(page)->count = static_cast<std::uint16_t>(count);
            reinterpret_cast<PageHeader>(page)->pd_lower =
                static_cast<LocationIndex>(kPageStart + count * sizeof(ListEntry));
            MarkBufferDirty(buffer);
            UnlockReleaseBuffer(buffer);
        }
        write_meta();
    }

    // The leader's, if the others could not see the centroids come about: lays them where these expect them.
    void hand_out(std::byte* memory) const {
        ClusterMemory<Element> shared(memory, 0, shared_->wanted_lists, points_.stride());
        std::copy_n(clusters_.arrays.centroids, lists() * points_.stride(), shared.arrays.centroids);
        std::copy_n(clusters_.origin, points_.stride(), shared.origin);
    }

    // `scan` is this participant's share of a parallel scan, or nullptr for the whole table.
    void assign(TableScanDesc scan, SortCoordinate coordinate) {
        biases_.resize(lists());
        for (ListId list = 0; list < lists(); ++list) biases_[list] = points_.bias(centroid(list));
        batch_.resize(kRows * slot_size());
        entry_ = static_cast<std::byte*>(MemoryContextAlloc(CurrentMemoryContext, VARHDRSZ + points_.entry_size()));
        SET_VARSIZE(entry_, VARHDRSZ + points_.entry_size());
        batch_points_.resize(kRows * points_.stride());
        together_ = std::clamp<std::size_t>(kMaxScores / lists(), 16, kRows);
        scratch_.resize(Space::scratch_size(together_, lists()));
        TupleDesc descriptor = sort_descriptor();
        sort_ = begin_sort(descriptor, shared_->sort_memory, coordinate);
        slot_ = MakeSingleTupleTableSlot(descriptor, &TTSOpsVirtual);
        double rows = table_index_build_scan(heap_, index_, info_, true, leader_, on_row, this, scan);
        flush();
        ExecDropSingleTupleTableSlot(slot_);
        shared_->heap_rows.fetch_add(static_cast<std::uint64_t>(rows));
        shared_->indexed_rows.fetch_add(indexed_rows_);
    }

    // Sorts the rows of assign(); for a worker, the leader has them afterwards.
    Tuplesortstate* sorted() {
        tuplesort_performsort(sort_);
        return sort_;
    }

 private:
    static constexpr std::size_t kRows = 256;               // of a batch
    static constexpr std::size_t kMaxScores = 1024 * 1024;  // computed at once

    Element* centroid(ListId list) const { return clusters_.arrays.centroids + list * points_.stride(); }

    // A row of the batch: its address, and its payload.
    std::size_t slot_size() const { return MAXALIGN(sizeof(ItemPointerData)) + MAXALIGN(payload_size_); }
    std::byte* batch_row(std::size_t i) { return batch_.data() + i * slot_size(); }
    std::byte* batch_payload(std::size_t i) { return batch_row(i) + MAXALIGN(sizeof(ItemPointerData)); }

    static bool add_to_sample(void* state, Datum value) {
        auto* self = static_cast<Participant*>(state);
        MemoryContext caller = MemoryContextSwitchTo(self->row_context_);
        const std::byte* payload = encode_value(self->opclass_, self->dimensions_, value);
        Element* point = self->clusters_.arrays.points + self->sampled_ * self->points_.stride();
        bool taken = payload != nullptr && self->points_.sample(payload, point);
        self->sampled_ += taken ? 1 : 0;
        MemoryContextSwitchTo(caller);
        MemoryContextReset(self->row_context_);
        return taken;
    }

    void write_meta() {
        Buffer buffer = read_page(index_, kMetaBlock, BUFFER_LOCK_EXCLUSIVE, PageKind::kMeta);
        meta_page(BufferGetPage(buffer))->lists = lists();
        MarkBufferDirty(buffer);
        UnlockReleaseBuffer(buffer);
    }

    static void on_row(Relation, ItemPointer row, Datum* values, bool* isnull, bool, void* state) {
        // Called by PostgreSQL, which an exception must not cross.
        if (isnull[0]) return;
        guard([&] { static_cast<Participant*>(state)->add_row(row, values[0]); });
    }

    void add_row(ItemPointer row, Datum value) {
        MemoryContext caller = MemoryContextSwitchTo(row_context_);
        const std::byte* payload = encode_value(opclass_, dimensions_, value);
        if (payload != nullptr) {
            std::memcpy(batch_row(batch_count_), row, sizeof(ItemPointerData));
            std::memcpy(batch_payload(batch_count_), payload, payload_size_);
            points_.point(payload, clusters_.origin, batch_points_.data() + batch_count_ * points_.stride());
            if (++batch_count_ == kRows) flush();
        }
        MemoryContextSwitchTo(caller);
        MemoryContextReset(row_context_);
    }

    void flush() {
        std::uint32_t nearest[kRows];
        float scores[kRows];
        if (batch_count_ == 0) return;
        for (std::size_t i = 0; i < batch_count_; i += together_) {
            points_.nearest(batch_points_.data() + i * points_.stride(), std::min(together_, batch_count_ - i),
                            clusters_.arrays.centroids, biases_.data(), lists(), scratch_.data(), nearest + i,
                            scores + i);
        }
        for (std::size_t i = 0; i < batch_count_; ++i) {
            points_.write_entry(batch_points_.data() + i * points_.stride(), centroid(nearest[i]), batch_payload(i),
                                entry_ + VARHDRSZ);
            ExecClearTuple(slot_);
            slot_->tts_values[0] = Int32GetDatum(static_cast<int32>(nearest[i]));
            slot_->tts_values[1] = PointerGetDatum(batch_row(i));
            slot_->tts_values[2] = PointerGetDatum(entry_);
            slot_->tts_isnull[0] = slot_->tts_isnull[1] = slot_->tts_isnull[2] = false;
            ExecStoreVirtualTuple(slot_);
            tuplesort_puttupleslot(sort_, slot_);
        }
        indexed_rows_ += batch_count_;
        batch_count_ = 0;
        if (leader_) pgstat_progress_update_param(PROGRESS_CREATEIDX_TUPLES_DONE, static_cast<int64>(indexed_rows_));
    }

    Relation heap_;
    Relation index_;
    IndexInfo* info_;
    const OperatorClass& opclass_;
    int dimensions_;
    std::size_t payload_size_;
    Points points_;
    BuildShared* shared_;
    std::uint32_t sample_capacity_;
    ClusterMemory<Element> clusters_;
    bool leader_;
    ContextMemory memory_;
    MemoryContext row_context_;
    std::size_t sampled_ = 0;
    std::pmr::vector<float> biases_;
    std::pmr::vector<std::byte> batch_;
    std::pmr::vector<Element> batch_points_;
    std::pmr::vector<float> scratch_;
    std::size_t together_ = 0;  // rows that are assigned at once
    std::size_t batch_count_ = 0;
    std::byte* entry_ = nullptr;  // a bytea
    Tuplesortstate* sort_ = nullptr;
    TupleTableSlot* slot_ = nullptr;
    std::uint64_t indexed_rows_ = 0;
};

// Writes the lists one after the other from rows that are sorted by list.
class ListWriter {
 public:
    ListWriter(Relation index, const IndexLayout& layout, std::uint32_t lists, Tuplesortstate* sort)
        : index_(index), layout_(layout), codes_(layout_.codes()), lists_(lists), sort_(sort) {}

    void write() {
        slot_ = MakeSingleTupleTableSlot(sort_descriptor(), &TTSOpsMinimalTuple);
        next_row();
        for (ListId first = 0; first < lists_; first += IndexLayout::kListsPerPage) {
            // One page of the directory at a time.
            std::uint32_t count = std::min(IndexLayout::kListsPerPage, lists_ - first);
            ListEntry entries[IndexLayout::kListsPerPage];
            for (std::uint32_t i = 0; i < count; ++i) entries[i] = write_list(first + i);
            Buffer buffer =
                read_page(index_, layout_.directory_block(first), BUFFER_LOCK_EXCLUSIVE, PageKind::kDirectory);
            std::copy(entries, entries + count, IndexLayout::entry(BufferGetPage(buffer), first));
            MarkBufferDirty(buffer);
            UnlockReleaseBuffer(buffer);
        }
        ExecDropSingleTupleTableSlot(slot_);
    }

 private:
    // Pages of a list are added one after the other; a page of quantized storage with its wide codes behind it.
    ListEntry write_list(ListId list) {
        CHECK_FOR_INTERRUPTS();
        open(list);
        ListEntry entry = {BufferGetBlockNumber(buffer_), InvalidBlockNumber};
        for (; list_ == list; next_row()) {
            if (count_ == layout_.entries_per_page()) {
                Buffer full = buffer_;
                std::uint32_t count = count_;
                close_others();
                open(list);
                page_tail(BufferGetPage(full))->next = BufferGetBlockNumber(buffer_);
                close(full, count);
            }
            if (layout_.quantized())
                add_code(list);
            else
                add_payload();
            ++count_;
        }
        entry.append = BufferGetBlockNumber(buffer_);
        close_others();
        close(buffer_, count_);
        return entry;
    }

    void open(ListId list) {
        buffer_ = extend(index_, MAIN_FORKNUM);
        Page page = BufferGetPage(buffer_);
        init_page(page, PageKind::kList, list);
        if (layout_.quantized()) layout_.init_codes(page, codes_);
        count_ = 0;
        for (std::uint32_t m = 0; m < layout_.more_pages(); ++m) {
            more_[m] = extend(index_, MAIN_FORKNUM);
            init_page(BufferGetPage(more_[m]), PageKind::kMore, list);
            layout_.init_more(BufferGetPage(more_[m]), m, BufferGetBlockNumber(buffer_));
            layout_.more_page_numbers(page)[m] = BufferGetBlockNumber(more_[m]);
        }
    }

    void add_payload() {
        Page page = BufferGetPage(buffer_);
        std::memcpy(layout_.payload(page, count_), VARDATA_ANY(entry_), layout_.payload_size());
        *IndexLayout::row(page, count_) = row_;
    }

    void add_code(ListId list) {
        Page page = BufferGetPage(buffer_);
        const auto* entry = reinterpret_cast<const std::byte*>(VARDATA_ANY(entry_));
        if (count_ % layout_.wide_per_page() == 0) {
            close_wide();
            wide_ = extend(index_, MAIN_FORKNUM);
            init_page(BufferGetPage(wide_), PageKind::kWide, list);
            layout_.init_wide(BufferGetPage(wide_), BufferGetBlockNumber(buffer_));
            IndexLayout::wide_page_numbers(page)[count_ / layout_.wide_per_page()] = BufferGetBlockNumber(wide_);
        }
        constexpr std::uint32_t kBlock = ListCodes::kBlock;
        codes_.put(entry, layout_.block(page, count_ / kBlock), count_ % kBlock);
        for (std::uint32_t m = 0; m < layout_.more_pages(); ++m)
            codes_.put_bits(entry, layout_.first_group(m), layout_.group_count(m),
                            IndexLayout::piece(BufferGetPage(more_[m])), count_);
        WideSlot* slot = layout_.wide_slot(BufferGetPage(wide_), count_ % layout_.wide_per_page());
        slot->row = row_;
        std::memcpy(slot->code(), codes_.wide_of_entry(entry), codes_.wide_size());
    }

    void close(Buffer buffer, std::uint32_t count) {
        if (layout_.quantized())
            page_tail(BufferGetPage(buffer))->count = static_cast<std::uint16_t>(count);
        else
            layout_.set_count(BufferGetPage(buffer), count);
        MarkBufferDirty(buffer);
        UnlockReleaseBuffer(buffer);
        written_ += count;
        pgstat_progress_update_param(PROGRESS_CREATEIDX_TUPLES_DONE, written_);
    }

    // All but the list's page itself.
    void close_others() {
        close_wide();
        for (std::uint32_t m = 0; m < layout_.more_pages(); ++m) {
            MarkBufferDirty(more_[m]);
            UnlockReleaseBuffer(more_[m]);
        }
    }

    void close_wide() {
        if (wide_ == InvalidBuffer) return;
        MarkBufferDirty(wide_);
        UnlockReleaseBuffer(wide_);
        wide_ = InvalidBuffer;
    }

    void next_row() {
        if (!tuplesort_gettupleslot(sort_, true, false, slot_, nullptr)) {
            list_ = kNoList;
            return;
        }
        bool isnull;
        list_ = static_cast<ListId>(DatumGetInt32(slot_getattr(slot_, 1, &isnull)));
        row_ = *reinterpret_cast<ItemPointer>(DatumGetPointer(slot_getattr(slot_, 2, &isnull)));
        entry_ = DatumGetPointer(slot_getattr(slot_, 3, &isnull));
    }

    Relation index_;
    IndexLayout layout_;
    ListCodes codes_;
    std::uint32_t lists_;
    Tuplesortstate* sort_;
    TupleTableSlot* slot_ = nullptr;
    ListId list_ = kNoList;  // of the next row; kNoList after the last
    ItemPointerData row_ = {};
    Pointer entry_ = nullptr;
    Buffer buffer_ = InvalidBuffer;                 // the page of the list, exclusively locked
    Buffer wide_ = InvalidBuffer;                   // that of wide codes, if it is not full
    Buffer more_[IndexLayout::kMaxMorePages] = {};  // those of more codes
    std::uint32_t count_ = 0;                       // of entries on the page
    int64 written_ = 0;
};

// Block 0, without lists yet.
MetaPage write_meta_page(Relation index, ForkNumber fork) {
    check_support_procedure(index, "ivfflat");
    const OperatorClass& opclass = operator_class(index);
    int dimensions = indexed_dimensions(index, "ivfflat");
    Storage storage = list_storage(index);
    // Codes are small enough for all that the types hold.
    if (storage == Storage::kPlain) check_dimensions_limit(dimensions, opclass.max_dimensions, "ivfflat");
    if (opclass.type != IndexedType::kBit && opclass.metric != Metric::kL2 && dimensions == 1) {
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("dimensions must be greater than one for this opclass")));
    }
    if (storage == Storage::kQuantized && opclass.type == IndexedType::kBit) {
        ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                        errmsg("storage \"quantized\" is not supported for bit strings")));
    }
    Buffer buffer = extend(index, fork);
    Page page = BufferGetPage(buffer);
    init_page(page, PageKind::kMeta);
    MetaPage* meta = meta_page(page);
    *meta = {};
    meta->magic = kMagic;
    meta->format_version = kFormatVersion;
    meta->storage = storage;
    meta->metric = static_cast<std::uint8_t>(opclass.metric);
    meta->dimensions = static_cast<std::uint32_t>(dimensions);
    meta->payload_size = static_cast<std::uint32_t>(
        with_points(opclass, storage, dimensions, [](const auto& points) { return points.centroid_size(); }));
    meta->lists = 1;
    reinterpret_cast<PageHeader>(page)->pd_lower = static_cast<LocationIndex>(kPageStart + sizeof(MetaPage));
    MarkBufferDirty(buffer);
    MetaPage copy = *meta;
    UnlockReleaseBuffer(buffer);
    if (storage == Storage::kPlain && copy.payload_size > IndexLayout::kMaxPayload)
        ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("index tuple too large")));
    return copy;
}

// One list, of which nothing but its existence matters: it takes all rows.
void write_empty_fork(Relation index) {
    MetaPage meta = write_meta_page(index, INIT_FORKNUM);
    IndexLayout layout(meta);
    BlockNumber list_block = layout.first_list_block();
    auto add = [&](PageKind kind, ListId list, std::uint16_t count, std::size_t size) {
        Buffer buffer = extend(index, INIT_FORKNUM);
        Page page = BufferGetPage(buffer);
        init_page(page, kind, list);
        page_tail(page)->count = count;
        std::memset(page + kPageStart, 0, size);
        reinterpret_cast<PageHeader>(page)->pd_lower = static_cast<LocationIndex>(kPageStart + size);
        if (kind == PageKind::kDirectory)
            *IndexLayout::entry(page, 0) = {BufferGetBlockNumber(buffer) + 1, BufferGetBlockNumber(buffer) + 1};
        if (kind == PageKind::kList && layout.quantized()) layout.init_codes(page, layout.codes());
        if (kind == PageKind::kList)
            for (std::uint32_t m = 0; m < layout.more_pages(); ++m)
                layout.more_page_numbers(page)[m] = list_block + 1 + m;
        MarkBufferDirty(buffer);
        UnlockReleaseBuffer(buffer);
    };
    for (ListId row = 0; row < layout.centroid_rows(); row += layout.centroids_per_page()) {
        std::uint32_t count = std::min(layout.centroids_per_page(), layout.centroid_rows() - row);
        std::size_t size = count * static_cast<std::size_t>(meta.payload_size);
        for (std::size_t done = 0; done < size; done += kPageCapacity)
            add(PageKind::kCentroids, kNoList, static_cast<std::uint16_t>(count), std::min(size - done, kPageCapacity));
    }
    add(PageKind::kDirectory, kNoList, 1, sizeof(ListEntry));
    add(PageKind::kList, 0, 0, 0);
    for (std::uint32_t m = 0; m < layout.more_pages(); ++m) {
        Buffer buffer = extend(index, INIT_FORKNUM);
        init_page(BufferGetPage(buffer), PageKind::kMore, 0);
        layout.init_more(BufferGetPage(buffer), m, list_block);
        MarkBufferDirty(buffer);
        UnlockReleaseBuffer(buffer);
    }
    log_newpage_range(index, INIT_FORKNUM, 0, RelationGetNumberOfBlocksInFork(index, INIT_FORKNUM), true);
}

class Build {
 public:
    Build(Relation heap, Relation index, IndexInfo* info, const MetaPage& meta)
        : heap_(heap),
          index_(index),
          info_(info),
          opclass_(operator_class(index)),
          storage_(meta.storage),
          dimensions_(static_cast<int>(meta.dimensions)) {}

    void run() {
        with_points(opclass_, storage_, dimensions_, [&](const auto& points) {
            choose_sample_size(points);
            int workers = build_worker_count(heap_, index_);
            if (workers == 0 || !run_parallel(points, workers)) run_alone(points);
        });
    }

    double heap_rows = 0;
    double indexed_rows = 0;

 private:
    static constexpr std::uint32_t kRowsPerList = 128;
    static constexpr std::uint32_t kMinSample = 10000;
    static constexpr std::size_t kSharedBesides = 1024 * 1024;  // what all else in shared memory takes, and more

    // As many rows as lists of good quality need, less if they do not fit into maintenance_work_mem.
    template <typename Points>
    void choose_sample_size(const Points& points) {
        lists_ = static_cast<std::uint32_t>(list_count(index_));
        std::size_t stride = points.stride();
        std::size_t most = static_cast<std::size_t>(RelationGetNumberOfBlocks(heap_)) * MaxHeapTuplesPerPage;
        std::size_t wanted = std::min<std::size_t>(std::max(lists_ * kRowsPerList, kMinSample), most);
        std::size_t least = std::min<std::size_t>(lists_, most);
        auto budget = static_cast<std::size_t>(maintenance_work_mem) * 1024;
        auto bytes = [&](std::size_t sample) {
            return ClusterMemory<typename Points::Element>::bytes(static_cast<std::uint32_t>(sample), lists_, stride);
        };
        if (bytes(least) > budget) {
            ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                            errmsg("memory required is %zu MB, maintenance_work_mem is %d MB",
                                   bytes(least) / (1024 * 1024) + 1, maintenance_work_mem / 1024)));
        }
        if (bytes(wanted) > budget) {
            std::size_t of_a_row = (bytes(wanted) - bytes(least)) / (wanted - least) + 1;
            wanted = least + (budget - bytes(least)) / of_a_row;
            // Sizes are rounded up.
            while (wanted > least && bytes(wanted) > budget) wanted -= 1;
        }
        sample_ = static_cast<std::uint32_t>(wanted);
        cluster_bytes_ = bytes(wanted);
    }

    void init_shared(BuildShared* shared, int participants) {
        new (shared) BuildShared;
        shared->heap = RelationGetRelid(heap_);
        shared->index = RelationGetRelid(index_);
        shared->concurrent = info_->ii_Concurrent;
        shared->sort_memory = maintenance_work_mem / participants;
        shared->wanted_lists = lists_;
        BarrierInit(&shared->barrier, 0);
        // The leader, before any worker can be there.
        BarrierAttach(&shared->barrier);
        ConditionVariableInit(&shared->changed);
    }

    template <typename Points>
    Participant<Points>* leader(const Points& points, BuildShared* shared, std::byte* memory) {
        return make_in<Participant<Points>>(CurrentMemoryContext, heap_, index_, info_, opclass_, dimensions_, points,
                                            shared, memory, sample_, true, CurrentMemoryContext);
    }

    std::byte* private_memory() const {
        return reinterpret_cast<std::byte*>(
            CACHELINEALIGN(MemoryContextAllocHuge(CurrentMemoryContext, cluster_bytes_ + PG_CACHE_LINE_SIZE)));
    }

    template <typename Points>
    void run_alone(const Points& points) {
        auto* shared = static_cast<BuildShared*>(palloc(sizeof(BuildShared)));
        init_shared(shared, 1);
        auto* participant = leader(points, shared, private_memory());
        sample(participant, shared);
        cluster_together(participant, shared, nullptr);
        participant->assign(nullptr, nullptr);
        write_lists(participant, participant->sorted(), shared);
    }

    template <typename Points>
    void sample(Participant<Points>* participant, BuildShared* shared) {
        enter_phase(kPhaseCluster);
        participant->take_sample();
        if (shared->sample_count < lists_) {
            ereport(NOTICE, (errmsg("ivfflat index created with little data"), errdetail("This will cause low recall."),
                             errhint("Drop the index until the table has more data.")));
        }
    }

    template <typename Points>
    void write_lists(Participant<Points>* participant, Tuplesortstate* sort, BuildShared* shared) {
        heap_rows = static_cast<double>(shared->heap_rows.load());
        indexed_rows = static_cast<double>(shared->indexed_rows.load());
        enter_phase(kPhaseWrite);
        pgstat_progress_update_param(PROGRESS_CREATEIDX_TUPLES_TOTAL, static_cast<int64>(indexed_rows));
        ListWriter(index_, participant->layout(), participant->lists(), sort).write();
        tuplesort_end(sort);
    }

    // Returns false when there is no shared memory to be had.
    template <typename Points>
    bool run_parallel(const Points& points, int workers) {
        EnterParallelMode();
        ParallelContext* context = CreateParallelContext("vectorx", "ivfflat_build_worker", workers);
        Snapshot snapshot = info_->ii_Concurrent ? RegisterSnapshot(GetTransactionSnapshot()) : SnapshotAny;
        Size scan_size = table_parallelscan_estimate(heap_, snapshot);
        Size sort_size = tuplesort_estimate_shared(workers + 1);
        Size query_size = debug_query_string != nullptr ? strlen(debug_query_string) + 1 : 1;
        // Without room for the sample, the leader computes the centroids by itself; the scan is the workers' too.
        const bool share_sample = shared_memory_has_room(cluster_bytes_ + kSharedBesides);
        const std::uint32_t shared_sample = share_sample ? sample_ : 0;
        Size arrays_size =
            ClusterMemory<typename Points::Element>::bytes(shared_sample, lists_, points.stride()) + PG_CACHE_LINE_SIZE;
        for (Size size : {sizeof(BuildShared), scan_size, sort_size, arrays_size, query_size})
            shm_toc_estimate_chunk(&context->estimator, size);
        shm_toc_estimate_keys(&context->estimator, 5);
        InitializeParallelDSM(context);

        bool parallel = context->seg != nullptr;
        if (parallel) {
            auto* shared = static_cast<BuildShared*>(shm_toc_allocate(context->toc, sizeof(BuildShared)));
            init_shared(shared, workers + 1);
            shared->shared_sample = shared_sample;
            auto* scan = static_cast<ParallelTableScanDesc>(shm_toc_allocate(context->toc, scan_size));
            table_parallelscan_initialize(heap_, scan, snapshot);
            auto* arrays = static_cast<std::byte*>(shm_toc_allocate(context->toc, arrays_size));
            auto* sort = static_cast<Sharedsort*>(shm_toc_allocate(context->toc, sort_size));
            tuplesort_initialize_shared(sort, workers + 1, context->seg);
            auto* query = static_cast<char*>(shm_toc_allocate(context->toc, query_size));
            strlcpy(query, debug_query_string != nullptr ? debug_query_string : "", query_size);
            shm_toc_insert(context->toc, kKeyShared, shared);
            shm_toc_insert(context->toc, kKeyScan, scan);
            shm_toc_insert(context->toc, kKeyArrays, arrays);
            shm_toc_insert(context->toc, kKeySort, sort);
            shm_toc_insert(context->toc, kKeyQuery, query);

            auto* aligned = reinterpret_cast<std::byte*>(CACHELINEALIGN(arrays));
            auto* participant = leader(points, shared, share_sample ? aligned : private_memory());
            sample(participant, shared);
            LaunchParallelWorkers(context);
            // If there are none, the leader does all in their stead.
            cluster_together(participant, shared, share_sample ? nullptr : aligned);
            assign_together(participant, shared, context->nworkers_launched + 1, scan, sort, context);
            SortCoordinateData coordinate = {};
            coordinate.isWorker = false;
            coordinate.nParticipants = context->nworkers_launched + 1;
            coordinate.sharedsort = sort;
            Tuplesortstate* merged = begin_sort(sort_descriptor(), maintenance_work_mem, &coordinate);
            tuplesort_performsort(merged);
            write_lists(participant, merged, shared);
            WaitForParallelWorkersToFinish(context);
        }
        if (IsMVCCSnapshot(snapshot)) UnregisterSnapshot(snapshot);
        DestroyParallelContext(context);
        ExitParallelMode();
        return parallel;
    }

    // `hand_out`: where workers without the sample expect the centroids.
    template <typename Points>
    void cluster_together(Participant<Points>* participant, BuildShared* shared, std::byte* hand_out) {
        BarrierTeam team(&shared->barrier, true);
        participant->compute_centroids(&team);
        BarrierDetach(&shared->barrier);
        participant->write_fixed_pages();
        const KMeansResult& result = shared->kmeans.result;
        ereport(DEBUG1,
                (errmsg_internal("k-means: %u lists from %u rows%s, %d iterations, imbalance %.2f", result.clusters,
                                 shared->sample_count, hand_out != nullptr ? ", by the leader alone" : "",
                                 result.iterations, result.imbalance)));
        if (hand_out != nullptr) participant->hand_out(hand_out);
        shared->clustered.store(true);
        ConditionVariableBroadcast(&shared->changed);
        enter_phase(kPhaseAssign);
    }

    template <typename Points>
    void assign_together(Participant<Points>* participant, BuildShared* shared, int participants,
                         ParallelTableScanDesc scan, Sharedsort* sort, ParallelContext* context) {
        SortCoordinateData coordinate = {};
        coordinate.isWorker = true;
        coordinate.nParticipants = -1;
        coordinate.sharedsort = sort;
        participant->assign(table_beginscan_parallel(heap_, scan), &coordinate);
        tuplesort_end(participant->sorted());
        shared->sorted.fetch_add(1);
        // A worker that cannot start would be waited for in vain.
        WaitForParallelWorkersToAttach(context);
        ConditionVariablePrepareToSleep(&shared->changed);
        while (shared->sorted.load() < participants)
            ConditionVariableSleep(&shared->changed, WAIT_EVENT_PARALLEL_CREATE_INDEX_SCAN);
        ConditionVariableCancelSleep();
    }

    Relation heap_;
    Relation index_;
    IndexInfo* info_;
    const OperatorClass& opclass_;
    Storage storage_;
    int dimensions_;
    std::uint32_t lists_ = 0;
    std::uint32_t sample_ = 0;  // rows
    std::size_t cluster_bytes_ = 0;
};

IndexBuildResult* build(Relation heap, Relation index, IndexInfo* info) {
    if (RelationGetNumberOfBlocks(index) != 0)
        elog(ERROR, "index \"%s\" already contains data", RelationGetRelationName(index));
    MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "ivfflat build", ALLOCSET_DEFAULT_SIZES);
    MemoryContext caller = MemoryContextSwitchTo(context);
    Build build(heap, index, info, write_meta_page(index, MAIN_FORKNUM));
    build.run();
    if (RelationNeedsWAL(index)) log_newpage_range(index, MAIN_FORKNUM, 0, RelationGetNumberOfBlocks(index), true);
    MemoryContextSwitchTo(caller);
    MemoryContextDelete(context);

    auto* result = static_cast<IndexBuildResult*>(palloc(sizeof(IndexBuildResult)));
    result->heap_tuples = build.heap_rows;
    result->index_tuples = build.indexed_rows;
    return result;
}

void work(dsm_segment* segment, shm_toc* toc) {
    debug_query_string = static_cast<char*>(shm_toc_lookup(toc, kKeyQuery, false));
    pgstat_report_activity(STATE_RUNNING, debug_query_string);
    auto* shared = static_cast<BuildShared*>(shm_toc_lookup(toc, kKeyShared, false));
    // One that comes when the others have begun cannot join them in this, but in what follows.
    const bool attached = shared->shared_sample > 0;
    const bool clusters = attached && BarrierAttach(&shared->barrier) == 0;
    LOCKMODE heap_lock = shared->concurrent ? ShareUpdateExclusiveLock : ShareLock;
    LOCKMODE index_lock = shared->concurrent ? RowExclusiveLock : AccessExclusiveLock;
    Relation heap = table_open(shared->heap, heap_lock);
    Relation index = index_open(shared->index, index_lock);
    IndexInfo* info = BuildIndexInfo(index);
    info->ii_Concurrent = shared->concurrent;
    auto* scan = static_cast<ParallelTableScanDesc>(shm_toc_lookup(toc, kKeyScan, false));
    auto* arrays = static_cast<std::byte*>(shm_toc_lookup(toc, kKeyArrays, false));
    auto* sort = static_cast<Sharedsort*>(shm_toc_lookup(toc, kKeySort, false));
    tuplesort_attach_shared(sort, segment);
    const OperatorClass& opclass = operator_class(index);
    int dimensions = indexed_dimensions(index, "ivfflat");
    with_points(opclass, list_storage(index), dimensions, [&](const auto& points) {
        using Points = std::decay_t<decltype(points)>;
        auto* worker = make_in<Participant<Points>>(
            CurrentMemoryContext, heap, index, info, opclass, dimensions, points, shared,
            reinterpret_cast<std::byte*>(CACHELINEALIGN(arrays)), shared->shared_sample, false, CurrentMemoryContext);
        BarrierTeam team(&shared->barrier, false);
        if (clusters) worker->compute_centroids(&team);
        if (attached) BarrierDetach(&shared->barrier);
        ConditionVariablePrepareToSleep(&shared->changed);
        while (!shared->clustered.load())
            ConditionVariableSleep(&shared->changed, WAIT_EVENT_PARALLEL_CREATE_INDEX_SCAN);
        ConditionVariableCancelSleep();
        SortCoordinateData coordinate = {};
        coordinate.isWorker = true;
        coordinate.nParticipants = -1;
        coordinate.sharedsort = sort;
        worker->assign(table_beginscan_parallel(heap, scan), &coordinate);
        tuplesort_end(worker->sorted());
    });
    shared->sorted.fetch_add(1);
    ConditionVariableBroadcast(&shared->changed);
    index_close(index, index_lock);
    table_close(heap, heap_lock);
}

}  // namespace
}  // namespace vectorx::pg::ivfflat

IndexBuildResult* ivfflat_build(Relation heap, Relation index, IndexInfo* info) {
    return vectorx::pg::guard([=] { return vectorx::pg::ivfflat::build(heap, index, info); });
}

void ivfflat_build_empty(Relation index) {
    vectorx::pg::guard([=] { vectorx::pg::ivfflat::write_empty_fork(index); });
}

void ivfflat_build_worker(dsm_segment* segment, shm_toc* toc) {
    vectorx::pg::guard([=] { vectorx::pg::ivfflat::work(segment, toc); });
}

char* ivfflat_build_phase_name(int64 phase) {
    using namespace vectorx::pg::ivfflat;
    const char* name = nullptr;
    switch (phase) {
        case PROGRESS_CREATEIDX_SUBPHASE_INITIALIZE:
            name = "initializing";
            break;
        case kPhaseCluster:
            name = "performing k-means";
            break;
        case kPhaseAssign:
            name = "assigning tuples";
            break;
        case kPhaseWrite:
            name = "loading tuples";
            break;
        default:
            break;
    }
    return const_cast<char*>(name);
}
