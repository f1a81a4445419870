// IEEE 754 binary16 ("half"): storage and single conversions. Arrays are converted through the table of kernels.h, with
// the same results bit for bit.
#pragma once

#include <bit>
#include <cstdint>

namespace vectorx {

// The bits of a binary16 number: sign, 5 bits of exponent (bias 15), 10 of mantissa.
using Half = std::uint16_t;

constexpr Half kHalfInfinity = 0x7c00;
constexpr float kMaxHalf = 65504.0F;

// Exact. A signaling NaN becomes quiet, as in hardware.
[[gnu::always_inline]] constexpr float half_to_float(Half half) {
    const std::uint32_t sign = (half & 0x8000U) << 16;
    const std::uint32_t magnitude = half & 0x7fffU;
    std::uint32_t bits = 0;
    if (magnitude < kHalfInfinity) {
        // The bits read as a float 2^112 times too small, also where they are subnormal; the product is exact.
        bits = std::bit_cast<std::uint32_t>(std::bit_cast<float>(magnitude << 13) * 0x1p112F);
    } else {
        bits = 0x7f800000U | (magnitude << 13) | (magnitude > kHalfInfinity ? 0x00400000U : 0U);
    }
    return std::bit_cast<float>(sign | bits);
}

// Rounds to nearest, ties to even, in the default floating-point environment; 65520 and more become infinity. A NaN
// stays a quiet NaN with the leading bits of its payload.
[[gnu::always_inline]] constexpr Half float_to_half(float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    const std::uint32_t sign = (bits >> 16) & 0x8000U;
    const std::uint32_t magnitude = bits & 0x7fffffffU;
    std::uint32_t half = 0;
    if (magnitude > 0x7f800000U) {  // NaN
        half = 0x7e00U | ((magnitude >> 13) & 0x3ffU);
    } else if (magnitude >= 0x477ff000U) {  // 65520, halfway between the largest number and what would follow it
        half = kHalfInfinity;
    } else if (magnitude < 0x38800000U) {  // 2^-14: subnormal; the last place of 0.5 is 2^-24, so the addition rounds
        half = std::bit_cast<std::uint32_t>(std::bit_cast<float>(magnitude) + 0.5F) - 0x3f000000U;
    } else {
        // Half a last place less one, and one more where the last place is odd; a carry goes into the exponent.
        half = (magnitude - (112U << 23) + 0xfffU + ((magnitude >> 13) & 1U)) >> 13;
    }
    return static_cast<Half>(sign | half);
}

}  // namespace vectorx
