// Distances for any CPU: the compiler's generic vectors of four floats (SSE2 on x86-64).
#include "core/simd/distance.h"
#include "core/simd/tables.h"

namespace vectorx::simd {
namespace {

struct Baseline {
    using Float = float __attribute__((vector_size(16)));
    using Bits = unsigned __attribute__((vector_size(16)));
    static constexpr std::size_t kLanes = 4;
    static constexpr std::size_t kAccumulators = 4;
    static constexpr std::size_t kGroup = 2;

    VECTORX_INLINE static Float zero() { return Float{}; }
    VECTORX_INLINE static Float load(const float* v) {
        Float lanes;
        __builtin_memcpy(&lanes, v, sizeof(lanes));
        return lanes;
    }
    VECTORX_INLINE static Float load_tail(const float* v, std::size_t n) {
        return Float{v[0], n > 1 ? v[1] : 0.0F, n > 2 ? v[2] : 0.0F, 0.0F};
    }
    VECTORX_INLINE static Float load(const Half* v) { return widen(Bits{v[0], v[1], v[2], v[3]}); }
    VECTORX_INLINE static Float load_tail(const Half* v, std::size_t n) {
        return widen(Bits{v[0], n > 1 ? v[1] : 0U, n > 2 ? v[2] : 0U, 0U});
    }
    VECTORX_INLINE static void store(float* v, Float a) { __builtin_memcpy(v, &a, sizeof(a)); }
    VECTORX_INLINE static void store(Half* v, Float a) {
        unroll<kLanes>([&](auto i) VECTORX_INLINE_LAMBDA { v[i.value] = float_to_half(a[i.value]); });
    }
    VECTORX_INLINE static Float fma(Float a, Float b, Float c) { return a * b + c; }
    VECTORX_INLINE static Float abs(Float a) { return Float(Bits(a) & 0x7fffffffU); }
    VECTORX_INLINE static float sum(Float a) { return (a[0] + a[2]) + (a[1] + a[3]); }

 private:
    // half_to_float without branches.
    VECTORX_INLINE static Float widen(Bits half) {
        const Bits magnitude = half & 0x7fffU;
        const Bits special = Bits(magnitude >= kHalfInfinity) & 0x7f800000U;
        const Bits quiet = Bits(magnitude > kHalfInfinity) & 0x00400000U;
        return Float(Bits(Float(magnitude << 13) * 0x1p112F) | special | quiet | (half & 0x8000U) << 16);
    }
};

}  // namespace

void use_baseline_floats(Kernels* table) { set_float_kernels<Baseline>(table); }

}  // namespace vectorx::simd
