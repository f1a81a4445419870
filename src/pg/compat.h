// Differences between the PostgreSQL versions that are supported, in one place.
#pragma once
#pragma GCC system_header

#include "pg/postgres.h"

extern "C" {
// VARSIZE and its like left postgres.h in PostgreSQL 16.
#if PG_VERSION_NUM >= 160000
#include <varatt.h>
#endif
}

extern "C" {
#include <access/amapi.h>
#include <access/reloptions.h>
#include <access/relscan.h>
#include <catalog/pg_class.h>
#include <commands/vacuum.h>
#include <executor/instrument.h>
#include <funcapi.h>
#include <nodes/pathnodes.h>
#include <pgstat.h>
#include <storage/buf_internals.h>
#include <storage/bufmgr.h>
#include <utils/acl.h>
#include <utils/guc.h>
#include <utils/rel.h>
#include <utils/tuplestore.h>
}

namespace vectorx::pg {

// Settings with the prefix that no library has defined become errors.
inline void mark_setting_prefix_reserved(const char* prefix) {
#if PG_VERSION_NUM >= 150000
    MarkGUCPrefixReserved(prefix);
#else
    EmitWarningsOnPlaceholders(prefix);
#endif
}

inline bool owns_relation(Oid oid) {
#if PG_VERSION_NUM >= 160000
    return object_ownercheck(RelationRelationId, oid, GetUserId());
#else
    return pg_class_ownercheck(oid, GetUserId());
#endif
}

// Runs what follows, until leave(), as the owner of `table` and without access to what is the session's: for functions
// that the owner has put into an index. An error ends it as well.
class OwnerContext {
 public:
    explicit OwnerContext(Relation table) {
        GetUserIdAndSecContext(&user_, &security_context_);
        SetUserIdAndSecContext(table->rd_rel->relowner, security_context_ | SECURITY_RESTRICTED_OPERATION);
        nest_level_ = NewGUCNestLevel();
#if PG_VERSION_NUM >= 170000
        RestrictSearchPath();
#endif
    }
    void leave() {
        AtEOXact_GUC(false, nest_level_);
        SetUserIdAndSecContext(user_, security_context_);
    }

 private:
    Oid user_;
    int security_context_;
    int nest_level_;
};

// Sets up the tuplestore into which a set-returning function puts its rows.
inline void materialize_result(FunctionCallInfo fcinfo) {
#if PG_VERSION_NUM >= 160000
    InitMaterializedSRF(fcinfo, 0);
#else
    auto* result = reinterpret_cast<ReturnSetInfo*>(fcinfo->resultinfo);
    if (result == nullptr || !IsA(result, ReturnSetInfo) || (result->allowedModes & SFRM_Materialize) == 0)
        ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                        errmsg("set-valued function called in context that cannot accept a set")));
    TupleDesc descriptor;
    if (get_call_result_type(fcinfo, nullptr, &descriptor) != TYPEFUNC_COMPOSITE)
        elog(ERROR, "return type must be a row type");
    MemoryContext caller = MemoryContextSwitchTo(result->econtext->ecxt_per_query_memory);
    result->returnMode = SFRM_Materialize;
    result->setResult = tuplestore_begin_heap(true, false, work_mem);
    result->setDesc = CreateTupleDescCopy(descriptor);
    MemoryContextSwitchTo(caller);
#endif
}

// Sleeps when vacuum has used up its cost limit; answers interrupts.
inline void vacuum_delay() {
#if PG_VERSION_NUM >= 180000
    vacuum_delay_point(false);
#else
    vacuum_delay_point();
#endif
}

// Keeps the planner from a path that cannot be run; an infinite cost alone says so before PostgreSQL 18.
inline void disable_path([[maybe_unused]] Path* path) {
#if PG_VERSION_NUM >= 180000
    path->disabled_nodes = 2;
#endif
}

// Fields of an index access method that not all versions have.
inline void set_version_dependent([[maybe_unused]] IndexAmRoutine* am) {
#if PG_VERSION_NUM >= 160000
    am->amsummarizing = false;
#endif
#if PG_VERSION_NUM >= 170000
    am->amcanbuildparallel = true;
#endif
}

// An entry of the table that build_reloptions() takes.
constexpr relopt_parse_elt storage_parameter(const char* name, relopt_type type, std::size_t offset) {
    relopt_parse_elt entry{};
    entry.optname = name;
    entry.opttype = type;
    entry.offset = static_cast<int>(offset);
    return entry;
}

// Whether a shared buffer holds this block of the relation's main fork, as far as can be said without a lock.
inline bool buffer_holds(Buffer buffer, Relation relation, BlockNumber block) {
    const BufferDesc* descriptor = GetBufferDescriptor(buffer - 1);
    if ((pg_atomic_read_u32(const_cast<pg_atomic_uint32*>(&descriptor->state)) & BM_VALID) == 0) return false;
    BufferTag tag;
#if PG_VERSION_NUM >= 160000
    InitBufferTag(&tag, &relation->rd_locator, MAIN_FORKNUM, block);
    return BufferTagsEqual(&tag, &descriptor->tag);
#else
    INIT_BUFFERTAG(tag, relation->rd_node, MAIN_FORKNUM, block);
    return BUFFERTAGS_EQUAL(tag, descriptor->tag);
#endif
}

// Counts a search of an index, for pg_stat_all_indexes and for EXPLAIN.
inline void count_search(IndexScanDesc scan) {
    pgstat_count_index_scan(scan->indexRelation);
#if PG_VERSION_NUM >= 180000
    if (scan->instrument != nullptr) ++scan->instrument->nsearches;
#endif
}

// Whether this backend may change a buffer.
inline bool buffer_is_locked_exclusively(Buffer buffer) {
    return BufferIsLocal(buffer) ||
           LWLockHeldByMeInMode(BufferDescriptorGetContentLock(GetBufferDescriptor(buffer - 1)), LW_EXCLUSIVE);
}

// What ReadBuffer() counts for pages that it finds in shared buffers.
inline void count_buffer_hits(Relation relation, int pages) {
    pgBufferUsage.shared_blks_hit += pages;
#if PG_VERSION_NUM >= 180000
    pgstat_count_io_op(IOOBJECT_RELATION, IOCONTEXT_NORMAL, IOOP_HIT, static_cast<uint32>(pages), 0);
#elif PG_VERSION_NUM >= 160000
    pgstat_count_io_op_n(IOOBJECT_RELATION, IOCONTEXT_NORMAL, IOOP_HIT, static_cast<uint32>(pages));
#endif
    for (int i = 0; i < pages; ++i) {
        pgstat_count_buffer_read(relation);
        pgstat_count_buffer_hit(relation);
    }
}

}  // namespace vectorx::pg
