#include "pg/types/aggregate_state.h"

#include "pg/compat.h"
#include "pg/types/dense_type.h"
#include "vectorx/elementwise.h"

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

Datum accumulate(FunctionCallInfo fcinfo, const AggregateState& state, const float* x, int dim) {
    auto size = static_cast<std::size_t>(dim);
    AggregateState result = state;
    if (state.dim == 0) {
        result = new_state(dim);
        convert(x, size, result.sums());
    } else {
        check_expected_dimensions(state.dim, dim);
        if (AggCheckCallContext(fcinfo, nullptr) == 0) result = new_state(dim);
        add(state.sums(), x, size, result.sums());
    }
    result.count() = state.count() + 1;
    return PointerGetDatum(result.array);
}

}  // namespace vectorx::pg
