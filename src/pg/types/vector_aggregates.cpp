// What avg(vector) is made of; sum(vector) needs nothing but vector_add.
#include <algorithm>

#include "pg/boundary.h"
#include "pg/types/aggregate_state.h"
#include "pg/types/vector.h"
#include "vectorx/elementwise.h"

using namespace vectorx;
using namespace vectorx::pg;

VECTORX_FUNCTION(vector_accum) {
    AggregateState state = state_argument(fcinfo, 0, "vector_accum");
    const Vector* v = vector_argument(fcinfo, 1);
    return accumulate(fcinfo, state, v->x, v->dim);
}

// Serves every dense type: a state no longer knows of which type the values were.
VECTORX_FUNCTION(vector_combine) {
    AggregateState a = state_argument(fcinfo, 0, "vector_combine");
    AggregateState b = state_argument(fcinfo, 1, "vector_combine");

    int dim = std::max(a.dim, b.dim);
    if (dim > 0) check_dimensions(kVectorType, a.dim > 0 ? a.dim : b.dim);
    if (a.dim > 0 && b.dim > 0) check_expected_dimensions(a.dim, b.dim);

    AggregateState result = new_state(dim);
    auto size = static_cast<std::size_t>(dim);
    result.count() = a.count() + b.count();
    if (a.dim > 0 && b.dim > 0) {
        add(a.sums(), b.sums(), size, result.sums());
    } else {
        std::copy_n(a.dim > 0 ? a.sums() : b.sums(), size, result.sums());
    }
    PG_RETURN_ARRAYTYPE_P(result.array);
}

VECTORX_FUNCTION(vector_avg) {
    AggregateState state = state_argument(fcinfo, 0, "vector_avg");
    if (state.count() == 0) PG_RETURN_NULL();

    check_dimensions(kVectorType, state.dim);
    Vector* result = new_vector(state.dim);
    divide(state.sums(), state.count(), result->size(), result->x);
    check_finite(result->x, result->size(), kVectorType.name);
    PG_RETURN_POINTER(result);
}
