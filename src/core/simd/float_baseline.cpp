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
    VECTORX_INLINE static Float fma(Float a, Float b, Float c) { return a * b + c; }
    VECTORX_INLINE static Float abs(Float a) { return Float(Bits(a) & 0x7fffffffU); }
    VECTORX_INLINE static float sum(Float a) { return (a[0] + a[2]) + (a[1] + a[3]); }
};

}  // namespace

void use_baseline_floats(Kernels* table) { set_float_kernels<Baseline>(table); }

}  // namespace vectorx::simd
