// What limits and error messages need to know of a dense vector type.
#pragma once

#include <cstddef>
#include <limits>

namespace vectorx {

struct DenseType {
    const char* name;  // as error messages call it: "vector", "halfvec"
    std::size_t max_dim;
    // The smallest magnitude that rounds to infinity in the type's element; text input at or above it is out of range.
    // For binary32 that is what the parser itself reports, for binary16 it is 65520.
    float overflows_at = std::numeric_limits<float>::infinity();
};

}  // namespace vectorx
