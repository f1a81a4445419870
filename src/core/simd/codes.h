// Sums over codes of few bits a dimension, and the transform that spreads a vector before it is coded. Templates over
// an instruction set:
//
//   struct Simd {
//       using Sum;                                 // partial sums of 32 bits
//       static constexpr std::size_t kBytes;       // of a code that one step takes, a multiple of kCodeAlignment
//       static Sum zero();
//       // Adds the products of n <= kBytes bytes (a multiple of kCodeAlignment).
//       static Sum add4(Sum, const std::uint8_t* code, const std::int8_t* low, const std::int8_t* high, std::size_t n);
//       static Sum add8(Sum, const std::uint8_t* code, const std::int8_t* query, std::size_t n);
//       static Sum add4(Sum, const std::uint8_t* a, const std::uint8_t* b, std::size_t n);
//       static Sum add8(Sum, const std::uint8_t* a, const std::uint8_t* b, std::size_t n);
//       static std::int32_t sum(Sum);
//       static void fast_scan(…);                  // FastScanKernel
//   };
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/simd/distance.h"
#include "vectorx/kernels.h"

namespace vectorx::simd {

template <typename Simd>
void code4_batch(const std::int8_t* query, const std::uint8_t* const* codes, std::size_t count, std::size_t bytes,
                 std::int32_t* out) {
    for (std::size_t c = 0; c < count; ++c) {
        typename Simd::Sum sum = Simd::zero();
        std::size_t i = 0;
        for (; i + Simd::kBytes <= bytes; i += Simd::kBytes)
            sum = Simd::add4(sum, codes[c] + i, query + i, query + bytes + i, Simd::kBytes);
        if (i < bytes) sum = Simd::add4(sum, codes[c] + i, query + i, query + bytes + i, bytes - i);
        out[c] = Simd::sum(sum);
    }
}

template <typename Simd>
void code8_batch(const std::int8_t* query, const std::uint8_t* const* codes, std::size_t count, std::size_t bytes,
                 std::int32_t* out) {
    for (std::size_t c = 0; c < count; ++c) {
        typename Simd::Sum sum = Simd::zero();
        std::size_t i = 0;
        for (; i + Simd::kBytes <= bytes; i += Simd::kBytes)
            sum = Simd::add8(sum, codes[c] + i, query + i, Simd::kBytes);
        if (i < bytes) sum = Simd::add8(sum, codes[c] + i, query + i, bytes - i);
        out[c] = Simd::sum(sum);
    }
}

template <typename Simd>
std::int32_t code4(const std::uint8_t* a, const std::uint8_t* b, std::size_t bytes) {
    typename Simd::Sum sum = Simd::zero();
    std::size_t i = 0;
    for (; i + Simd::kBytes <= bytes; i += Simd::kBytes) sum = Simd::add4(sum, a + i, b + i, Simd::kBytes);
    if (i < bytes) sum = Simd::add4(sum, a + i, b + i, bytes - i);
    return Simd::sum(sum);
}

template <typename Simd>
std::int32_t code8(const std::uint8_t* a, const std::uint8_t* b, std::size_t bytes) {
    typename Simd::Sum sum = Simd::zero();
    std::size_t i = 0;
    for (; i + Simd::kBytes <= bytes; i += Simd::kBytes) sum = Simd::add8(sum, a + i, b + i, Simd::kBytes);
    if (i < bytes) sum = Simd::add8(sum, a + i, b + i, bytes - i);
    return Simd::sum(sum);
}

// One pass of the transform in constant geometry: every pass has the same pattern of access, so that the compiler can
// vectorise it. The rows of the matrix come out in another order, which is the same for every vector.
VECTORX_INLINE void hadamard_pass(const float* __restrict in, float* __restrict out, std::size_t n) {
    std::size_t half = n / 2;
    for (std::size_t i = 0; i < half; ++i) {
        out[i] = in[2 * i] + in[2 * i + 1];
        out[i + half] = in[2 * i] - in[2 * i + 1];
    }
}

template <typename Simd>
void hadamard(float* x, float* spare, std::size_t n) {
    float* in = x;
    float* out = spare;
    for (std::size_t span = n; span > 1; span /= 2) {
        hadamard_pass(in, out, n);
        float* swap = in;
        in = out;
        out = swap;
    }
    if (in != x) __builtin_memcpy(x, in, n * sizeof(float));
}

template <typename Simd>
void set_code_kernels(Kernels* table) {
    table->code4_batch = code4_batch<Simd>;
    table->code8_batch = code8_batch<Simd>;
    table->code4 = code4<Simd>;
    table->code8 = code8<Simd>;
    table->fast_scan = Simd::fast_scan;
    table->hadamard = hadamard<Simd>;
}

}  // namespace vectorx::simd
