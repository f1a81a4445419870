// A pseudo-random orthogonal transform of vectors, so that no direction of the data is special to a quantizer.
#pragma once

#include <cstddef>

namespace vectorx {

// Replaces `x` (dim floats) by its rotation; `spare` has room for as many. Lengths and inner products stay as they are,
// up to float rounding. O(dim log dim) time, no memory: sign flips drawn from a fixed seed and Walsh-Hadamard
// transforms of the largest power of two that fits, by turns over the first and the last of the dimensions (as
// RaBitQ-Library does for other dimensions than powers of two).
//
// The result for a dimension is part of the format of an index.
void rotate(float* x, float* spare, std::size_t dim);

}  // namespace vectorx
