// Distances, arithmetic and comparison of the dense types.
#pragma once

#include <algorithm>
#include <cmath>
#include <numbers>

#include "pg/types/dense.h"
#include "vectorx/elementwise.h"
#include "vectorx/kernels.h"

extern "C" {
#include <utils/varbit.h>
}

namespace vectorx::pg {

template <typename Element>
struct DenseKernels {
    DistanceKernel<Element, float> l2_squared;
    DistanceKernel<Element, float> inner_product;
    DistanceKernel<Element, float> l1;
    DistanceKernel<Element, CosineSums> cosine;
};

template <typename Element>
DenseKernels<Element> dense_kernels() {
    const Kernels& k = kernels();
    if constexpr (std::is_same_v<Element, Half>) {
        return {k.half_l2_squared, k.half_inner_product, k.half_l1, k.half_cosine};
    } else {
        return {k.l2_squared, k.inner_product, k.l1, k.cosine};
    }
}

// Both arguments, which must have the same dimension.
template <typename Element>
struct DenseOperands {
    const Dense<Element>* a;
    const Dense<Element>* b;

    explicit DenseOperands(FunctionCallInfo fcinfo)
        : a(dense_argument<Element>(fcinfo, 0)), b(dense_argument<Element>(fcinfo, 1)) {
        check_same_dimensions(kDenseType<Element>, a->dim, b->dim);
    }

    std::size_t size() const { return a->size(); }

