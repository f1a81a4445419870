// What PostgreSQL knows of the access method.
#include "pg/boundary.h"
#include "pg/ivfflat/callbacks.h"

extern "C" {
#include <access/reloptions.h>
#include <commands/vacuum.h>
}

#include "pg/index/routine.h"
#include "pg/index/validate.h"
#include "pg/ivfflat/options.h"

bytea* ivfflat_options(Datum reloptions, bool validate) {
    return vectorx::pg::guard([=] { return vectorx::pg::ivfflat::parse_options(reloptions, validate); });
}

bool ivfflat_validate(Oid opclass) {
    return vectorx::pg::guard([=] { return vectorx::pg::validate_operator_class(opclass, "ivfflat"); });
}

VECTORX_FUNCTION(ivfflathandler) {
    IndexAmRoutine* am = vectorx::pg::make_routine();
    am->ambuild = ivfflat_build;
    am->ambuildempty = ivfflat_build_empty;
    am->aminsert = ivfflat_insert;
    am->ambulkdelete = ivfflat_bulk_delete;
    am->amvacuumcleanup = ivfflat_vacuum_cleanup;
    am->amcostestimate = ivfflat_cost_estimate;
    am->amoptions = ivfflat_options;
    am->ambuildphasename = ivfflat_build_phase_name;
    am->amvalidate = ivfflat_validate;
    am->ambeginscan = ivfflat_begin_scan;
    am->amrescan = ivfflat_rescan;
    am->amgettuple = ivfflat_get_tuple;
    am->amendscan = ivfflat_end_scan;
    PG_RETURN_POINTER(am);
}
