// Bit strings with AVX-512 and VPOPCNTDQ.
#if defined(__x86_64__)
#include <immintrin.h>

#include "core/simd/bits.h"
#include "core/simd/tables.h"

namespace vectorx::simd {
namespace {

struct Avx512Vpopcntdq {
    using Word = __m512i;
    using Count = __m512i;
    static constexpr std::size_t kLanes = 64;
    static constexpr std::size_t kAccumulators = 4;
    static constexpr std::size_t kGroup = 2;

    VECTORX_INLINE static Count zero() { return _mm512_setzero_si512(); }
    VECTORX_INLINE static Word load(const std::uint8_t* v) { return _mm512_loadu_si512(v); }
    VECTORX_INLINE static Word load_tail(const std::uint8_t* v, std::size_t n) {
        return _mm512_maskz_loadu_epi8((std::uint64_t{1} << n) - 1, v);
    }
    VECTORX_INLINE static Count popcount(Word word) { return _mm512_popcnt_epi64(word); }
    VECTORX_INLINE static std::uint64_t sum(Count count) {
        return static_cast<std::uint64_t>(_mm512_reduce_add_epi64(count));
    }
};

}  // namespace

void use_avx512_vpopcntdq_bits(Kernels* table) { set_bit_kernels<Avx512Vpopcntdq>(table); }

}  // namespace vectorx::simd
#endif
