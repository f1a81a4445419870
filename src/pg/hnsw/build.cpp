// CREATE INDEX: sets up the meta page, shared memory and workers, then takes part in the build itself (build.h).
#include "pg/hnsw/build.h"

#include "pg/hnsw/callbacks.h"
#include "pg/hnsw/options.h"
#include "pg/hnsw/sample.h"
#include "pg/index/workers.h"
#include "pg/race_point.h"

extern "C" {
#include <access/parallel.h>
#include <access/xact.h>
#include <access/xloginsert.h>
#include <executor/instrument.h>
#include <storage/smgr.h>
#include <tcop/tcopprot.h>
#include <utils/snapmgr.h>

PGDLLEXPORT void hnsw_build_worker(dsm_segment* segment, shm_toc* toc);
}

namespace vectorx::pg::hnsw {
namespace {

// Keys of the build's table of contents.
enum : uint64 { kKeyShared = 1, kKeyScan, kKeyDirectory, kKeyArea, kKeyQuery, kKeyBufferUsage, kKeyWalUsage };

// What pg_stat_activity shows of a participant that waits for another one to raise the entry point.
constexpr const char* kInsertingTranche = "HnswBuildInsert";

// PostgreSQL takes no number back, so a backend asks for one only once.
int inserting_tranche() {
    static int tranche = 0;
    if (tranche == 0) {
        tranche = LWLockNewTrancheId();
        LWLockRegisterTranche(tranche, kInsertingTranche);
    }
    return tranche;
}

// What CREATE INDEX says of an index.
struct Definition {
    GraphOptions options;
    const OperatorClass& opclass;
    int dimensions;
    Storage storage;
    bool storage_is_said;
};

Definition checked_definition(Relation index) {
    GraphOptions options = graph_options(index);
    check_support_procedure(index, "hnsw");
    const OperatorClass& opclass = operator_class(index);
    int dimensions = indexed_dimensions(index, "hnsw");
    if (options.ef_construction < 2 * options.m) {
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("ef_construction must be greater than or equal to 2 * m")));
    }
    bool said;
    Storage storage = storage_option(index, opclass, dimensions, &said);
    // Codes are small enough for all that the types hold.
    if (storage == Storage::kPlain) check_dimensions_limit(dimensions, opclass.max_dimensions, "hnsw");
    return {options, opclass, dimensions, storage, said};
}

void write_empty_index(Relation index, ForkNumber fork, const Definition& definition) {
    std::size_t payload_size = with_codec_of(definition.opclass, definition.storage, definition.dimensions, nullptr,
                                             [](const auto& codec) { return codec.payload_size(); });
    if (payload_size > IndexLayout::kMaxPayload)
        ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("index tuple too large")));

    Buffer buffer = extend(index, fork);
    START_CRIT_SECTION();
    init_meta_page(BufferGetPage(buffer), definition.options, definition.storage, definition.dimensions, payload_size,
                   static_cast<int>(definition.opclass.metric));
    MetaPage meta = *meta_page(BufferGetPage(buffer));
    MarkBufferDirty(buffer);
    if (fork == INIT_FORKNUM) log_newpage_buffer(buffer, true);
    END_CRIT_SECTION();
    UnlockReleaseBuffer(buffer);
    add_centre_pages(index, fork, meta);
}

class Build {
 public:
    // `centre` as QuantizedCodec has it.
    Build(Relation heap, Relation index, IndexInfo* info, const float* centre)
        : heap_(heap), index_(index), info_(info), opclass_(operator_class(index)), meta_(read_meta(index)) {
        if (centre == nullptr) return;
        write_centre(index_, Logging::kAtEnd, meta_, centre);
        meta_ = read_meta(index_);
    }

    void run() {
        with_index_codec(index_, meta_, [&](const auto& codec) {
            std::size_t budget = static_cast<std::size_t>(maintenance_work_mem) * 1024;
            ArenaLayout layout({meta_.m, meta_.ef_construction}, codec, BuildArena::chunk_size(budget));
            std::uint32_t chunks = BuildArena::max_chunks(budget, layout);
            int workers = build_worker_count(heap_, index_);
            if (workers == 0 || !run_parallel(codec, workers, budget, chunks)) run_alone(codec, budget, chunks);
        });
    }

    double heap_rows = 0;
    double indexed_rows = 0;

 private:
    void init_shared(BuildShared* shared, std::size_t budget, std::uint32_t chunks) {
        new (shared) BuildShared;
        shared->heap = RelationGetRelid(heap_);
        shared->index = RelationGetRelid(index_);
        shared->concurrent = info_->ii_Concurrent;
        shared->arena.chunk_size = BuildArena::chunk_size(budget);
        shared->arena.budget = budget;
        shared->arena.max_chunks = chunks;
        BarrierInit(&shared->barrier, 0);
        // The leader, before any worker can be there.
        BarrierAttach(&shared->barrier);
    }

