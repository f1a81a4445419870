// Codes with AVX-512 and VNNI.
#if defined(__x86_64__)
#include <immintrin.h>

#include "core/simd/codes.h"
#include "core/simd/tables.h"

namespace vectorx::simd {
namespace {

struct Avx512Vnni {
    using Sum = __m512i;
    static constexpr std::size_t kBytes = 64;

    VECTORX_INLINE static Sum zero() { return _mm512_setzero_si512(); }

    VECTORX_INLINE static __m512i load(const void* v, std::size_t n) {
        if (n == kBytes) return _mm512_loadu_si512(v);
        return _mm512_maskz_loadu_epi8((std::uint64_t{1} << n) - 1, v);
    }
    VECTORX_INLINE static __m512i low(__m512i code) { return _mm512_and_si512(code, _mm512_set1_epi8(15)); }
    VECTORX_INLINE static __m512i high(__m512i code) { return low(_mm512_srli_epi16(code, 4)); }

    VECTORX_INLINE static Sum add4(Sum sum, const std::uint8_t* code, const std::int8_t* q_low,
                                   const std::int8_t* q_high, std::size_t n) {
        __m512i c = load(code, n);
        return _mm512_dpbusd_epi32(_mm512_dpbusd_epi32(sum, low(c), load(q_low, n)), high(c), load(q_high, n));
    }
    VECTORX_INLINE static Sum add4(Sum sum, const std::uint8_t* a, const std::uint8_t* b, std::size_t n) {
        __m512i va = load(a, n);
        __m512i vb = load(b, n);
        return _mm512_dpbusd_epi32(_mm512_dpbusd_epi32(sum, low(va), low(vb)), high(va), high(vb));
    }
    VECTORX_INLINE static Sum add8(Sum sum, const std::uint8_t* code, const std::int8_t* query, std::size_t n) {
        return _mm512_dpbusd_epi32(sum, load(code, n), load(query, n));
    }
    // Of two unsigned codes, one is made signed by taking off 128, which is added again.
    VECTORX_INLINE static Sum add8(Sum sum, const std::uint8_t* a, const std::uint8_t* b, std::size_t n) {
        __m512i va = load(a, n);
        __m512i offset = _mm512_set1_epi8(-128);
        __m512i vb = _mm512_xor_si512(load(b, n), offset);
        sum = _mm512_sub_epi32(sum, _mm512_dpbusd_epi32(zero(), va, offset));
        return _mm512_dpbusd_epi32(sum, va, vb);
    }
    VECTORX_INLINE static std::int32_t sum(Sum sum) { return _mm512_reduce_add_epi32(sum); }

    // Four groups a step; as in codes_avx2.cpp, sums of even codes carry the odd ones in their high bytes.
    static void fast_scan(const std::uint8_t* tables, const std::uint8_t* block, std::size_t groups,
                          std::uint16_t* out) {
        __m512i both_low = zero(), odd_low = zero(), both_high = zero(), odd_high = zero();
        for (std::size_t g = 0; g < groups; g += 4) {
            std::size_t n = g + 4 <= groups ? 64 : 16 * (groups - g);
            __m512i table = load(tables + 16 * g, n);
            __m512i codes = load(block + 16 * g, n);
            __m512i from_low = _mm512_shuffle_epi8(table, low(codes));
            __m512i from_high = _mm512_shuffle_epi8(table, high(codes));
            both_low = _mm512_add_epi16(both_low, from_low);
            odd_low = _mm512_add_epi16(odd_low, _mm512_srli_epi16(from_low, 8));
            both_high = _mm512_add_epi16(both_high, from_high);
            odd_high = _mm512_add_epi16(odd_high, _mm512_srli_epi16(from_high, 8));
        }
        store_sums(both_low, odd_low, out);
        store_sums(both_high, odd_high, out + 16);
    }

    VECTORX_INLINE static __m128i fold(__m512i v) {
        __m256i half = _mm256_add_epi16(_mm512_castsi512_si256(v), _mm512_extracti64x4_epi64(v, 1));
        return _mm_add_epi16(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
    }
    VECTORX_INLINE static void store_sums(__m512i both, __m512i odd, std::uint16_t* out) {
        __m128i e = fold(_mm512_sub_epi16(both, _mm512_slli_epi16(odd, 8)));
        __m128i o = fold(odd);
        _mm_storeu_si128(reinterpret_cast<__m128i*>(out), _mm_unpacklo_epi16(e, o));
        _mm_storeu_si128(reinterpret_cast<__m128i*>(out + 8), _mm_unpackhi_epi16(e, o));
    }
};

}  // namespace

void use_avx512_vnni_codes(Kernels* table) { set_code_kernels<Avx512Vnni>(table); }

}  // namespace vectorx::simd
#endif
