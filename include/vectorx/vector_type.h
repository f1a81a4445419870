// What limits and error messages need to know of a vector type, and the checks that all of them share.
//
// Each check throws an Error; PostgreSQL's layer and the wire format (wire.h) report through the same ones, so a
// message reads the same wherever a value comes from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

namespace vectorx {

struct VectorType {
    const char* name;  // as error messages call it
    std::int32_t max_dim;
    // The smallest magnitude that rounds to infinity in the type's element; text input at or above it is out of range.
    // For binary32 that is what the parser itself reports.
    float overflows_at = std::numeric_limits<float>::infinity();
};

inline constexpr VectorType kVectorType{"vector", 16000};
inline constexpr VectorType kHalfvecType{"halfvec", 16000, 65520.0F};
inline constexpr VectorType kSparsevecType{"sparsevec", 1000000000};

// A sparsevec's non-zero elements.
inline constexpr std::int32_t kMaxNonZero = 16000;

// kDataException "<type> must have at least 1 dimension", kProgramLimitExceeded "<type> cannot have more than N
// dimensions".
void check_dimensions(const VectorType& type, std::int64_t dim);

// kDataException "expected N dimensions, not M", unless `expected`, a type modifier, is -1.
void check_expected_dimensions(std::int32_t expected, std::int64_t dim);

// kDataException "different <type> dimensions N and M".
void check_same_dimensions(const VectorType& type, std::int32_t dim_a, std::int32_t dim_b);

// kProgramLimitExceeded "sparsevec cannot have more than N non-zero elements".
void check_non_zero_count(std::int64_t count);

}  // namespace vectorx
