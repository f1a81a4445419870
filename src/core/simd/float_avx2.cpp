// Distances with AVX2 and FMA.
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
    VECTORX_INLINE static Float fma(Float a, Float b, Float c) { return xsimd::fma(a, b, c); }
    VECTORX_INLINE static Float abs(Float a) { return xsimd::abs(a); }
    VECTORX_INLINE static float sum(Float a) {
        __m128 half = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
        half = _mm_add_ps(half, _mm_movehl_ps(half, half));
        return _mm_cvtss_f32(_mm_add_ss(half, _mm_movehdup_ps(half)));
    }
};

}  // namespace

void use_avx2_floats(Kernels* table) { set_float_kernels<Avx2>(table); }

}  // namespace vectorx::simd
#endif
