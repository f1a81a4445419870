// What our access methods can and cannot do, as PostgreSQL asks for it.
#pragma once

#include "pg/compat.h"

namespace vectorx::pg {

// An IndexAmRoutine without callbacks.
inline IndexAmRoutine* make_routine() {
    IndexAmRoutine* am = makeNode(IndexAmRoutine);  // all zero: what is not named is not supported
    am->amsupport = 1;
    am->amcanorderbyop = true;
    am->amoptionalkey = true;
    am->amparallelvacuumoptions = VACUUM_OPTION_PARALLEL_BULKDEL;
    am->amkeytype = InvalidOid;
    set_version_dependent(am);
    return am;
}

}  // namespace vectorx::pg
