// One participant of a build: the leader, or a parallel worker.
//
// All go through the same phases, separated by a barrier:
//   load    each scans its share of the table and appends vectors to the arena; over when the scan is, or the memory
//   merge   equal vectors become one node
//   link    the nodes are linked
//   write   the leader writes the graph to pages
//   append  what did not fit in memory is inserted into the pages, while the scan goes on
#pragma once

#include "core/graph/build.h"
#include "pg/hnsw/build_arena.h"
#include "pg/hnsw/insert.h"
#include "pg/hnsw/page_store.h"
#include "pg/hnsw/write.h"
#include "pg/index/indexed_type.h"

extern "C" {
#include <access/table.h>
#include <access/tableam.h>
#include <catalog/index.h>
#include <commands/progress.h>
#include <pgstat.h>
#include <storage/barrier.h>
}

namespace vectorx::pg::hnsw {

// For pg_stat_progress_create_index; hnsw_build_phase_name() has the texts.
enum BuildPhase : int64 {
    kPhaseLoad = PROGRESS_CREATEIDX_SUBPHASE_INITIALIZE + 1,
    kPhaseMerge,
    kPhaseLink,
    kPhaseWrite,
    kPhaseAppend,
};

// What the participants share; in dynamic shared memory if there are workers.
struct BuildShared {
    Oid heap = InvalidOid;
    Oid index = InvalidOid;
    bool concurrent = false;
    Barrier barrier;
    ArenaShared arena;
    // Stands for the heavyweight lock on page 0 while rows are inserted into pages: workers and leader are one lock
    // group, whose heavyweight locks do not conflict with each other's. Nobody else knows of the index yet.
    LWLock inserting;
    std::atomic<std::uint32_t> next_to_merge{0};
    std::atomic<std::uint32_t> next_to_link{0};
    std::atomic<std::uint32_t> linked{0};
    std::atomic<std::uint64_t> heap_rows{0};
    std::atomic<std::uint64_t> indexed_rows{0};
};

template <typename Codec>
class BuildParticipant {
 public:
    // `directory` as for BuildArena. `memory` lives as long as the build.
    BuildParticipant(Relation heap, Relation index, IndexInfo* info, const OperatorClass& opclass, const MetaPage& meta,
                     const Codec& codec, BuildShared* shared, dsa_pointer* directory, dsa_area* area, bool leader,
                     MemoryContext context)
        : heap_(heap),
          index_(index),
          info_(info),
          opclass_(opclass),
          dimensions_(static_cast<int>(meta.dimensions)),
          shared_(shared),
          leader_(leader),
          memory_(context),
          layout_(meta.m, codec.payload_size(), Codec::kVariableSize),
          arena_(&shared->arena, directory, area,
                 ArenaLayout({meta.m, meta.ef_construction}, codec, shared->arena.chunk_size), context),
          store_({meta.m, meta.ef_construction}, codec, &shared->arena.state, arena_.node_chunks(),
                 arena_.upper_chunks(), arena_.payload_chunks(), shared->arena.chunk_size),
          row_context_(AllocSetContextCreate(context, "hnsw build row", ALLOCSET_DEFAULT_SIZES)) {
        store_.set_interrupt_check(check_for_interrupts, this);
    }

    // `scan` is this participant's share of a parallel scan, or nullptr for the whole table.
    void run(TableScanDesc scan) {
        enter_phase(kPhaseLoad);
        double rows = table_index_build_scan(heap_, index_, info_, true, leader_, on_row, this, scan);
        if (!on_pages_) build_graph();
        shared_->heap_rows.fetch_add(static_cast<std::uint64_t>(rows));
        shared_->indexed_rows.fetch_add(indexed_rows_);
    }

 private:
    static void on_row(Relation, ItemPointer row, Datum* values, bool* isnull, bool, void* state) {
        // Called by PostgreSQL, which an exception must not cross.
        if (isnull[0]) return;
        guard([&] { static_cast<BuildParticipant*>(state)->add_row(row, values[0]); });
    }

