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

// Codes of 4 or 8 bits a dimension (quantized_codec.h), as bytes; their number is a multiple of kCodeAlignment.
// A byte of a 4-bit code holds two dimensions: byte i has dimension i in its low and dimension i + bytes in its high
// half.
inline constexpr std::size_t kCodeAlignment = 16;

// Sums of products of a query, one signed byte a dimension, and `count` codes of `bytes` bytes. They are exact as long
// as they fit.
using CodeBatchKernel = void (*)(const std::int8_t* query, const std::uint8_t* const* codes, std::size_t count,
                                 std::size_t bytes, std::int32_t* out);
// The same of two codes.
using CodeKernel = std::int32_t (*)(const std::uint8_t* a, const std::uint8_t* b, std::size_t bytes);

// FastScan (Andre, Kermarrec and Le Scouarnec, VLDB 2015): for each of 32 codes the sum of the entries that its groups
// of four bits choose from `tables` (16 bytes a group). `block` holds 16 bytes a group: byte i has the group of code i
// in its low and that of code i + 16 in its high half. Sums beyond 16 bits wrap.
inline constexpr std::size_t kFastScanCodes = 32;
using FastScanKernel = void (*)(const std::uint8_t* tables, const std::uint8_t* block, std::size_t groups,
                                std::uint16_t* out);

// The Walsh-Hadamard transform of n numbers, n a power of two, without a factor: x is replaced, `spare` has room for n.
using HadamardKernel = void (*)(float* x, float* spare, std::size_t n);

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

    CodeBatchKernel code4_batch;
    CodeBatchKernel code8_batch;
    CodeKernel code4;
    CodeKernel code8;
    FastScanKernel fast_scan;
    HadamardKernel hadamard;

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
