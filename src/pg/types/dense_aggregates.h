// What avg is made of for the dense types; sum needs nothing but dense_add.
#pragma once

#include "pg/types/aggregate_state.h"
#include "pg/types/dense.h"
#include "vectorx/elementwise.h"

namespace vectorx::pg {

// Transition: the state plus one value. `caller` is named in errors.
template <typename Element>
Datum dense_accumulate(FunctionCallInfo fcinfo, const char* caller) {
    const AggregateState state = state_argument(fcinfo, 0, caller);
    const Dense<Element>* v = dense_argument<Element>(fcinfo, 1);
    AggregateState result = state;
    if (state.dim == 0) {
        result = new_state(v->dim);
        convert(v->x, v->size(), result.sums());
    } else {
        check_expected_dimensions(state.dim, v->dim);
        // The state is ours to overwrite where an aggregate owns it.
        if (AggCheckCallContext(fcinfo, nullptr) == 0) result = new_state(v->dim);
        add(state.sums(), v->x, v->size(), result.sums());
    }
    result.count() = state.count() + 1;
    PG_RETURN_ARRAYTYPE_P(result.array);
}

// Final function
template <typename Element>
Datum dense_average(FunctionCallInfo fcinfo, const char* caller) {
    const AggregateState state = state_argument(fcinfo, 0, caller);
    if (state.count() == 0) PG_RETURN_NULL();

    check_dimensions(kDenseType<Element>, state.dim);
    Dense<Element>* result = new_dense<Element>(state.dim);
    auto* means = static_cast<float*>(palloc(result->size() * sizeof(float)));
    divide(state.sums(), state.count(), result->size(), means);
    store_checked(means, result->size(), result->x, FirstError::kOfElements);
    pfree(means);
    PG_RETURN_POINTER(result);
}

}  // namespace vectorx::pg
