// The SQL type `vector`: how a value lies in memory and how functions take and return it.
#pragma once

#include <cstddef>

#include "pg/compat.h"
#include "pg/postgres.h"
#include "pg/types/dense_type.h"

namespace vectorx::pg {

// A detoasted value, 4-byte varlena header; pgvector's layout, which is also what is stored on disk.
struct Vector {
    int32 vl_len_;  // varlena header; not to be touched directly
    int16 dim;      // 1 .. kVectorType.max_dim
    int16 unused;   // always zero
    float x[FLEXIBLE_ARRAY_MEMBER];

    std::size_t size() const { return static_cast<std::size_t>(dim); }
};

inline constexpr DenseType kVectorType{"vector", 16000};

constexpr std::size_t vector_bytes(std::size_t dim) { return offsetof(Vector, x) + dim * sizeof(float); }

// A new value in the current memory context. The elements are not initialised. 1 <= dim <= kVectorType.max_dim.
Vector* new_vector(int dim);

// Detoasts: the result is the datum itself or a copy in the current memory context. Reports data corruption if the
// stored length is not that of the stored dimension, so that nobody reads past the value.
Vector* vector_from_datum(Datum datum);

inline Vector* vector_argument(FunctionCallInfo fcinfo, int argument) {
    return vector_from_datum(PG_GETARG_DATUM(argument));
}

// Frees what vector_argument has copied. For functions that are called many times in one memory context: a B-tree
// comparison while sorting, output.
inline void free_if_copy(FunctionCallInfo fcinfo, int argument, const Vector* v) {
    if (PointerGetDatum(v) != PG_GETARG_DATUM(argument)) pfree(const_cast<Vector*>(v));
}

}  // namespace vectorx::pg
