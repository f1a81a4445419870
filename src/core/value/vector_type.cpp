#include "vectorx/vector_type.h"

#include <string>

#include "vectorx/error.h"

namespace vectorx {
namespace {

[[noreturn, gnu::cold]] void fail_different(const VectorType& type, std::int32_t dim_a, std::int32_t dim_b) {
    throw Error(ErrorCode::kDataException, std::string("different ") + type.name + " dimensions " +
                                               std::to_string(dim_a) + " and " + std::to_string(dim_b));
}

}  // namespace

void check_dimensions(const VectorType& type, std::int64_t dim) {
    if (dim < 1) throw Error(ErrorCode::kDataException, std::string(type.name) + " must have at least 1 dimension");
    if (dim > type.max_dim) {
        throw Error(ErrorCode::kProgramLimitExceeded,
                    std::string(type.name) + " cannot have more than " + std::to_string(type.max_dim) + " dimensions");
    }
}

void check_expected_dimensions(std::int32_t expected, std::int64_t dim) {
    if (expected != -1 && expected != dim) {
        throw Error(ErrorCode::kDataException,
                    "expected " + std::to_string(expected) + " dimensions, not " + std::to_string(dim));
    }
}

void check_same_dimensions(const VectorType& type, std::int32_t dim_a, std::int32_t dim_b) {
    if (dim_a != dim_b) [[unlikely]] {
        fail_different(type, dim_a, dim_b);
    }
}

void check_non_zero_count(std::int64_t count) {
    if (count > kMaxNonZero) {
        throw Error(ErrorCode::kProgramLimitExceeded, std::string(kSparsevecType.name) + " cannot have more than " +
                                                          std::to_string(kMaxNonZero) + " non-zero elements");
    }
}

}  // namespace vectorx
