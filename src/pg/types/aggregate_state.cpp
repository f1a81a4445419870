#include "pg/types/aggregate_state.h"

#include "pg/compat.h"

extern "C" {
#include <catalog/pg_type.h>
}

namespace vectorx::pg {

AggregateState state_argument(FunctionCallInfo fcinfo, int argument, const char* caller) {
    ArrayType* array = PG_GETARG_ARRAYTYPE_P(argument);
    if (ARR_NDIM(array) != 1 || ARR_DIMS(array)[0] < 1 || ARR_HASNULL(array) || ARR_ELEMTYPE(array) != FLOAT8OID) {
        elog(ERROR, "%s: expected state array", caller);
    }
    return {array, ARR_DIMS(array)[0] - 1, reinterpret_cast<double*>(ARR_DATA_PTR(array))};
}

AggregateState new_state(int dim) {
    std::size_t bytes = ARR_OVERHEAD_NONULLS(1) + (static_cast<std::size_t>(dim) + 1) * sizeof(double);
    auto* array = static_cast<ArrayType*>(palloc(bytes));
    SET_VARSIZE(array, bytes);
    array->ndim = 1;
    array->dataoffset = 0;  // no null bitmap
    array->elemtype = FLOAT8OID;
    ARR_DIMS(array)[0] = dim + 1;
    ARR_LBOUND(array)[0] = 1;
    return {array, dim, reinterpret_cast<double*>(ARR_DATA_PTR(array))};
}

}  // namespace vectorx::pg