    void add_row(ItemPointer row, Datum value) {
        MemoryContext caller = MemoryContextSwitchTo(row_context_);
        const std::byte* payload = encode_value(opclass_, dimensions_, value);
        if (payload != nullptr) {
            ++indexed_rows_;
            if (!on_pages_ && !add_to_arena(row, payload)) build_graph();
            if (on_pages_) {
                insert_payload(index_, opclass_, payload, row, Logging::kAtEnd,
                               arena_.shared() ? &shared_->inserting : nullptr, row_context_);
            }
            if (leader_ && on_pages_) pgstat_progress_update_param(PROGRESS_CREATEIDX_TUPLES_DONE, ++appended_);
        }
        MemoryContextSwitchTo(caller);
        MemoryContextReset(row_context_);
    }

    // Returns false when memory is used up, and then the row is not there.
    bool add_to_arena(ItemPointer row, const std::byte* payload) {
        int level = level_for(encode_row(row), store_.options().m);
        std::size_t size_apart = Codec::kVariableSize ? store_.codec().size_of(payload) : 0;
        NodeId node;
        std::uint32_t upper;
        std::uint64_t place;
        if (!arena_.claim(level, size_apart, &node, &upper, &place)) return false;
        store_.init_node(node, payload, encode_row(row), level, upper, place);
        if (leader_ && node % 64 == 0) pgstat_progress_update_param(PROGRESS_CREATEIDX_TUPLES_DONE, node);
        return true;
    }

    // From merging to writing. Every participant comes here once, in the middle of its scan or after it.
    void build_graph() {
        wait_for_others();
        on_pages_ = true;
        if (leader_) {
            if (shared_->arena.full.load()) {
                ereport(NOTICE,
                        (errmsg("hnsw graph no longer fits into maintenance_work_mem after " INT64_FORMAT " tuples",
                                static_cast<int64>(store_.node_count())),
                         errdetail("Building will take significantly more time."),
                         errhint("Increase maintenance_work_mem to speed up builds.")));
            }
            enter_phase(kPhaseMerge);
            arena_.map_all();
            arena_.clear_equal_table();
        }
        wait_for_others();
        arena_.map_all();
        merge_share(store_, &shared_->next_to_merge, arena_.equal_table(), shared_->arena.equal_table_size);
        wait_for_others();
        if (leader_) {
            arena_.free_equal_table();
            enter_phase(kPhaseLink);
            pgstat_progress_update_param(PROGRESS_CREATEIDX_TUPLES_TOTAL, store_.node_count());
        }
        link_share(store_, &shared_->next_to_link, &shared_->linked, &memory_);
        wait_for_others();
        if (leader_) {
            move_root(store_, &memory_);
            enter_phase(kPhaseWrite);
            auto uppers = shared_->arena.state.upper_count.load();
            GraphWriter<Codec>(index_, store_, layout_, uppers, &memory_).write();
            enter_phase(kPhaseAppend);
        }
        wait_for_others();
    }

    void wait_for_others() { BarrierArriveAndWait(&shared_->barrier, WAIT_EVENT_PARALLEL_CREATE_INDEX_SCAN); }

    void enter_phase(BuildPhase phase) {
        if (!leader_) return;
        pgstat_progress_update_param(PROGRESS_CREATEIDX_SUBPHASE, phase);
        pgstat_progress_update_param(PROGRESS_CREATEIDX_TUPLES_TOTAL, 0);
        pgstat_progress_update_param(PROGRESS_CREATEIDX_TUPLES_DONE, 0);
        phase_ = phase;
    }

    static void check_for_interrupts(void* participant) {
        CHECK_FOR_INTERRUPTS();
        auto* self = static_cast<BuildParticipant*>(participant);
        if (self->leader_ && self->phase_ == kPhaseLink && ++self->checks_ % 4096 == 0)
            pgstat_progress_update_param(PROGRESS_CREATEIDX_TUPLES_DONE, self->shared_->linked.load());
    }

    Relation heap_;
    Relation index_;
    IndexInfo* info_;
    const OperatorClass& opclass_;
    int dimensions_;
    BuildShared* shared_;
    bool leader_;
    ContextMemory memory_;
    IndexLayout layout_;
    BuildArena arena_;
    MemoryStore<Codec> store_;
    MemoryContext row_context_;
    bool on_pages_ = false;
    BuildPhase phase_ = kPhaseLoad;
    std::uint64_t indexed_rows_ = 0;
    std::int64_t appended_ = 0;
    std::uint32_t checks_ = 0;
};

}  // namespace vectorx::pg::hnsw
