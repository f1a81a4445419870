// Sums over bit strings, for the templates of distance.h: elements are bytes, and an instruction set is
//
//   struct Simd {
//       using Word;                              // kLanes bytes: ^ & |
//       using Count;                             // partial sums of set bits: +
//       static constexpr std::size_t kLanes, kAccumulators, kGroup;
//       static Count zero();
//       static Word load(const std::uint8_t*);
//       static Word load_tail(const std::uint8_t*, std::size_t n);  // the first n < kLanes bytes; zero elsewhere
//       static Count popcount(Word);
//       static std::uint64_t sum(Count);
//   };
#pragma once

#include <cstdint>

#include "core/simd/distance.h"

namespace vectorx::simd {

template <typename Simd>
struct HammingSum {
    using Word = typename Simd::Word;
    using Result = std::uint64_t;
    static constexpr std::size_t kAccumulators = Simd::kAccumulators;

    typename Simd::Count sum;

    VECTORX_INLINE void clear() { sum = Simd::zero(); }
    VECTORX_INLINE void add(Word a, Word b) { sum = sum + Simd::popcount(a ^ b); }
    VECTORX_INLINE void merge(const HammingSum& other) { sum = sum + other.sum; }
    VECTORX_INLINE Result result() const { return Simd::sum(sum); }
};

template <typename Simd>
struct JaccardSum {
    using Word = typename Simd::Word;
    using Result = JaccardSums;
    static constexpr std::size_t kAccumulators = Simd::kAccumulators;

    typename Simd::Count and_count;
    typename Simd::Count or_count;

    VECTORX_INLINE void clear() { and_count = or_count = Simd::zero(); }
    VECTORX_INLINE void add(Word a, Word b) {
        and_count = and_count + Simd::popcount(a & b);
        or_count = or_count + Simd::popcount(a | b);
    }
    VECTORX_INLINE void merge(const JaccardSum& other) {
        and_count = and_count + other.and_count;
        or_count = or_count + other.or_count;
    }
    VECTORX_INLINE Result result() const { return {Simd::sum(and_count), Simd::sum(or_count)}; }
};

// Words of 64 bits; the derived instruction set says how their bits are counted.
struct Words {
    using Word = std::uint64_t;
    using Count = std::uint64_t;
    static constexpr std::size_t kLanes = 8;
    static constexpr std::size_t kAccumulators = 4;
    static constexpr std::size_t kGroup = 2;

    VECTORX_INLINE static Count zero() { return 0; }
    VECTORX_INLINE static Word load(const std::uint8_t* v) {
        Word word = 0;
        __builtin_memcpy(&word, v, sizeof(word));
        return word;
    }
    VECTORX_INLINE static Word load_tail(const std::uint8_t* v, std::size_t n) {
        Word word = 0;
        for (std::size_t i = 0; i < n; ++i) word |= Word{v[i]} << (8 * i);
        return word;
    }
    VECTORX_INLINE static std::uint64_t sum(Count count) { return count; }
};

template <typename Simd>
void set_bit_kernels(Kernels* table) {
    table->hamming = distance<Simd, HammingSum, std::uint8_t>;
    table->jaccard = distance<Simd, JaccardSum, std::uint8_t>;
    table->hamming_batch = distance_batch<Simd, HammingSum, std::uint8_t, std::uint64_t>;
    table->jaccard_batch = distance_batch<Simd, JaccardSum, std::uint8_t, JaccardSums>;
}

}  // namespace vectorx::simd
