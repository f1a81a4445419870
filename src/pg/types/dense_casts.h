// Casts of the dense types: between each other, from and to arrays, and to another type modifier.
#pragma once

#include "pg/types/array_elements.h"
#include "pg/types/dense.h"
#include "vectorx/elementwise.h"

namespace vectorx::pg {

// <type>(<type>, integer, boolean)
template <typename Element>
Datum dense_to_typmod(FunctionCallInfo fcinfo) {
    Dense<Element>* v = dense_argument<Element>(fcinfo, 0);
    check_expected_dimensions(PG_GETARG_INT32(1), v->dim);
    PG_RETURN_POINTER(v);
}

// array_to_<type>(..., integer, boolean)
template <typename Element>
Datum array_to_dense(FunctionCallInfo fcinfo) {
    ArrayFloats elements = array_floats(kDenseType<Element>, PG_GETARG_ARRAYTYPE_P(0), PG_GETARG_INT32(1));
    Dense<Element>* result = new_dense<Element>(elements.dim);
    store_checked(elements.x, result->size(), result->x, FirstError::kOutOfRange);
    PG_RETURN_POINTER(result);
}

// <type>_to_float4(<type>, integer, boolean)
template <typename Element>
Datum dense_to_float4(FunctionCallInfo fcinfo) {
    const Dense<Element>* v = dense_argument<Element>(fcinfo, 0);
    float* elements;
    ArrayType* array = new_float_array(v->dim, &elements);
    load(v->x, v->size(), elements);
    PG_RETURN_POINTER(array);
}

// One dense type to the other; their limits are the same.
template <typename From, typename To>
Datum dense_to_dense(FunctionCallInfo fcinfo) {
    static_assert(kDenseType<From>.max_dim <= kDenseType<To>.max_dim);
    const Dense<From>* v = dense_argument<From>(fcinfo, 0);
    check_expected_dimensions(PG_GETARG_INT32(1), v->dim);
    Dense<To>* result = new_dense<To>(v->dim);
    if constexpr (std::is_same_v<To, float>) {
        load(v->x, v->size(), result->x);
    } else {
        store_checked(v->x, v->size(), result->x, FirstError::kOutOfRange);
    }
    PG_RETURN_POINTER(result);
}

}  // namespace vectorx::pg
