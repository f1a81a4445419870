// Distances with NEON, which every 64-bit ARM CPU has.
#if defined(__aarch64__)
#include <arm_neon.h>

#include <xsimd/xsimd.hpp>

#include "core/simd/distance.h"
#include "core/simd/tables.h"

namespace vectorx::simd {
namespace {

struct Neon {
    using Float = xsimd::batch<float, xsimd::neon64>;
    static constexpr std::size_t kLanes = Float::size;
    static constexpr std::size_t kAccumulators = 8;
    static constexpr std::size_t kGroup = 2;

    VECTORX_INLINE static Float zero() { return Float(0.0F); }
    VECTORX_INLINE static Float load(const float* v) { return Float::load_unaligned(v); }
    VECTORX_INLINE static Float load_tail(const float* v, std::size_t n) {
        float32x4_t lanes = vld1q_lane_f32(v, vdupq_n_f32(0.0F), 0);
        if (n > 1) lanes = vld1q_lane_f32(v + 1, lanes, 1);
        if (n > 2) lanes = vld1q_lane_f32(v + 2, lanes, 2);
        return Float(lanes);
    }
    VECTORX_INLINE static Float load(const Half* v) { return Float(vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(v)))); }
    VECTORX_INLINE static Float load_tail(const Half* v, std::size_t n) {
        uint16x4_t lanes = vld1_lane_u16(v, vdup_n_u16(0), 0);
        if (n > 1) lanes = vld1_lane_u16(v + 1, lanes, 1);
        if (n > 2) lanes = vld1_lane_u16(v + 2, lanes, 2);
        return Float(vcvt_f32_f16(vreinterpret_f16_u16(lanes)));
    }
    VECTORX_INLINE static void store(float* v, Float a) { a.store_unaligned(v); }
    VECTORX_INLINE static void store(Half* v, Float a) { vst1_u16(v, vreinterpret_u16_f16(vcvt_f16_f32(a))); }
    VECTORX_INLINE static Float fma(Float a, Float b, Float c) { return Float(vfmaq_f32(c, a, b)); }
    VECTORX_INLINE static Float abs(Float a) { return xsimd::abs(a); }
    VECTORX_INLINE static float sum(Float a) { return vaddvq_f32(a); }
};

}  // namespace

void use_neon_floats(Kernels* table) { set_float_kernels<Neon>(table); }

}  // namespace vectorx::simd
#endif
