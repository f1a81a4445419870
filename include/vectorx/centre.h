// The middle of a set of vectors, and vectors relative to it.
//
// `vectors` are count rows of dim floats, one behind the other; count is not 0. `spare` is room that is overwritten.
#pragma once

#include <cstddef>
#include <memory_resource>

#include "vectorx/metric.h"

namespace vectorx {

// The mean, summed in double.
void mean_of(const float* vectors, std::size_t count, std::size_t dim, float* mean, std::pmr::memory_resource* memory);

// The median of each coordinate, which a few vectors far away do not move. `spare` has room for count floats.
void medians_of(const float* vectors, std::size_t count, std::size_t dim, float* medians, float* spare);

// out[i] = x[i] - centre[i], infinite where that overflows. `out` may be `x` or `centre`.
void residual(const float* x, const float* centre, std::size_t dim, float* out);

bool all_finite(const float* x, std::size_t dim);

// How many of the nearest of some vectors codes of 4 bits find (quantized_codec.h; `centre` as there), as a share of 1:
// of 50 of the vectors, as queries, the three nearest, if they are among the six nearest by code. The few nearest of a
// sample are as far as many are in the whole, so it takes few of them and few candidates.
//
// It is low where vectors lie in clusters much smaller than the distances between these: what a code says of a vector
// is relative to its distance from the centre. `count` is at least 6.
double recall_of_codes(const float* vectors, std::size_t count, std::size_t dim, Metric metric, const float* centre,
                       std::pmr::memory_resource* memory);

}  // namespace vectorx
