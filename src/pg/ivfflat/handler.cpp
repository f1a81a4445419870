// What PostgreSQL knows of the access method.
#include "pg/boundary.h"
#include "pg/compat.h"
#include "pg/ivfflat/callbacks.h"

extern "C" {
#include <access/reloptions.h>
#include <commands/vacuum.h>
}

#include "pg/index/validate.h"
#include "pg/ivfflat/options.h"

bytea* ivfflat_options(Datum reloptions, bool validate) {
    return vectorx::pg::guard([=] { return vectorx::pg::ivfflat::parse_options(reloptions, validate); });
}

bool ivfflat_validate(Oid opclass) {
    return vectorx::pg::guard([=] { return vectorx::pg::validate_operator_class(opclass, "ivfflat"); });
}

VECTORX_FUNCTION(ivfflathandler) {
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
    am->amusemaintenanceworkmem = false;
    am->amparallelvacuumoptions = VACUUM_OPTION_PARALLEL_BULKDEL;
    am->amkeytype = InvalidOid;

    am->ambuild = ivfflat_build;
    am->ambuildempty = ivfflat_build_empty;
    am->aminsert = ivfflat_insert;
    am->ambulkdelete = ivfflat_bulk_delete;
    am->amvacuumcleanup = ivfflat_vacuum_cleanup;
    am->amcanreturn = nullptr;
    am->amcostestimate = ivfflat_cost_estimate;
    am->amoptions = ivfflat_options;
    am->amproperty = nullptr;
    am->ambuildphasename = ivfflat_build_phase_name;
    am->amvalidate = ivfflat_validate;
    am->amadjustmembers = nullptr;
    am->ambeginscan = ivfflat_begin_scan;
    am->amrescan = ivfflat_rescan;
    am->amgettuple = ivfflat_get_tuple;
    am->amgetbitmap = nullptr;
    am->amendscan = ivfflat_end_scan;
    am->ammarkpos = nullptr;
    am->amrestrpos = nullptr;
    am->amestimateparallelscan = nullptr;
    am->aminitparallelscan = nullptr;
    am->amparallelrescan = nullptr;
    vectorx::pg::set_version_dependent(am);
    PG_RETURN_POINTER(am);
}