    double apply(DistanceKernel<Element, float> kernel) const {
        return static_cast<double>(kernel(a->x, b->x, size()));
    }
};

// Distances

template <typename Element>
Datum dense_l2_distance(FunctionCallInfo fcinfo) {
    PG_RETURN_FLOAT8(std::sqrt(DenseOperands<Element>(fcinfo).apply(dense_kernels<Element>().l2_squared)));
}

template <typename Element>
Datum dense_l2_squared_distance(FunctionCallInfo fcinfo) {
    PG_RETURN_FLOAT8(DenseOperands<Element>(fcinfo).apply(dense_kernels<Element>().l2_squared));
}

template <typename Element>
Datum dense_inner_product(FunctionCallInfo fcinfo) {
    PG_RETURN_FLOAT8(DenseOperands<Element>(fcinfo).apply(dense_kernels<Element>().inner_product));
}

template <typename Element>
Datum dense_negative_inner_product(FunctionCallInfo fcinfo) {
    PG_RETURN_FLOAT8(-DenseOperands<Element>(fcinfo).apply(dense_kernels<Element>().inner_product));
}

template <typename Element>
Datum dense_cosine_distance(FunctionCallInfo fcinfo) {
    DenseOperands<Element> o(fcinfo);
    PG_RETURN_FLOAT8(cosine_distance_of(dense_kernels<Element>().cosine(o.a->x, o.b->x, o.size())));
}

// The angle between unit vectors, in half turns; unlike the cosine distance it satisfies the triangle inequality, which
// k-means relies on.
template <typename Element>
Datum dense_spherical_distance(FunctionCallInfo fcinfo) {
    double cosine = DenseOperands<Element>(fcinfo).apply(dense_kernels<Element>().inner_product);
    PG_RETURN_FLOAT8(std::acos(clamp_cosine(cosine)) / std::numbers::pi);
}

template <typename Element>
Datum dense_l1_distance(FunctionCallInfo fcinfo) {
    PG_RETURN_FLOAT8(DenseOperands<Element>(fcinfo).apply(dense_kernels<Element>().l1));
}

// Properties

template <typename Element>
Datum dense_dims(FunctionCallInfo fcinfo) {
    PG_RETURN_INT32(dense_argument<Element>(fcinfo, 0)->dim);
}

template <typename Element>
Datum dense_norm(FunctionCallInfo fcinfo) {
    const Dense<Element>* v = dense_argument<Element>(fcinfo, 0);
    PG_RETURN_FLOAT8(norm(v->x, v->size()));
}

// Arithmetic

template <typename Element>
Datum dense_normalize(FunctionCallInfo fcinfo) {
    const Dense<Element>* v = dense_argument<Element>(fcinfo, 0);
    Dense<Element>* result = new_dense<Element>(v->dim);
    normalize(v->x, v->size(), result->x);
    PG_RETURN_POINTER(result);
}

// Also the transition and combine function of sum.
template <typename Element>
Datum dense_add(FunctionCallInfo fcinfo) {
    DenseOperands<Element> o(fcinfo);
    // As an aggregate's transition function it may overwrite the state, which saves an allocation and a copy a row.
    auto* result =
        AggCheckCallContext(fcinfo, nullptr) != 0 ? const_cast<Dense<Element>*>(o.a) : new_dense<Element>(o.a->dim);
    add(o.a->x, o.b->x, o.size(), result->x);
    PG_RETURN_POINTER(result);
}

template <typename Element>
Datum dense_subtract(FunctionCallInfo fcinfo) {
    DenseOperands<Element> o(fcinfo);
    Dense<Element>* result = new_dense<Element>(o.a->dim);
    subtract(o.a->x, o.b->x, o.size(), result->x);
    PG_RETURN_POINTER(result);
}

template <typename Element>
Datum dense_multiply(FunctionCallInfo fcinfo) {
    DenseOperands<Element> o(fcinfo);
    Dense<Element>* result = new_dense<Element>(o.a->dim);
    multiply(o.a->x, o.b->x, o.size(), result->x);
    PG_RETURN_POINTER(result);
}

template <typename Element>
Datum dense_concat(FunctionCallInfo fcinfo) {
    const Dense<Element>* a = dense_argument<Element>(fcinfo, 0);
    const Dense<Element>* b = dense_argument<Element>(fcinfo, 1);
    const int dim = a->dim + b->dim;
    check_dimensions(kDenseType<Element>, dim);
    Dense<Element>* result = new_dense<Element>(dim);
    std::memcpy(result->x, a->x, a->size() * sizeof(Element));
    std::memcpy(result->x + a->dim, b->x, b->size() * sizeof(Element));
    PG_RETURN_POINTER(result);
}

// subvector(v, start, count): elements start .. start + count - 1, counted from 1, as far as v has them.
template <typename Element>
Datum dense_subvector(FunctionCallInfo fcinfo) {
    const Dense<Element>* v = dense_argument<Element>(fcinfo, 0);
    const int64 start = PG_GETARG_INT32(1);
    const int64 count = PG_GETARG_INT32(2);

    const int64 first = std::max<int64>(start, 1);
    const int64 end = std::min<int64>(start + count, v->dim + int64{1});
    const int64 dim = count < 1 ? 0 : std::max<int64>(end - first, 0);
    check_dimensions(kDenseType<Element>, dim);

    Dense<Element>* result = new_dense<Element>(dim);
    std::memcpy(result->x, v->x + (first - 1), result->size() * sizeof(Element));
    PG_RETURN_POINTER(result);
}

// binary_quantize(v): a bit string with one bit for each element, set if it is greater than zero.
template <typename Element>
Datum dense_binary_quantize(FunctionCallInfo fcinfo) {
    const Dense<Element>* v = dense_argument<Element>(fcinfo, 0);
    auto* result = allocate_value<VarBit>(static_cast<std::size_t>(VARBITTOTALLEN(v->dim)));
    VARBITLEN(result) = v->dim;
    positive_bits(v->x, v->size(), VARBITS(result));
    PG_RETURN_VARBIT_P(result);
}

// Comparison

template <typename Element>
int dense_compare(FunctionCallInfo fcinfo) {
    const Dense<Element>* a = dense_argument<Element>(fcinfo, 0);
    const Dense<Element>* b = dense_argument<Element>(fcinfo, 1);
    const int order = compare(a->x, a->size(), b->x, b->size());
    free_if_copy(fcinfo, 0, a);
    free_if_copy(fcinfo, 1, b);
    return order;
}

}  // namespace vectorx::pg
