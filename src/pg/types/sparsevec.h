// The SQL type `sparsevec`: how a value lies in memory and how functions take and return it.
#pragma once

#include <cstddef>

#include "pg/types/value.h"
#include "vectorx/sparse.h"

namespace vectorx::pg {

// A detoasted value; pgvector's layout, which is also what is stored on disk. Behind the indices, which ascend, come as
// many values, none of which is zero.
struct Sparsevec {
    int32 vl_len_;  // varlena header; not to be touched directly
    int32 dim;      // 1 .. kSparsevecType.max_dim
    int32 nnz;      // 0 .. kMaxNonZero
    int32 unused;   // always zero
    int32 indices[FLEXIBLE_ARRAY_MEMBER];

    std::size_t count() const { return static_cast<std::size_t>(nnz); }
    float* values() { return reinterpret_cast<float*>(indices + nnz); }
    const float* values() const { return reinterpret_cast<const float*>(indices + nnz); }
    SparseView view() const { return {indices, values(), count(), dim}; }
};

constexpr std::size_t sparsevec_bytes(std::size_t nnz) {
    return offsetof(Sparsevec, indices) + nnz * (sizeof(int32) + sizeof(float));
}

// A new value in the current memory context. Neither indices nor values are initialised.
Sparsevec* new_sparsevec(int32 dim, std::size_t nnz);

// Detoasts, as dense_from_datum does. That the indices ascend and are within the dimension is not checked again:
// functions that would write elsewhere otherwise (scatter) check it themselves.
Sparsevec* sparsevec_from_datum(Datum datum);

inline Sparsevec* sparsevec_argument(FunctionCallInfo fcinfo, int argument) {
    return sparsevec_from_datum(PG_GETARG_DATUM(argument));
}

}  // namespace vectorx::pg
