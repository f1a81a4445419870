// What the fuzzing programs share. They are compiled with VECTORX_FUZZ_TYPE being vector, halfvec or sparsevec.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "vectorx/half.h"
#include "vectorx/sparse.h"
#include "vectorx/vector_type.h"

namespace vectorx::fuzz {

struct vector {
    using Element = float;
    static constexpr const VectorType& kType = kVectorType;
};
struct halfvec {
    using Element = Half;
    static constexpr const VectorType& kType = kHalfvecType;
};
struct sparsevec {};

using Type = VECTORX_FUZZ_TYPE;

struct Sparse {
    std::int32_t dim = 0;
    std::vector<std::int32_t> indices;
    std::vector<float> values;

    bool operator==(const Sparse&) const = default;
};

inline float widen(float x) { return x; }
inline float widen(Half x) { return half_to_float(x); }
inline void narrow(float x, float* out) { *out = x; }
inline void narrow(float x, Half* out) { *out = float_to_half(x); }

inline void require(bool condition, const char* what) {
    if (condition) return;
    std::fprintf(stderr, "not so: %s\n", what);
    std::abort();
}

// What every function of sparsevec relies on.
inline void require_valid(const Sparse& s) {
    require(s.dim >= 1 && s.dim <= kSparsevecType.max_dim, "the dimension is permitted");
    require(s.indices.size() == s.values.size() && s.indices.size() <= kMaxNonZero,
            "the number of elements is permitted");
    for (std::size_t i = 0; i < s.indices.size(); ++i) {
        require(s.indices[i] >= 0 && s.indices[i] < s.dim, "indices are within the dimension");
        require(i == 0 || s.indices[i] > s.indices[i - 1], "indices ascend");
        require(s.values[i] != 0 && s.values[i] - s.values[i] == 0, "values are finite and not zero");
    }
}

}  // namespace vectorx::fuzz
