// The SQL functions of `halfvec`: what dense_*.h make of half-precision elements.
#include "pg/types/halfvec.h"
#include "pg/boundary.h"
#include "pg/types/dense_aggregates.h"
#include "pg/types/dense_casts.h"
#include "pg/types/dense_io.h"
#include "pg/types/dense_ops.h"

using namespace vectorx;
using namespace vectorx::pg;

// Input and output

VECTORX_FUNCTION(halfvec_in) { return dense_in<Half>(fcinfo); }
VECTORX_FUNCTION(halfvec_out) { return dense_out<Half>(fcinfo); }
VECTORX_FUNCTION(halfvec_typmod_in) { PG_RETURN_INT32(typmod_from_array(kDenseType<Half>, PG_GETARG_ARRAYTYPE_P(0))); }
VECTORX_FUNCTION(halfvec_recv) { return dense_recv<Half>(fcinfo); }
VECTORX_FUNCTION(halfvec_send) { return dense_send<Half>(fcinfo); }

// Distances

VECTORX_FUNCTION(halfvec_l2_distance) { return dense_l2_distance<Half>(fcinfo); }
VECTORX_FUNCTION(halfvec_l2_squared_distance) { return dense_l2_squared_distance<Half>(fcinfo); }
VECTORX_FUNCTION(halfvec_inner_product) { return dense_inner_product<Half>(fcinfo); }
VECTORX_FUNCTION(halfvec_negative_inner_product) { return dense_negative_inner_product<Half>(fcinfo); }
VECTORX_FUNCTION(halfvec_cosine_distance) { return dense_cosine_distance<Half>(fcinfo); }
VECTORX_FUNCTION(halfvec_spherical_distance) { return dense_spherical_distance<Half>(fcinfo); }
VECTORX_FUNCTION(halfvec_l1_distance) { return dense_l1_distance<Half>(fcinfo); }

// Properties and parts

VECTORX_FUNCTION(halfvec_vector_dims) { return dense_dims<Half>(fcinfo); }
VECTORX_FUNCTION(halfvec_l2_norm) { return dense_norm<Half>(fcinfo); }
VECTORX_FUNCTION(halfvec_l2_normalize) { return dense_normalize<Half>(fcinfo); }
VECTORX_FUNCTION(halfvec_subvector) { return dense_subvector<Half>(fcinfo); }
VECTORX_FUNCTION(halfvec_binary_quantize) { return dense_binary_quantize<Half>(fcinfo); }

// Arithmetic

VECTORX_FUNCTION(halfvec_add) { return dense_add<Half>(fcinfo); }
VECTORX_FUNCTION(halfvec_sub) { return dense_subtract<Half>(fcinfo); }
VECTORX_FUNCTION(halfvec_mul) { return dense_multiply<Half>(fcinfo); }
VECTORX_FUNCTION(halfvec_concat) { return dense_concat<Half>(fcinfo); }

// Comparison

VECTORX_FUNCTION(halfvec_lt) { PG_RETURN_BOOL(dense_compare<Half>(fcinfo) < 0); }
VECTORX_FUNCTION(halfvec_le) { PG_RETURN_BOOL(dense_compare<Half>(fcinfo) <= 0); }
VECTORX_FUNCTION(halfvec_eq) { PG_RETURN_BOOL(dense_compare<Half>(fcinfo) == 0); }
VECTORX_FUNCTION(halfvec_ne) { PG_RETURN_BOOL(dense_compare<Half>(fcinfo) != 0); }
VECTORX_FUNCTION(halfvec_ge) { PG_RETURN_BOOL(dense_compare<Half>(fcinfo) >= 0); }
VECTORX_FUNCTION(halfvec_gt) { PG_RETURN_BOOL(dense_compare<Half>(fcinfo) > 0); }
VECTORX_FUNCTION(halfvec_cmp) { PG_RETURN_INT32(dense_compare<Half>(fcinfo)); }

// Aggregates

VECTORX_FUNCTION(halfvec_accum) { return dense_accumulate<Half>(fcinfo, "halfvec_accum"); }
VECTORX_FUNCTION(halfvec_avg) { return dense_average<Half>(fcinfo, "halfvec_avg"); }

// Casts

VECTORX_FUNCTION(halfvec) { return dense_to_typmod<Half>(fcinfo); }
VECTORX_FUNCTION(array_to_halfvec) { return array_to_dense<Half>(fcinfo); }
VECTORX_FUNCTION(halfvec_to_float4) { return dense_to_float4<Half>(fcinfo); }
VECTORX_FUNCTION(vector_to_halfvec) { return dense_to_dense<float, Half>(fcinfo); }
VECTORX_FUNCTION(halfvec_to_vector) { return dense_to_dense<Half, float>(fcinfo); }
