// Bit strings with POPCNT.
#if defined(__x86_64__)
#include "core/simd/bits.h"
#include "core/simd/tables.h"

namespace vectorx::simd {
namespace {

struct Popcnt : Words {
    VECTORX_INLINE static Count popcount(Word word) { return static_cast<Count>(__builtin_popcountll(word)); }
};

}  // namespace

void use_popcnt_bits(Kernels* table) { set_bit_kernels<Popcnt>(table); }

}  // namespace vectorx::simd
#endif
