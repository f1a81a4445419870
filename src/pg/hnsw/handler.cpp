// What PostgreSQL knows of the access method.
#include "pg/boundary.h"
#include "pg/hnsw/callbacks.h"

extern "C" {
#include <access/reloptions.h>
#include <commands/vacuum.h>
}

#include "pg/hnsw/options.h"
#include "pg/index/routine.h"
#include "pg/index/validate.h"

bytea* hnsw_options(Datum reloptions, bool validate) {
    return vectorx::pg::guard([=] { return vectorx::pg::hnsw::parse_options(reloptions, validate); });
}

bool hnsw_validate(Oid opclass) {
    return vectorx::pg::guard([=] { return vectorx::pg::validate_operator_class(opclass, "hnsw"); });
}

VECTORX_FUNCTION(hnswhandler) {
    IndexAmRoutine* am = vectorx::pg::make_routine();
    am->amusemaintenanceworkmem = true;  // vacuum needs a bit for each slot
    am->ambuild = hnsw_build;
    am->ambuildempty = hnsw_build_empty;
    am->aminsert = hnsw_insert;
    am->ambulkdelete = hnsw_bulk_delete;
    am->amvacuumcleanup = hnsw_vacuum_cleanup;
    am->amcostestimate = hnsw_cost_estimate;
    am->amoptions = hnsw_options;
    am->ambuildphasename = hnsw_build_phase_name;
    am->amvalidate = hnsw_validate;
    am->ambeginscan = hnsw_begin_scan;
    am->amrescan = hnsw_rescan;
    am->amgettuple = hnsw_get_tuple;
    am->amendscan = hnsw_end_scan;
    PG_RETURN_POINTER(am);
}
