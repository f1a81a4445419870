// The dense types, `vector` and `halfvec`: how a value lies in memory and how functions take and return it. Everything
// about them is written once, as a template over the element: dense_io.h, dense_ops.h, dense_casts.h,
// dense_aggregates.h; vector.cpp and halfvec.cpp name the SQL functions that come of it.
#pragma once

#include <cstddef>
#include <cstring>

#include "pg/types/value.h"
#include "vectorx/half.h"
#include "vectorx/kernels.h"

namespace vectorx::pg {

// A detoasted value; pgvector's layout, which is also what is stored on disk.
template <typename Element>
struct Dense {
    int32 vl_len_;  // varlena header; not to be touched directly
    int16 dim;      // 1 .. the type's max_dim
    int16 unused;   // always zero
    Element x[FLEXIBLE_ARRAY_MEMBER];

    std::size_t size() const { return static_cast<std::size_t>(dim); }
};

template <typename Element>
inline constexpr VectorType kDenseType = kVectorType;
template <>
inline constexpr VectorType kDenseType<Half> = kHalfvecType;

template <typename Element>
constexpr std::size_t dense_bytes(std::size_t dim) {
    return offsetof(Dense<Element>, x) + dim * sizeof(Element);
}

// A new value in the current memory context. The elements are not initialised. 1 <= dim <= the type's max_dim.
template <typename Element>
Dense<Element>* new_dense(std::int64_t dim) {
    auto* v = allocate_value<Dense<Element>>(dense_bytes<Element>(static_cast<std::size_t>(dim)));
    v->dim = static_cast<int16>(dim);
    v->unused = 0;
    return v;
}

// Detoasts: the result is the datum itself or a copy in the current memory context. Reports data corruption if the
// stored length is not that of the stored dimension, so that nobody reads past the value.
template <typename Element>
Dense<Element>* dense_from_datum(Datum datum) {
    auto* v = reinterpret_cast<Dense<Element>*>(PG_DETOAST_DATUM(datum));
    if (VARSIZE(v) < dense_bytes<Element>(1) || v->dim < 1 || VARSIZE(v) != dense_bytes<Element>(v->size()))
        [[unlikely]] {
        report_corrupt_length(kDenseType<Element>);
    }
    return v;
}

template <typename Element>
Dense<Element>* dense_argument(FunctionCallInfo fcinfo, int argument) {
    return dense_from_datum<Element>(PG_GETARG_DATUM(argument));
}

// Elements from and to floats.

inline void load(const float* x, std::size_t dim, float* out) { std::memcpy(out, x, dim * sizeof(float)); }
inline void load(const Half* x, std::size_t dim, float* out) { kernels().half_to_float(x, dim, out); }

inline void store(const float* x, std::size_t dim, float* out) { std::memcpy(out, x, dim * sizeof(float)); }
inline void store(const float* x, std::size_t dim, Half* out) { kernels().float_to_half(x, dim, out); }

// Stores what may not be finite, or too large for the element: reports "X is out of range for type halfvec" for a
// finite number that becomes infinite, "NaN not allowed in <type>" or "infinite value not allowed in <type>".
enum class FirstError {
    kOfElements,  // what is wrong with the first element that has something wrong
    kOutOfRange,  // an element that is out of range, before any that is not finite
};
void store_checked(const float* x, std::size_t dim, float* out, FirstError first);
void store_checked(const float* x, std::size_t dim, Half* out, FirstError first);

}  // namespace vectorx::pg
