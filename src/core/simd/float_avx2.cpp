// Distances with AVX2, FMA and F16C.
#if defined(__x86_64__)
#include <immintrin.h>

#include <xsimd/xsimd.hpp>

#include "core/simd/distance.h"
#include "core/simd/tables.h"

namespace vectorx::simd {
namespace {

struct Avx2 {
    using Float = xsimd::batch<float, xsimd::fma3<xsimd::avx2>>;
    static constexpr std::size_t kLanes = Float::size;
    static constexpr std::size_t kAccumulators = 4;
    static constexpr std::size_t kGroup = 2;

    VECTORX_INLINE static Float zero() { return Float(0.0F); }
    VECTORX_INLINE static Float load(const float* v) { return Float::load_unaligned(v); }
    VECTORX_INLINE static Float load_tail(const float* v, std::size_t n) {
        const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
        return Float(_mm256_maskload_ps(v, _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(n)), lane)));
    }
    VECTORX_INLINE static Float load(const Half* v) {
        return Float(_mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(v))));
    }
    VECTORX_INLINE static Float load_tail(const Half* v, std::size_t n) {
        const std::uint64_t low = n >= 4 ? load_word(v, 4) : load_word(v, n);
        const std::uint64_t high = n > 4 ? load_word(v + 4, n - 4) : 0;
        return Float(_mm256_cvtph_ps(_mm_set_epi64x(static_cast<long long>(high), static_cast<long long>(low))));
    }
    VECTORX_INLINE static void store(float* v, Float a) { a.store_unaligned(v); }
    VECTORX_INLINE static void store(Half* v, Float a) {
        _mm_storeu_si128(reinterpret_cast<__m128i*>(v),
                         _mm256_cvtps_ph(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
    }
    VECTORX_INLINE static Float fma(Float a, Float b, Float c) { return xsimd::fma(a, b, c); }
    VECTORX_INLINE static Float abs(Float a) { return xsimd::abs(a); }
    VECTORX_INLINE static float sum(Float a) {
        __m128 half = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
        half = _mm_add_ps(half, _mm_movehl_ps(half, half));
        return _mm_cvtss_f32(_mm_add_ss(half, _mm_movehdup_ps(half)));
    }

 private:
    // n <= 4 numbers, the first in the lowest bits: AVX2 masks loads of 32 bits, not of 16.
    VECTORX_INLINE static std::uint64_t load_word(const Half* v, std::size_t n) {
        std::uint64_t word = 0;
        if (n == 4) {
            __builtin_memcpy(&word, v, sizeof(word));
        } else {
            if (n > 0) word = v[0];
            if (n > 1) word |= std::uint64_t{v[1]} << 16;
            if (n > 2) word |= std::uint64_t{v[2]} << 32;
        }
        return word;
    }
};

}  // namespace

void use_avx2_floats(Kernels* table) { set_float_kernels<Avx2>(table); }

}  // namespace vectorx::simd
#endif
