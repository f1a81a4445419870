// Distance kernels and the table through which everything calls them.
//
// One table is chosen when the library is loaded, from what the CPU offers; it never changes afterwards, so the same
// build on the same CPU gives the same floats in every process. Every translation unit under src/core/simd holds the
// kernels of one instruction set.
//
// Conventions of all kernels:
//  - `dim` is the number of elements (bits kernels count bytes); inputs need the alignment of their element type only.
//  - Nothing outside [v, v + dim) is read.
//  - Accumulation is in float, also of float16; results are not clamped, and NaN or infinity follow IEEE 754.
//  - Distances are the raw sums: L2 is squared, inner product is not negated. The distance of empty vectors is 0.
//  - The order of additions depends on `dim` only: a batch gives bit for bit what the single form gives.
#pragma once

#include <cstddef>
#include <cstdint>

#include "vectorx/half.h"

namespace vectorx {

// Sums from which the cosine similarity is computed: one pass over both vectors.
struct CosineSums {
    float inner_product;
    float norm_squared_a;
    float norm_squared_b;
};

// Bits that both bit strings have set, and bits that at least one has.
struct JaccardSums {
    std::uint64_t and_count;
    std::uint64_t or_count;
};

template <typename Element, typename Result>
using DistanceKernel = Result (*)(const Element* a, const Element* b, std::size_t dim);

// One query (`a` of the single form) against `count` vectors. The vectors ahead are prefetched while one is computed,
// so callers pass everything that they have at once.
template <typename Element, typename Result>
using DistanceBatchKernel = void (*)(const Element* query, const Element* const* vectors, std::size_t count,
                                     std::size_t dim, Result* out);

using FloatKernel = DistanceKernel<float, float>;
using FloatCosineKernel = DistanceKernel<float, CosineSums>;
using FloatBatchKernel = DistanceBatchKernel<float, float>;
using FloatCosineBatchKernel = DistanceBatchKernel<float, CosineSums>;

using HalfKernel = DistanceKernel<Half, float>;
using HalfCosineKernel = DistanceKernel<Half, CosineSums>;
using HalfBatchKernel = DistanceBatchKernel<Half, float>;
using HalfCosineBatchKernel = DistanceBatchKernel<Half, CosineSums>;

// Bit strings as bytes, in whatever bit order: unused bits of the last byte must be 0 in both.
using HammingKernel = DistanceKernel<std::uint8_t, std::uint64_t>;
using JaccardKernel = DistanceKernel<std::uint8_t, JaccardSums>;
using HammingBatchKernel = DistanceBatchKernel<std::uint8_t, std::uint64_t>;
using JaccardBatchKernel = DistanceBatchKernel<std::uint8_t, JaccardSums>;

struct Kernels {
    const char* name;  // as `vectorx.simd` shows it: "avx512", "avx2", "neon", "baseline", ...

    FloatKernel l2_squared;
    FloatKernel inner_product;
    FloatKernel l1;
    FloatCosineKernel cosine;

    FloatBatchKernel l2_squared_batch;
    FloatBatchKernel inner_product_batch;
    FloatBatchKernel l1_batch;
    FloatCosineBatchKernel cosine_batch;

    HalfKernel half_l2_squared;
    HalfKernel half_inner_product;
    HalfKernel half_l1;
    HalfCosineKernel half_cosine;

    HalfBatchKernel half_l2_squared_batch;
    HalfBatchKernel half_inner_product_batch;
    HalfBatchKernel half_l1_batch;
    HalfCosineBatchKernel half_cosine_batch;

    // Arrays that do not overlap; what becomes of each number, half.h says.
    void (*half_to_float)(const Half* in, std::size_t count, float* out);
    void (*float_to_half)(const float* in, std::size_t count, Half* out);

    HammingKernel hamming;
    JaccardKernel jaccard;

    HammingBatchKernel hamming_batch;
    JaccardBatchKernel jaccard_batch;

    // For each row the centroid with the least bias - inner product, and that score: with half its squared norm as a
    // centroid's bias it is the nearest one, and with bias 0 the one with the largest inner product. The first of equal
    // ones; if there is a NaN, any. Row-major matrices; `scratch` has room for row_count * centroid_count floats. The
    // order of additions depends on row_count as well.
    void (*nearest_centroids)(const float* rows, std::size_t row_count, const float* centroids, const float* bias,
                              std::size_t centroid_count, std::size_t dim, float* scratch, std::uint32_t* nearest,
                              float* score);
};

// The table for this CPU.
const Kernels& kernels();

// All tables that this build holds and this CPU can run, best first; for tests and benchmarks. Ends with nullptr.
const Kernels* const* supported_kernels();

}  // namespace vectorx
