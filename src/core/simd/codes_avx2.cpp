// Codes with AVX2.
#if defined(__x86_64__)
#include <immintrin.h>

#include "core/simd/codes.h"
#include "core/simd/tables.h"

namespace vectorx::simd {
namespace {

struct Avx2 {
    using Sum = __m256i;
    static constexpr std::size_t kBytes = 32;

    VECTORX_INLINE static Sum zero() { return _mm256_setzero_si256(); }

    // All bytes of a full step, or the first 16 and zeros.
    VECTORX_INLINE static __m256i load(const void* v, std::size_t n) {
        if (n == kBytes) return _mm256_loadu_si256(static_cast<const __m256i*>(v));
        return _mm256_zextsi128_si256(_mm_loadu_si128(static_cast<const __m128i*>(v)));
    }
    VECTORX_INLINE static __m256i low(__m256i code) { return _mm256_and_si256(code, _mm256_set1_epi8(15)); }
    VECTORX_INLINE static __m256i high(__m256i code) { return low(_mm256_srli_epi16(code, 4)); }
    VECTORX_INLINE static Sum add_pairs(Sum sum, __m256i pairs) {
        return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
    }

    // Products of 4 bits and 8 bits: four of them fit 16 bits.
    VECTORX_INLINE static Sum add4(Sum sum, const std::uint8_t* code, const std::int8_t* q_low,
                                   const std::int8_t* q_high, std::size_t n) {
        __m256i c = load(code, n);
        return add_pairs(sum, _mm256_add_epi16(_mm256_maddubs_epi16(low(c), load(q_low, n)),
                                               _mm256_maddubs_epi16(high(c), load(q_high, n))));
    }
    VECTORX_INLINE static Sum add4(Sum sum, const std::uint8_t* a, const std::uint8_t* b, std::size_t n) {
        __m256i va = load(a, n);
        __m256i vb = load(b, n);
        return add_pairs(
            sum, _mm256_add_epi16(_mm256_maddubs_epi16(low(va), low(vb)), _mm256_maddubs_epi16(high(va), high(vb))));
    }
    // Two products of 8 bits each do not fit 16 bits, so these are widened first.
    VECTORX_INLINE static Sum add8(Sum sum, const std::uint8_t* code, const std::int8_t* query, std::size_t n) {
        for (std::size_t i = 0; i < n; i += 16) {
            __m256i c = _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(code + i)));
            __m256i q = _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(query + i)));
            sum = _mm256_add_epi32(sum, _mm256_madd_epi16(c, q));
        }
        return sum;
    }
    VECTORX_INLINE static Sum add8(Sum sum, const std::uint8_t* a, const std::uint8_t* b, std::size_t n) {
        for (std::size_t i = 0; i < n; i += 16) {
            __m256i va = _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(a + i)));
            __m256i vb = _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(b + i)));
            sum = _mm256_add_epi32(sum, _mm256_madd_epi16(va, vb));
        }
        return sum;
    }
    VECTORX_INLINE static std::int32_t sum(Sum sum) {
        __m128i half = _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
        half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0x4E));
        half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0xB1));
        return _mm_cvtsi128_si32(half);
    }

    // Two groups a step, one in each half of a register. Sums of even and of odd codes are kept apart: the even ones
    // carry the odd ones in their high bytes, which are taken off at the end.
    static void fast_scan(const std::uint8_t* tables, const std::uint8_t* block, std::size_t groups,
                          std::uint16_t* out) {
        __m256i both_low = zero(), odd_low = zero(), both_high = zero(), odd_high = zero();
        for (std::size_t g = 0; g < groups; g += 2) {
            std::size_t n = g + 1 < groups ? 32 : 16;
            __m256i table = load(tables + 16 * g, n);
            __m256i codes = load(block + 16 * g, n);
            __m256i from_low = _mm256_shuffle_epi8(table, low(codes));
            __m256i from_high = _mm256_shuffle_epi8(table, high(codes));
            both_low = _mm256_add_epi16(both_low, from_low);
            odd_low = _mm256_add_epi16(odd_low, _mm256_srli_epi16(from_low, 8));
            both_high = _mm256_add_epi16(both_high, from_high);
            odd_high = _mm256_add_epi16(odd_high, _mm256_srli_epi16(from_high, 8));
        }
        store_sums(both_low, odd_low, out);
        store_sums(both_high, odd_high, out + 16);
    }

    VECTORX_INLINE static void store_sums(__m256i both, __m256i odd, std::uint16_t* out) {
        __m256i even = _mm256_sub_epi16(both, _mm256_slli_epi16(odd, 8));
        __m128i e = _mm_add_epi16(_mm256_castsi256_si128(even), _mm256_extracti128_si256(even, 1));
        __m128i o = _mm_add_epi16(_mm256_castsi256_si128(odd), _mm256_extracti128_si256(odd, 1));
        _mm_storeu_si128(reinterpret_cast<__m128i*>(out), _mm_unpacklo_epi16(e, o));
        _mm_storeu_si128(reinterpret_cast<__m128i*>(out + 8), _mm_unpackhi_epi16(e, o));
    }
};

}  // namespace

void use_avx2_codes(Kernels* table) { set_code_kernels<Avx2>(table); }

}  // namespace vectorx::simd
#endif
