// Bit strings with NEON.
#if defined(__aarch64__)
#include <arm_neon.h>

#include "core/simd/bits.h"
#include "core/simd/tables.h"

namespace vectorx::simd {
namespace {

struct Neon {
    using Word = uint8x16_t;
    using Count = uint32x4_t;  // overflows with strings of 2 GiB
    static constexpr std::size_t kLanes = 16;
    static constexpr std::size_t kAccumulators = 4;
    static constexpr std::size_t kGroup = 2;

    VECTORX_INLINE static Count zero() { return vdupq_n_u32(0); }
    VECTORX_INLINE static Word load(const std::uint8_t* v) { return vld1q_u8(v); }
    VECTORX_INLINE static Word load_tail(const std::uint8_t* v, std::size_t n) {
        uint64x2_t word = vdupq_n_u64(0);
        if (n >= 8) {
            word = vsetq_lane_u64(Words::load(v), word, 0);
            word = vsetq_lane_u64(Words::load_tail(v + 8, n - 8), word, 1);
        } else {
            word = vsetq_lane_u64(Words::load_tail(v, n), word, 0);
        }
        return vreinterpretq_u8_u64(word);
    }
    VECTORX_INLINE static Count popcount(Word word) { return vpaddlq_u16(vpaddlq_u8(vcntq_u8(word))); }
    VECTORX_INLINE static std::uint64_t sum(Count count) { return vaddlvq_u32(count); }
};

}  // namespace

void use_neon_bits(Kernels* table) { set_bit_kernels<Neon>(table); }

}  // namespace vectorx::simd
#endif
