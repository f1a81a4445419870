// Distances, arithmetic and comparison of `vector`.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>

#include "pg/boundary.h"
#include "pg/types/vector.h"
#include "vectorx/elementwise.h"
#include "vectorx/kernels.h"

extern "C" {
#include <utils/float.h>
}

using namespace vectorx;
using namespace vectorx::pg;

namespace {

struct Operands {
    const Vector* a;
    const Vector* b;
    std::size_t dim;
};

// Both arguments, which must have the same dimension.
Operands operands(FunctionCallInfo fcinfo) {
    const Vector* a = vector_argument(fcinfo, 0);
    const Vector* b = vector_argument(fcinfo, 1);
    check_same_dimensions(kVectorType, a->dim, b->dim);
    return {a, b, a->size()};
}

double apply(FloatKernel kernel, const Operands& o) { return static_cast<double>(kernel(o.a->x, o.b->x, o.dim)); }

// Rounding can push a cosine out of [-1, 1]. NaN, which a zero vector gives, stays NaN.
double clamp_cosine(double cosine) { return cosine > 1 ? 1 : (cosine < -1 ? -1 : cosine); }

int compare_arguments(FunctionCallInfo fcinfo) {
    const Vector* a = vector_argument(fcinfo, 0);
    const Vector* b = vector_argument(fcinfo, 1);
    int order = compare(a->x, a->size(), b->x, b->size());
    free_if_copy(fcinfo, 0, a);
    free_if_copy(fcinfo, 1, b);
    return order;
}

}  // namespace

// Distances

VECTORX_FUNCTION(l2_distance) { PG_RETURN_FLOAT8(std::sqrt(apply(kernels().l2_squared, operands(fcinfo)))); }

VECTORX_FUNCTION(vector_l2_squared_distance) { PG_RETURN_FLOAT8(apply(kernels().l2_squared, operands(fcinfo))); }

VECTORX_FUNCTION(inner_product) { PG_RETURN_FLOAT8(apply(kernels().inner_product, operands(fcinfo))); }

VECTORX_FUNCTION(vector_negative_inner_product) { PG_RETURN_FLOAT8(-apply(kernels().inner_product, operands(fcinfo))); }

VECTORX_FUNCTION(cosine_distance) {
    Operands o = operands(fcinfo);
    CosineSums sums = kernels().cosine(o.a->x, o.b->x, o.dim);
    // One root of the product rather than a product of roots: fewer roundings, and equal vectors give exactly 0.
    double norms = std::sqrt(static_cast<double>(sums.norm_squared_a) * static_cast<double>(sums.norm_squared_b));
    PG_RETURN_FLOAT8(1.0 - clamp_cosine(static_cast<double>(sums.inner_product) / norms));
}

// The angle between unit vectors, in half turns; unlike the cosine distance it satisfies the triangle inequality, which
// k-means relies on.
VECTORX_FUNCTION(vector_spherical_distance) {
    double cosine = clamp_cosine(apply(kernels().inner_product, operands(fcinfo)));
    PG_RETURN_FLOAT8(std::acos(cosine) / std::numbers::pi);
}

VECTORX_FUNCTION(l1_distance) { PG_RETURN_FLOAT8(apply(kernels().l1, operands(fcinfo))); }

// Properties

VECTORX_FUNCTION(vector_dims) { PG_RETURN_INT32(vector_argument(fcinfo, 0)->dim); }

VECTORX_FUNCTION(vector_norm) {
    const Vector* v = vector_argument(fcinfo, 0);
    PG_RETURN_FLOAT8(norm(v->x, v->size()));
}

// Arithmetic

VECTORX_FUNCTION(l2_normalize) {
    const Vector* v = vector_argument(fcinfo, 0);
    Vector* result = new_vector(v->dim);
    normalize(v->x, v->size(), result->x);
    PG_RETURN_POINTER(result);
}

// Also the transition and combine function of sum(vector).
VECTORX_FUNCTION(vector_add) {
    Operands o = operands(fcinfo);
    // As an aggregate's transition function it may overwrite the state, which saves an allocation and a copy a row.
    Vector* result = AggCheckCallContext(fcinfo, nullptr) != 0 ? const_cast<Vector*>(o.a) : new_vector(o.a->dim);
    add(o.a->x, o.b->x, o.dim, result->x);
    PG_RETURN_POINTER(result);
}

VECTORX_FUNCTION(vector_sub) {
    Operands o = operands(fcinfo);
    Vector* result = new_vector(o.a->dim);
    subtract(o.a->x, o.b->x, o.dim, result->x);
    PG_RETURN_POINTER(result);
}

VECTORX_FUNCTION(vector_mul) {
    Operands o = operands(fcinfo);
    Vector* result = new_vector(o.a->dim);
    multiply(o.a->x, o.b->x, o.dim, result->x);
    PG_RETURN_POINTER(result);
}

VECTORX_FUNCTION(vector_concat) {
    const Vector* a = vector_argument(fcinfo, 0);
    const Vector* b = vector_argument(fcinfo, 1);
    int dim = a->dim + b->dim;
    check_dimensions(kVectorType, dim);
    Vector* result = new_vector(dim);
    std::memcpy(result->x, a->x, a->size() * sizeof(float));
    std::memcpy(result->x + a->dim, b->x, b->size() * sizeof(float));
    PG_RETURN_POINTER(result);
}

// subvector(v, start, count): elements start .. start + count - 1, counted from 1, as far as v has them.
VECTORX_FUNCTION(subvector) {
    const Vector* v = vector_argument(fcinfo, 0);
    int64 start = PG_GETARG_INT32(1);
    int64 count = PG_GETARG_INT32(2);

    int64 first = std::max<int64>(start, 1);
    int64 end = std::min<int64>(start + count, v->dim + int64{1});
    int64 dim = count < 1 ? 0 : std::max<int64>(end - first, 0);
    check_dimensions(kVectorType, static_cast<int>(dim));

    Vector* result = new_vector(static_cast<int>(dim));
    std::memcpy(result->x, v->x + (first - 1), static_cast<std::size_t>(dim) * sizeof(float));
    PG_RETURN_POINTER(result);
}

// Comparison

VECTORX_FUNCTION(vector_lt) { PG_RETURN_BOOL(compare_arguments(fcinfo) < 0); }
VECTORX_FUNCTION(vector_le) { PG_RETURN_BOOL(compare_arguments(fcinfo) <= 0); }
VECTORX_FUNCTION(vector_eq) { PG_RETURN_BOOL(compare_arguments(fcinfo) == 0); }
VECTORX_FUNCTION(vector_ne) { PG_RETURN_BOOL(compare_arguments(fcinfo) != 0); }
VECTORX_FUNCTION(vector_ge) { PG_RETURN_BOOL(compare_arguments(fcinfo) >= 0); }
VECTORX_FUNCTION(vector_gt) { PG_RETURN_BOOL(compare_arguments(fcinfo) > 0); }
VECTORX_FUNCTION(vector_cmp) { PG_RETURN_INT32(compare_arguments(fcinfo)); }
