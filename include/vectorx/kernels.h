// Distance kernels and the table through which everything calls them.
//
// One table is chosen when the library is loaded, from what the CPU offers; it never changes afterwards, so the same
// build on the same CPU gives the same floats in every process. Every translation unit under src/core/simd holds the
// kernels of one instruction set.
//
// Conventions of all kernels:
//  - `dim` is the number of elements; inputs need the alignment of their element type only.
//  - Nothing outside [v, v + dim) is read.
//  - Accumulation is in float; results are not clamped, and NaN or infinity follow IEEE 754.
//  - Distances are the raw sums: L2 is squared, inner product is not negated. The distance of empty vectors is 0.
//  - The order of additions depends on `dim` only: a batch gives bit for bit what the single form gives.
#pragma once

#include <cstddef>
#include <cstdint>

namespace vectorx {

// Sums from which the cosine similarity is computed: one pass over both vectors.
struct CosineSums {
    float inner_product;
    float norm_squared_a;
    float norm_squared_b;
};

using FloatKernel = float (*)(const float* a, const float* b, std::size_t dim);
using FloatCosineKernel = CosineSums (*)(const float* a, const float* b, std::size_t dim);

// One query (`a` of the single form) against `count` vectors. The vectors ahead are prefetched while one is computed, so
// callers pass everything that they have at once.
using FloatBatchKernel = void (*)(const float* query, const float* const* vectors, std::size_t count, std::size_t dim,
                                  float* out);
using FloatCosineBatchKernel = void (*)(const float* query, const float* const* vectors, std::size_t count,
                                        std::size_t dim, CosineSums* out);

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
};

// The table for this CPU.
const Kernels& kernels();

// All tables that this build holds and this CPU can run, best first; for tests and benchmarks. Ends with nullptr.
const Kernels* const* supported_kernels();

}  // namespace vectorx
