// The SQL functions of `vector`: what dense_*.h make of single-precision elements.
#include <algorithm>

#include "pg/boundary.h"
#include "pg/types/dense_aggregates.h"
#include "pg/types/dense_casts.h"
#include "pg/types/dense_io.h"
#include "pg/types/dense_ops.h"
#include "pg/types/vector.h"

using namespace vectorx;
using namespace vectorx::pg;

// Input and output

VECTORX_FUNCTION(vector_in) { return dense_in<float>(fcinfo); }
VECTORX_FUNCTION(vector_out) { return dense_out<float>(fcinfo); }
VECTORX_FUNCTION(vector_typmod_in) { PG_RETURN_INT32(typmod_from_array(kDenseType<float>, PG_GETARG_ARRAYTYPE_P(0))); }
VECTORX_FUNCTION(vector_recv) { return dense_recv<float>(fcinfo); }
VECTORX_FUNCTION(vector_send) { return dense_send<float>(fcinfo); }

// Distances

VECTORX_FUNCTION(l2_distance) { return dense_l2_distance<float>(fcinfo); }
VECTORX_FUNCTION(vector_l2_squared_distance) { return dense_l2_squared_distance<float>(fcinfo); }
VECTORX_FUNCTION(inner_product) { return dense_inner_product<float>(fcinfo); }
VECTORX_FUNCTION(vector_negative_inner_product) { return dense_negative_inner_product<float>(fcinfo); }
VECTORX_FUNCTION(cosine_distance) { return dense_cosine_distance<float>(fcinfo); }
VECTORX_FUNCTION(vector_spherical_distance) { return dense_spherical_distance<float>(fcinfo); }
VECTORX_FUNCTION(l1_distance) { return dense_l1_distance<float>(fcinfo); }

// Properties and parts

VECTORX_FUNCTION(vector_dims) { return dense_dims<float>(fcinfo); }
VECTORX_FUNCTION(vector_norm) { return dense_norm<float>(fcinfo); }
VECTORX_FUNCTION(l2_normalize) { return dense_normalize<float>(fcinfo); }
VECTORX_FUNCTION(subvector) { return dense_subvector<float>(fcinfo); }
VECTORX_FUNCTION(binary_quantize) { return dense_binary_quantize<float>(fcinfo); }

// Arithmetic

VECTORX_FUNCTION(vector_add) { return dense_add<float>(fcinfo); }
VECTORX_FUNCTION(vector_sub) { return dense_subtract<float>(fcinfo); }
VECTORX_FUNCTION(vector_mul) { return dense_multiply<float>(fcinfo); }
VECTORX_FUNCTION(vector_concat) { return dense_concat<float>(fcinfo); }

// Comparison

VECTORX_FUNCTION(vector_lt) { PG_RETURN_BOOL(dense_compare<float>(fcinfo) < 0); }
VECTORX_FUNCTION(vector_le) { PG_RETURN_BOOL(dense_compare<float>(fcinfo) <= 0); }
VECTORX_FUNCTION(vector_eq) { PG_RETURN_BOOL(dense_compare<float>(fcinfo) == 0); }
VECTORX_FUNCTION(vector_ne) { PG_RETURN_BOOL(dense_compare<float>(fcinfo) != 0); }
VECTORX_FUNCTION(vector_ge) { PG_RETURN_BOOL(dense_compare<float>(fcinfo) >= 0); }
VECTORX_FUNCTION(vector_gt) { PG_RETURN_BOOL(dense_compare<float>(fcinfo) > 0); }
VECTORX_FUNCTION(vector_cmp) { PG_RETURN_INT32(dense_compare<float>(fcinfo)); }

// Aggregates

VECTORX_FUNCTION(vector_accum) { return dense_accumulate<float>(fcinfo, "vector_accum"); }
VECTORX_FUNCTION(vector_avg) { return dense_average<float>(fcinfo, "vector_avg"); }

// Casts

VECTORX_FUNCTION(vector) { return dense_to_typmod<float>(fcinfo); }
VECTORX_FUNCTION(array_to_vector) { return array_to_dense<float>(fcinfo); }
VECTORX_FUNCTION(vector_to_float4) { return dense_to_float4<float>(fcinfo); }

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