    template <typename Codec>
    void run_alone(const Codec& codec, std::size_t budget, std::uint32_t chunks) {
        auto* shared = static_cast<BuildShared*>(palloc(sizeof(BuildShared)));
        init_shared(shared, budget, chunks);
        auto* directory = static_cast<dsa_pointer*>(
            MemoryContextAllocHuge(CurrentMemoryContext, BuildArena::kDirectories * chunks * sizeof(dsa_pointer)));
        participate(codec, shared, directory, nullptr, nullptr, nullptr);
    }

    template <typename Codec>
    void participate(const Codec& codec, BuildShared* shared, dsa_pointer* directory, dsa_area* area,
                     TableScanDesc scan, ParallelContext* workers) {
        auto* leader = make_in<BuildParticipant<Codec>>(CurrentMemoryContext, heap_, index_, info_, opclass_, meta_,
                                                        codec, shared, directory, area, true, CurrentMemoryContext);
        race_point("build_leader");
        leader->run(scan);
        if (workers != nullptr) WaitForParallelWorkersToFinish(workers);
        heap_rows = static_cast<double>(shared->heap_rows.load());
        indexed_rows = static_cast<double>(shared->indexed_rows.load());
    }

    // Returns false when there is no shared memory or no worker to be had.
    template <typename Codec>
    bool run_parallel(const Codec& codec, int workers, std::size_t budget, std::uint32_t chunks) {
        EnterParallelMode();
        ParallelContext* context = CreateParallelContext("vectorx", "hnsw_build_worker", workers);
        Snapshot snapshot = info_->ii_Concurrent ? RegisterSnapshot(GetTransactionSnapshot()) : SnapshotAny;

        Size scan_size = table_parallelscan_estimate(heap_, snapshot);
        Size directory_size = mul_size(BuildArena::kDirectories * sizeof(dsa_pointer), chunks);
        Size area_size = dsa_minimum_size();
        Size query_size = debug_query_string != nullptr ? strlen(debug_query_string) + 1 : 1;
        auto participants = static_cast<Size>(context->nworkers);
        Size buffer_usage_size = mul_size(sizeof(BufferUsage), participants);
        Size wal_usage_size = mul_size(sizeof(WalUsage), participants);
        for (Size size :
             {sizeof(BuildShared), scan_size, directory_size, area_size, query_size, buffer_usage_size, wal_usage_size})
            shm_toc_estimate_chunk(&context->estimator, size);
        shm_toc_estimate_keys(&context->estimator, 7);
        InitializeParallelDSM(context);

        bool parallel = context->seg != nullptr;
        if (parallel) {
            auto* shared = static_cast<BuildShared*>(shm_toc_allocate(context->toc, sizeof(BuildShared)));
            init_shared(shared, budget, chunks);
            // What is waited for under these locks is the growth of dynamic shared memory.
            LWLockInitialize(&shared->arena.growing, LWTRANCHE_PARALLEL_QUERY_DSA);
            LWLockInitialize(&shared->inserting, inserting_tranche());
            auto* scan = static_cast<ParallelTableScanDesc>(shm_toc_allocate(context->toc, scan_size));
            table_parallelscan_initialize(heap_, scan, snapshot);
            auto* directory = static_cast<dsa_pointer*>(shm_toc_allocate(context->toc, directory_size));
            void* place = shm_toc_allocate(context->toc, area_size);
            dsa_area* area = dsa_create_in_place(place, area_size, LWTRANCHE_PARALLEL_QUERY_DSA, context->seg);
            dsa_set_size_limit(area, BuildArena::area_limit(budget));
            auto* query = static_cast<char*>(shm_toc_allocate(context->toc, query_size));
            strlcpy(query, debug_query_string != nullptr ? debug_query_string : "", query_size);
            auto* buffer_usage = static_cast<BufferUsage*>(shm_toc_allocate(context->toc, buffer_usage_size));
            auto* wal_usage = static_cast<WalUsage*>(shm_toc_allocate(context->toc, wal_usage_size));
            // A worker that comes too late does not set its own.
            memset(buffer_usage, 0, buffer_usage_size);
            memset(wal_usage, 0, wal_usage_size);
            shm_toc_insert(context->toc, kKeyBufferUsage, buffer_usage);
            shm_toc_insert(context->toc, kKeyWalUsage, wal_usage);
            shm_toc_insert(context->toc, kKeyShared, shared);
            shm_toc_insert(context->toc, kKeyScan, scan);
            shm_toc_insert(context->toc, kKeyDirectory, directory);
            shm_toc_insert(context->toc, kKeyArea, place);
            shm_toc_insert(context->toc, kKeyQuery, query);

            LaunchParallelWorkers(context);
            parallel = context->nworkers_launched > 0;
            if (parallel) {
                participate(codec, shared, directory, area, table_beginscan_parallel(heap_, scan), context);
                for (int i = 0; i < context->nworkers_launched; ++i)
                    InstrAccumParallelQuery(&buffer_usage[i], &wal_usage[i]);
            } else {
                WaitForParallelWorkersToFinish(context);
            }
            dsa_detach(area);
        }
        if (IsMVCCSnapshot(snapshot)) UnregisterSnapshot(snapshot);
        DestroyParallelContext(context);
        ExitParallelMode();
        return parallel;
    }

