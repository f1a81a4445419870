// Codes with NEON.
#if defined(__aarch64__)
#include <arm_neon.h>

#include "core/simd/codes.h"
#include "core/simd/tables.h"

namespace vectorx::simd {
namespace {

struct Neon {
    using Sum = int32x4_t;
    static constexpr std::size_t kBytes = 16;

    VECTORX_INLINE static Sum zero() { return vdupq_n_s32(0); }
    VECTORX_INLINE static uint8x16_t low(uint8x16_t code) { return vandq_u8(code, vdupq_n_u8(15)); }
    VECTORX_INLINE static uint8x16_t high(uint8x16_t code) { return vshrq_n_u8(code, 4); }
    // Numbers of at most 7 bits, so that they are the same with and without a sign.
    VECTORX_INLINE static Sum add_products(Sum sum, uint8x16_t a, int8x16_t b) {
        int8x16_t s = vreinterpretq_s8_u8(a);
        sum = vpadalq_s16(sum, vmull_s8(vget_low_s8(s), vget_low_s8(b)));
        return vpadalq_s16(sum, vmull_high_s8(s, b));
    }

    VECTORX_INLINE static Sum add4(Sum sum, const std::uint8_t* code, const std::int8_t* q_low,
                                   const std::int8_t* q_high, std::size_t) {
        uint8x16_t c = vld1q_u8(code);
        return add_products(add_products(sum, low(c), vld1q_s8(q_low)), high(c), vld1q_s8(q_high));
    }
    VECTORX_INLINE static Sum add4(Sum sum, const std::uint8_t* a, const std::uint8_t* b, std::size_t) {
        uint8x16_t va = vld1q_u8(a);
        uint8x16_t vb = vld1q_u8(b);
        sum = add_products(sum, low(va), vreinterpretq_s8_u8(low(vb)));
        return add_products(sum, high(va), vreinterpretq_s8_u8(high(vb)));
    }
    VECTORX_INLINE static Sum add8(Sum sum, const std::uint8_t* code, const std::int8_t* query, std::size_t) {
        uint8x16_t c = vld1q_u8(code);
        int8x16_t q = vld1q_s8(query);
        int16x8_t c_low = vreinterpretq_s16_u16(vmovl_u8(vget_low_u8(c)));
        int16x8_t c_high = vreinterpretq_s16_u16(vmovl_high_u8(c));
        int16x8_t q_low = vmovl_s8(vget_low_s8(q));
        int16x8_t q_high = vmovl_high_s8(q);
        sum = vmlal_s16(sum, vget_low_s16(c_low), vget_low_s16(q_low));
        sum = vmlal_high_s16(sum, c_low, q_low);
        sum = vmlal_s16(sum, vget_low_s16(c_high), vget_low_s16(q_high));
        return vmlal_high_s16(sum, c_high, q_high);
    }
    VECTORX_INLINE static Sum add8(Sum sum, const std::uint8_t* a, const std::uint8_t* b, std::size_t) {
        uint8x16_t va = vld1q_u8(a);
        uint8x16_t vb = vld1q_u8(b);
        uint32x4_t total = vreinterpretq_u32_s32(sum);
        total = vpadalq_u16(total, vmull_u8(vget_low_u8(va), vget_low_u8(vb)));
        return vreinterpretq_s32_u32(vpadalq_u16(total, vmull_high_u8(va, vb)));
    }
    VECTORX_INLINE static std::int32_t sum(Sum sum) { return vaddvq_s32(sum); }

    static void fast_scan(const std::uint8_t* tables, const std::uint8_t* block, std::size_t groups,
                          std::uint16_t* out) {
        uint16x8_t sums[4] = {vdupq_n_u16(0), vdupq_n_u16(0), vdupq_n_u16(0), vdupq_n_u16(0)};
        for (std::size_t g = 0; g < groups; ++g) {
            uint8x16_t table = vld1q_u8(tables + 16 * g);
            uint8x16_t codes = vld1q_u8(block + 16 * g);
            uint8x16_t from_low = vqtbl1q_u8(table, low(codes));
            uint8x16_t from_high = vqtbl1q_u8(table, high(codes));
            sums[0] = vaddw_u8(sums[0], vget_low_u8(from_low));
            sums[1] = vaddw_high_u8(sums[1], from_low);
            sums[2] = vaddw_u8(sums[2], vget_low_u8(from_high));
            sums[3] = vaddw_high_u8(sums[3], from_high);
        }
        for (int i = 0; i < 4; ++i) vst1q_u16(out + 8 * i, sums[i]);
    }
};

}  // namespace

void use_neon_codes(Kernels* table) { set_code_kernels<Neon>(table); }

}  // namespace vectorx::simd
#endif
