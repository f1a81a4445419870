// Bit strings for any CPU.
#include "core/simd/bits.h"
#include "core/simd/tables.h"

namespace vectorx::simd {
namespace {

struct Baseline : Words {
    // Sums of 2, 4, 8 neighbouring bits; the product adds up the bytes (Warren, Hacker's Delight, 5-1).
    VECTORX_INLINE static Count popcount(Word word) {
        word -= (word >> 1) & 0x5555555555555555U;
        word = (word & 0x3333333333333333U) + ((word >> 2) & 0x3333333333333333U);
        word = (word + (word >> 4)) & 0x0f0f0f0f0f0f0f0fU;
        return (word * 0x0101010101010101U) >> 56;
    }
};

}  // namespace

void use_baseline_bits(Kernels* table) { set_bit_kernels<Baseline>(table); }

}  // namespace vectorx::simd
