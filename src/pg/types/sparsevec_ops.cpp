// Distances, normalisation and comparison of `sparsevec`.
#include <algorithm>

#include "pg/boundary.h"
#include "pg/types/sparsevec.h"
#include "vectorx/elementwise.h"

using namespace vectorx;
using namespace vectorx::pg;

namespace {

using Distance = float (*)(const SparseView& a, const SparseView& b);

// Both arguments, which must have the same dimension.
struct Operands {
    SparseView a;
    SparseView b;

    explicit Operands(FunctionCallInfo fcinfo)
        : a(sparsevec_argument(fcinfo, 0)->view()), b(sparsevec_argument(fcinfo, 1)->view()) {
        check_same_dimensions(kSparsevecType, a.dim, b.dim);
    }
};

double apply(Distance distance, FunctionCallInfo fcinfo) {
    Operands o(fcinfo);
    return static_cast<double>(distance(o.a, o.b));
}

int compare_arguments(FunctionCallInfo fcinfo) {
    const Sparsevec* a = sparsevec_argument(fcinfo, 0);
    const Sparsevec* b = sparsevec_argument(fcinfo, 1);
    const int order = compare(a->view(), b->view());
    free_if_copy(fcinfo, 0, a);
    free_if_copy(fcinfo, 1, b);
    return order;
}

}  // namespace

// Distances

VECTORX_FUNCTION(sparsevec_l2_distance) { PG_RETURN_FLOAT8(std::sqrt(apply(l2_squared, fcinfo))); }
VECTORX_FUNCTION(sparsevec_l2_squared_distance) { PG_RETURN_FLOAT8(apply(l2_squared, fcinfo)); }
VECTORX_FUNCTION(sparsevec_inner_product) { PG_RETURN_FLOAT8(apply(inner_product, fcinfo)); }
VECTORX_FUNCTION(sparsevec_negative_inner_product) { PG_RETURN_FLOAT8(-apply(inner_product, fcinfo)); }
VECTORX_FUNCTION(sparsevec_l1_distance) { PG_RETURN_FLOAT8(apply(l1, fcinfo)); }

VECTORX_FUNCTION(sparsevec_cosine_distance) {
    Operands o(fcinfo);
    PG_RETURN_FLOAT8(cosine_distance_of(cosine_sums(o.a, o.b)));
}

// Norm

VECTORX_FUNCTION(sparsevec_l2_norm) {
    const Sparsevec* v = sparsevec_argument(fcinfo, 0);
    PG_RETURN_FLOAT8(norm(v->values(), v->count()));
}

VECTORX_FUNCTION(sparsevec_l2_normalize) {
    const Sparsevec* v = sparsevec_argument(fcinfo, 0);
    auto* values = static_cast<float*>(palloc(std::max<std::size_t>(v->count(), 1) * sizeof(float)));
    normalize(v->values(), v->count(), values);

    // What has become too small for a denormal is no element any more.
    Sparsevec* result = new_sparsevec(v->dim, count_non_zero(values, v->count()));
    copy_non_zero(v->indices, values, v->count(), result->indices, result->values());
    pfree(values);
    PG_RETURN_POINTER(result);
}

// Comparison

VECTORX_FUNCTION(sparsevec_lt) { PG_RETURN_BOOL(compare_arguments(fcinfo) < 0); }
VECTORX_FUNCTION(sparsevec_le) { PG_RETURN_BOOL(compare_arguments(fcinfo) <= 0); }
VECTORX_FUNCTION(sparsevec_eq) { PG_RETURN_BOOL(compare_arguments(fcinfo) == 0); }
VECTORX_FUNCTION(sparsevec_ne) { PG_RETURN_BOOL(compare_arguments(fcinfo) != 0); }
VECTORX_FUNCTION(sparsevec_ge) { PG_RETURN_BOOL(compare_arguments(fcinfo) >= 0); }
VECTORX_FUNCTION(sparsevec_gt) { PG_RETURN_BOOL(compare_arguments(fcinfo) > 0); }
VECTORX_FUNCTION(sparsevec_cmp) { PG_RETURN_INT32(compare_arguments(fcinfo)); }