    Relation heap_;
    Relation index_;
    IndexInfo* info_;
    const OperatorClass& opclass_;
    MetaPage meta_;
};

IndexBuildResult* build(Relation heap, Relation index, IndexInfo* info) {
    if (RelationGetNumberOfBlocks(index) != 0)
        elog(ERROR, "index \"%s\" already contains data", RelationGetRelationName(index));
    MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "hnsw build", ALLOCSET_DEFAULT_SIZES);
    MemoryContext caller = MemoryContextSwitchTo(context);
    Definition definition = checked_definition(index);
    const float* centre = nullptr;
    if (definition.storage == Storage::kQuantized) {
        Metric metric = definition.opclass.metric;
        VectorSample sample = sample_vectors(heap, index, info, definition.opclass, definition.dimensions);
        centre = centre_of(sample, metric);
        bool may_be_plain = !definition.storage_is_said && definition.dimensions <= definition.opclass.max_dimensions;
        if (may_be_plain && !codes_tell_apart(sample, metric, centre)) {
            definition.storage = Storage::kPlain;
            centre = nullptr;
        }
    }
    write_empty_index(index, MAIN_FORKNUM, definition);
    Build build(heap, index, info, centre);
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
    race_point("build_worker");
    auto* shared = static_cast<BuildShared*>(shm_toc_lookup(toc, kKeyShared, false));
    // A worker that comes when loading is over finds nothing left to scan, and the others do not wait for it.
    if (BarrierAttach(&shared->barrier) != 0) {
        BarrierDetach(&shared->barrier);
        return;
    }
    LWLockRegisterTranche(shared->inserting.tranche, kInsertingTranche);

    LOCKMODE heap_lock = shared->concurrent ? ShareUpdateExclusiveLock : ShareLock;
    LOCKMODE index_lock = shared->concurrent ? RowExclusiveLock : AccessExclusiveLock;
    Relation heap = table_open(shared->heap, heap_lock);
    Relation index = index_open(shared->index, index_lock);
    IndexInfo* info = BuildIndexInfo(index);
    info->ii_Concurrent = shared->concurrent;
    InstrStartParallelQuery();

    auto* scan = static_cast<ParallelTableScanDesc>(shm_toc_lookup(toc, kKeyScan, false));
    auto* directory = static_cast<dsa_pointer*>(shm_toc_lookup(toc, kKeyDirectory, false));
    dsa_area* area = dsa_attach_in_place(shm_toc_lookup(toc, kKeyArea, false), segment);
    MetaPage meta = read_meta(index);
    const OperatorClass& opclass = operator_class(index);
    with_index_codec(index, meta, [&](const auto& codec) {
        using Codec = std::decay_t<decltype(codec)>;
        auto* worker = make_in<BuildParticipant<Codec>>(CurrentMemoryContext, heap, index, info, opclass, meta, codec,
                                                        shared, directory, area, false, CurrentMemoryContext);
        worker->run(table_beginscan_parallel(heap, scan));
    });
    BarrierDetach(&shared->barrier);
    auto* buffer_usage = static_cast<BufferUsage*>(shm_toc_lookup(toc, kKeyBufferUsage, false));
    auto* wal_usage = static_cast<WalUsage*>(shm_toc_lookup(toc, kKeyWalUsage, false));
    InstrEndParallelQuery(&buffer_usage[ParallelWorkerNumber], &wal_usage[ParallelWorkerNumber]);
    dsa_detach(area);
    index_close(index, index_lock);
    table_close(heap, heap_lock);
}

}  // namespace
}  // namespace vectorx::pg::hnsw

IndexBuildResult* hnsw_build(Relation heap, Relation index, IndexInfo* info) {
    return vectorx::pg::guard([=] { return vectorx::pg::hnsw::build(heap, index, info); });
}

void hnsw_build_empty(Relation index) {
    vectorx::pg::guard([=] {
        using namespace vectorx::pg::hnsw;
        write_empty_index(index, INIT_FORKNUM, checked_definition(index));
    });
}

void hnsw_build_worker(dsm_segment* segment, shm_toc* toc) {
    vectorx::pg::guard([=] { vectorx::pg::hnsw::work(segment, toc); });
}

char* hnsw_build_phase_name(int64 phase) {
    using namespace vectorx::pg::hnsw;
    const char* name = nullptr;
    switch (phase) {
        case PROGRESS_CREATEIDX_SUBPHASE_INITIALIZE:
            name = "initializing";
            break;
        case kPhaseLoad:
            name = "loading tuples";
            break;
        case kPhaseMerge:
            name = "merging equal vectors";
            break;
        case kPhaseLink:
            name = "linking nodes";
            break;
        case kPhaseWrite:
            name = "writing pages";
            break;
        case kPhaseAppend:
            name = "inserting remaining tuples into pages";
            break;
        default:
            break;
    }
    return const_cast<char*>(name);
}
