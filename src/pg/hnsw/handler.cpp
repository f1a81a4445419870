// What PostgreSQL knows of the access method.
#include "pg/boundary.h"
#include "pg/compat.h"
#include "pg/hnsw/callbacks.h"

extern "C" {
#include <access/reloptions.h>
#include <commands/vacuum.h>
}

#include "pg/hnsw/options.h"
#include "pg/index/validate.h"

bytea* hnsw_options(Datum reloptions, bool validate) {
    return vectorx::pg::guard([=] { return vectorx::pg::hnsw::parse_options(reloptions, validate); });
}

bool hnsw_validate(Oid opclass) {
    return vectorx::pg::guard([=] { return vectorx::pg::validate_operator_class(opclass, "hnsw"); });
}

VECTORX_FUNCTION(hnswhandler) {
    IndexAmRoutine* am = makeNode(IndexAmRoutine);
    am->amstrategies = 0;
    am->amsupport = 1;
    am->amoptsprocnum = 0;
    am->amcanorder = false;
    am->amcanorderbyop = true;
    am->amcanbackward = false;  // no mark and restore either
    am->amcanunique = false;
    am->amcanmulticol = false;
    am->amoptionalkey = true;
    am->amsearcharray = false;
    am->amsearchnulls = false;
    am->amstorage = false;
    am->amclusterable = false;
    am->ampredlocks = false;
    am->amcanparallel = false;
    am->amcaninclude = false;
    am->amusemaintenanceworkmem = true;  // vacuum needs four bytes for each node, and a bit for each slot
    am->amparallelvacuumoptions = VACUUM_OPTION_PARALLEL_BULKDEL;
    am->amkeytype = InvalidOid;

    am->ambuild = hnsw_build;
    am->ambuildempty = hnsw_build_empty;
    am->aminsert = hnsw_insert;
    am->ambulkdelete = hnsw_bulk_delete;
    am->amvacuumcleanup = hnsw_vacuum_cleanup;
    am->amcanreturn = nullptr;
    am->amcostestimate = hnsw_cost_estimate;
    am->amoptions = hnsw_options;
    am->amproperty = nullptr;
    am->ambuildphasename = hnsw_build_phase_name;
    am->amvalidate = hnsw_validate;
    am->amadjustmembers = nullptr;
    am->ambeginscan = hnsw_begin_scan;
    am->amrescan = hnsw_rescan;
    am->amgettuple = hnsw_get_tuple;
    am->amgetbitmap = nullptr;
    am->amendscan = hnsw_end_scan;
    am->ammarkpos = nullptr;
    am->amrestrpos = nullptr;
    am->amestimateparallelscan = nullptr;
    am->aminitparallelscan = nullptr;
    am->amparallelrescan = nullptr;
    vectorx::pg::set_version_dependent(am);
    PG_RETURN_POINTER(am);
}
