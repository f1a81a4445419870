// Casts between `sparsevec`, the dense types and arrays, and to a `sparsevec` of another type modifier.
#include "pg/boundary.h"
#include "pg/types/array_elements.h"
#include "pg/types/dense.h"
#include "pg/types/sparsevec.h"
#include "vectorx/elementwise.h"

using namespace vectorx;
using namespace vectorx::pg;

namespace {

Sparsevec* sparsevec_from_floats(const float* x, int dim) {
    const auto size = static_cast<std::size_t>(dim);
    const std::size_t nnz = count_non_zero(x, size);
    check_non_zero_count(static_cast<std::int64_t>(nnz));
    Sparsevec* result = new_sparsevec(dim, nnz);
    gather_non_zero(x, size, result->indices, result->values());
    return result;
}

template <typename Element>
Datum dense_to_sparsevec(FunctionCallInfo fcinfo) {
    const Dense<Element>* v = dense_argument<Element>(fcinfo, 0);
    check_expected_dimensions(PG_GETARG_INT32(1), v->dim);
    float x[kDenseType<Element>.max_dim];
    load(v->x, v->size(), x);
    PG_RETURN_POINTER(sparsevec_from_floats(x, v->dim));
}

template <typename Element>
Datum sparsevec_to_dense(FunctionCallInfo fcinfo) {
    const Sparsevec* v = sparsevec_argument(fcinfo, 0);
    check_dimensions(kDenseType<Element>, v->dim);
    check_expected_dimensions(PG_GETARG_INT32(1), v->dim);
    float x[kDenseType<Element>.max_dim];
    scatter(v->view(), x);
    Dense<Element>* result = new_dense<Element>(v->dim);
    store_checked(x, result->size(), result->x, FirstError::kOutOfRange);
    PG_RETURN_POINTER(result);
}

}  // namespace

VECTORX_FUNCTION(sparsevec) {
    Sparsevec* v = sparsevec_argument(fcinfo, 0);
    check_expected_dimensions(PG_GETARG_INT32(1), v->dim);
    PG_RETURN_POINTER(v);
}

VECTORX_FUNCTION(array_to_sparsevec) {
    ArrayFloats elements = array_floats(kSparsevecType, PG_GETARG_ARRAYTYPE_P(0), PG_GETARG_INT32(1));
    Sparsevec* result = sparsevec_from_floats(elements.x, elements.dim);
    check_finite(result->values(), result->count(), kSparsevecType.name);
    PG_RETURN_POINTER(result);
}

VECTORX_FUNCTION(vector_to_sparsevec) { return dense_to_sparsevec<float>(fcinfo); }
VECTORX_FUNCTION(halfvec_to_sparsevec) { return dense_to_sparsevec<Half>(fcinfo); }
VECTORX_FUNCTION(sparsevec_to_vector) { return sparsevec_to_dense<float>(fcinfo); }
VECTORX_FUNCTION(sparsevec_to_halfvec) { return sparsevec_to_dense<Half>(fcinfo); }
