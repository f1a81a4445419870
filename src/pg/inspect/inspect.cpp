// The functions that look into an index: who may, and which access method answers.
#include "pg/hnsw/inspect.h"
#include "pg/boundary.h"
#include "pg/compat.h"
#include "pg/ivfflat/inspect.h"

extern "C" {
#include <access/genam.h>
#include <access/htup_details.h>
#include <access/relation.h>
#include <access/table.h>
#include <catalog/index.h>
#include <catalog/pg_am.h>
#include <catalog/pg_authid.h>
#include <commands/defrem.h>
#include <funcapi.h>
#include <storage/lmgr.h>
#include <utils/acl.h>
#include <utils/lsyscache.h>
}

namespace vectorx::pg {
namespace {

// An error unless the user owns the relation or is a member of pg_stat_scan_tables. Takes no lock.
void check_may_inspect(Oid oid) {
    const char* name = get_rel_name(oid);
    if (name == nullptr) {
        ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT), errmsg("could not open relation with OID %u", oid)));
    }
    if (!owns_relation(oid) && !has_privs_of_role(GetUserId(), ROLE_PG_STAT_SCAN_TABLES))
        aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_INDEX, name);
}

bool is_hnsw(Relation index) { return index->rd_rel->relam == get_index_am_oid("hnsw", false); }
bool is_ivfflat(Relation index) { return index->rd_rel->relam == get_index_am_oid("ivfflat", false); }

// Opens an index of ours; an error if it is something else, or the user may not look into it.
Relation open_for_inspection(Oid oid, LOCKMODE mode) {
    // Before the lock, for which others would have to wait.
    check_may_inspect(oid);
    Relation index = relation_open(oid, mode);
    if (index->rd_rel->relkind != RELKIND_INDEX || !(is_hnsw(index) || is_ivfflat(index))) {
        ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
                        errmsg("\"%s\" is not an hnsw or ivfflat index", RelationGetRelationName(index))));
    }
    if (RELATION_IS_OTHER_TEMP(index)) {
        ereport(ERROR,
                (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("cannot access temporary indexes of other sessions")));
    }
    return index;
}

Datum index_stats(FunctionCallInfo fcinfo) {
    TupleDesc descriptor;
    if (get_call_result_type(fcinfo, nullptr, &descriptor) != TYPEFUNC_COMPOSITE)
        elog(ERROR, "return type must be a row type");
    Relation index = open_for_inspection(PG_GETARG_OID(0), AccessShareLock);
    BlessTupleDesc(descriptor);
    HeapTuple row = is_hnsw(index) ? hnsw::index_stats(index, descriptor) : ivfflat::index_stats(index, descriptor);
    relation_close(index, AccessShareLock);
    return HeapTupleGetDatum(row);
}

void check(FunctionCallInfo fcinfo) {
    auto* result = reinterpret_cast<ReturnSetInfo*>(fcinfo->resultinfo);
    materialize_result(fcinfo);
    Oid oid = PG_GETARG_OID(0);
    bool heapallindexed = PG_GETARG_BOOL(1);
    check_may_inspect(oid);
    // The table first, as whoever locks both does. This lock keeps vacuum out.
    Oid heap_oid = IndexGetRelation(oid, true);
    if (OidIsValid(heap_oid)) LockRelationOid(heap_oid, ShareUpdateExclusiveLock);
    Relation index = open_for_inspection(oid, ShareUpdateExclusiveLock);
    Relation heap = table_open(index->rd_index->indrelid, NoLock);
    if (is_hnsw(index))
        hnsw::check(heap, index, heapallindexed, result);
    else
        ivfflat::check(heap, index, heapallindexed, result);
    relation_close(index, ShareUpdateExclusiveLock);
    table_close(heap, ShareUpdateExclusiveLock);
}

}  // namespace
}  // namespace vectorx::pg

VECTORX_FUNCTION(vectorx_index_stats) { return vectorx::pg::index_stats(fcinfo); }

VECTORX_FUNCTION(vectorx_check) {
    vectorx::pg::check(fcinfo);
    PG_RETURN_NULL();
}
