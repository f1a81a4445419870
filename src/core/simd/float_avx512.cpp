// Distances with AVX-512 (F, BW, CD, DQ, VL). xsimd 8.1 has no fused multiply-add and no float16 for it. AVX512-FP16
// would add nothing: sums are float32, and its conversions are no faster.
#if defined(__x86_64__)
#include <immintrin.h>

#include <xsimd/xsimd.hpp>

#include "core/simd/distance.h"
#include "core/simd/tables.h"

namespace vectorx::simd {
namespace {

struct Avx512 {
    using Float = xsimd::batch<float, xsimd::avx512bw>;
    static constexpr std::size_t kLanes = Float::size;
    static constexpr std::size_t kAccumulators = 8;
    static constexpr std::size_t kGroup = 2;

    VECTORX_INLINE static Float zero() { return Float(0.0F); }
    VECTORX_INLINE static Float load(const float* v) { return Float::load_unaligned(v); }
    VECTORX_INLINE static Float load_tail(const float* v, std::size_t n) {
        return Float(_mm512_maskz_loadu_ps(static_cast<__mmask16>((1U << n) - 1), v));
    }
    VECTORX_INLINE static Float load(const Half* v) {
        return Float(_mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(v))));
    }
    VECTORX_INLINE static Float load_tail(const Half* v, std::size_t n) {
        return Float(_mm512_cvtph_ps(_mm256_maskz_loadu_epi16(static_cast<__mmask16>((1U << n) - 1), v)));
    }
    VECTORX_INLINE static void store(float* v, Float a) { a.store_unaligned(v); }
    VECTORX_INLINE static void store(Half* v, Float a) {
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(v),
                            _mm512_cvtps_ph(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
    }
    VECTORX_INLINE static Float fma(Float a, Float b, Float c) { return Float(_mm512_fmadd_ps(a, b, c)); }
    VECTORX_INLINE static Float abs(Float a) { return xsimd::abs(a); }
    VECTORX_INLINE static float sum(Float a) {
        const __m256 half = _mm256_add_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1));
        __m128 quarter = _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
        quarter = _mm_add_ps(quarter, _mm_movehl_ps(quarter, quarter));
        return _mm_cvtss_f32(_mm_add_ss(quarter, _mm_movehdup_ps(quarter)));
    }
};

}  // namespace

void use_avx512_floats(Kernels* table) { set_float_kernels<Avx512>(table); }

}  // namespace vectorx::simd
#endif
