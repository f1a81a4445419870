// The distance kernels, written once: templates over an instruction set and over the sum that a distance is made of.
//
// An instruction set is a struct (Simd below) that the translation unit of that instruction set defines in an anonymous
// namespace. Everything here that is instantiated with it therefore has internal linkage: code compiled with AVX-512
// flags can never become the definition that the linker picks for a machine without AVX-512. For the same reason this
// header calls nothing of the standard library.
//
//   struct Simd {  // of floats; that of bits stands in bits.h
//       using Float;                             // kLanes floats: + - *
//       static constexpr std::size_t kLanes, kAccumulators, kGroup;
//       static Float zero();
//       // Element is float or Half.
//       static Float load(const Element*);  // kLanes elements, as floats
//       static Float load_tail(const Element*, std::size_t n);  // the first n < kLanes; zero elsewhere; reads no more
//       static Float fma(Float a, Float b, Float c);            // a * b + c
//       static Float abs(Float);
//       static float sum(Float);
//       static void store(float*, Float);  // kLanes numbers
//       static void store(Half*, Float);
//   };
//
// Order of additions: chunk i (kLanes elements) always goes to accumulator i mod N, the accumulators are added
// pairwise. It depends on nothing but the length, so a vector has the same distance, bit for bit, alone or in a batch,
// and at any address.
#pragma once

#include <cstddef>
#include <cstdint>

#include "vectorx/kernels.h"

#define VECTORX_INLINE [[gnu::always_inline]] inline
#define VECTORX_INLINE_LAMBDA __attribute__((always_inline))

namespace vectorx::simd {

// Calls body(0), ..., body(n - 1) with the number as a type (`.value`): registers are indexed at compile time, which
// keeps arrays of accumulators out of memory.
template <std::size_t kIndex>
struct Index {
    static constexpr std::size_t value = kIndex;
};

template <std::size_t kCount, std::size_t kFirst = 0, typename Body>
VECTORX_INLINE void unroll(const Body& body) {
    if constexpr (kFirst < kCount) {
        body(Index<kFirst>{});
        unroll<kCount, kFirst + 1>(body);
    }
}

// Adds n sums up into the first one, as a balanced tree.
template <std::size_t kCount, typename Sum>
VECTORX_INLINE void merge_pairwise(Sum* sums) {
    if constexpr (kCount > 1) {
        static_assert(kCount % 2 == 0);
        unroll<kCount / 2>([&](auto j) VECTORX_INLINE_LAMBDA { sums[j.value].merge(sums[j.value + kCount / 2]); });
        merge_pairwise<kCount / 2>(sums);
    }
}

template <typename Simd>
struct L2SquaredSum {
    using Float = typename Simd::Float;
    using Result = float;
    static constexpr std::size_t kAccumulators = Simd::kAccumulators;

    Float sum;

    VECTORX_INLINE void clear() { sum = Simd::zero(); }
    VECTORX_INLINE void add(Float a, Float b) {
        const Float difference = a - b;
        sum = Simd::fma(difference, difference, sum);
    }
    VECTORX_INLINE void merge(const L2SquaredSum& other) { sum = sum + other.sum; }
    VECTORX_INLINE Result result() const { return Simd::sum(sum); }
};

template <typename Simd>
struct InnerProductSum {
    using Float = typename Simd::Float;
    using Result = float;
    static constexpr std::size_t kAccumulators = Simd::kAccumulators;

    Float sum;

    VECTORX_INLINE void clear() { sum = Simd::zero(); }
    VECTORX_INLINE void add(Float a, Float b) { sum = Simd::fma(a, b, sum); }
    VECTORX_INLINE void merge(const InnerProductSum& other) { sum = sum + other.sum; }
    VECTORX_INLINE Result result() const { return Simd::sum(sum); }
};

template <typename Simd>
struct L1Sum {
    using Float = typename Simd::Float;
    using Result = float;
    static constexpr std::size_t kAccumulators = Simd::kAccumulators;

    Float sum;

    VECTORX_INLINE void clear() { sum = Simd::zero(); }
    VECTORX_INLINE void add(Float a, Float b) { sum = sum + Simd::abs(a - b); }
    VECTORX_INLINE void merge(const L1Sum& other) { sum = sum + other.sum; }
    VECTORX_INLINE Result result() const { return Simd::sum(sum); }
};

template <typename Simd>
struct CosineSum {
    using Float = typename Simd::Float;
    using Result = CosineSums;
    // Three sums each, so half as many keep the units busy and all stay in registers.
    static constexpr std::size_t kAccumulators = Simd::kAccumulators / 2;

    Float inner_product;
    Float norm_squared_a;
    Float norm_squared_b;

    VECTORX_INLINE void clear() { inner_product = norm_squared_a = norm_squared_b = Simd::zero(); }
    VECTORX_INLINE void add(Float a, Float b) {
        inner_product = Simd::fma(a, b, inner_product);
        norm_squared_a = Simd::fma(a, a, norm_squared_a);
        norm_squared_b = Simd::fma(b, b, norm_squared_b);
    }
    VECTORX_INLINE void merge(const CosineSum& other) {
        inner_product = inner_product + other.inner_product;
        norm_squared_a = norm_squared_a + other.norm_squared_a;
        norm_squared_b = norm_squared_b + other.norm_squared_b;
    }
    VECTORX_INLINE Result result() const {
        return {Simd::sum(inner_product), Simd::sum(norm_squared_a), Simd::sum(norm_squared_b)};
    }
};

// The parts of CosineSum, added up in the same order, for a batch: there the query's norm is computed once.
template <typename Simd>
struct CosineOfVectorSum {
    using Float = typename Simd::Float;
    using Result = CosineSums;
    static constexpr std::size_t kAccumulators = CosineSum<Simd>::kAccumulators;

    Float inner_product;
    Float norm_squared_b;

    VECTORX_INLINE void clear() { inner_product = norm_squared_b = Simd::zero(); }
    VECTORX_INLINE void add(Float a, Float b) {
        inner_product = Simd::fma(a, b, inner_product);
        norm_squared_b = Simd::fma(b, b, norm_squared_b);
    }
    VECTORX_INLINE void merge(const CosineOfVectorSum& other) {
        inner_product = inner_product + other.inner_product;
        norm_squared_b = norm_squared_b + other.norm_squared_b;
    }
    VECTORX_INLINE Result result() const { return {Simd::sum(inner_product), 0.0F, Simd::sum(norm_squared_b)}; }
};

constexpr std::size_t kCacheLine = 64;

template <typename Element>
VECTORX_INLINE void prefetch_lines(const Element* vector, std::size_t first_byte, std::size_t end_byte) {
    const char* bytes = reinterpret_cast<const char*>(vector);
    for (std::size_t offset = first_byte; offset < end_byte; offset += kCacheLine) {
        __builtin_prefetch(bytes + offset);
    }
}

// Sums of kVectors vectors against one query; meanwhile the first kPrefetch of `next` are prefetched.
template <typename Simd, template <typename> typename Sum, std::size_t kVectors, std::size_t kPrefetch, typename Query,
          typename Element, typename Result>
VECTORX_INLINE void accumulate(const Query* query, const Element* const* vectors, std::size_t dim,
                               const Element* const* next, Result* out) {
    using State = Sum<Simd>;
    constexpr std::size_t kAccumulators = State::kAccumulators;
    constexpr std::size_t kStep = kAccumulators * Simd::kLanes;

    State sums[kVectors][kAccumulators];
    const Element* v[kVectors];
    unroll<kVectors>([&](auto k) VECTORX_INLINE_LAMBDA {
        v[k.value] = vectors[k.value];
        unroll<kAccumulators>([&](auto j) VECTORX_INLINE_LAMBDA { sums[k.value][j.value].clear(); });
    });

    std::size_t i = 0;
    for (; i + kStep <= dim; i += kStep) {
        unroll<kPrefetch>([&](auto k) VECTORX_INLINE_LAMBDA {
            constexpr std::size_t kLines = (kStep * sizeof(Element) + kCacheLine - 1) / kCacheLine;
            const char* bytes = reinterpret_cast<const char*>(next[k.value] + i);
            unroll<kLines>([&](auto line)
                               VECTORX_INLINE_LAMBDA { __builtin_prefetch(bytes + line.value * kCacheLine); });
        });
        unroll<kAccumulators>([&](auto j) VECTORX_INLINE_LAMBDA {
            const std::size_t at = i + j.value * Simd::kLanes;
            const auto q = Simd::load(query + at);
            unroll<kVectors>([&](auto k)
                                 VECTORX_INLINE_LAMBDA { sums[k.value][j.value].add(q, Simd::load(v[k.value] + at)); });
        });
    }
    // What remains is less than a step: whole chunks to the accumulators in turn, then the tail to the next one.
    unroll<kPrefetch>([&](auto k) VECTORX_INLINE_LAMBDA {
        prefetch_lines(next[k.value], i * sizeof(Element), dim * sizeof(Element));
    });
    unroll<kAccumulators>([&](auto j) VECTORX_INLINE_LAMBDA {
        if (i + Simd::kLanes <= dim) {
            const auto q = Simd::load(query + i);
            unroll<kVectors>([&](auto k)
                                 VECTORX_INLINE_LAMBDA { sums[k.value][j.value].add(q, Simd::load(v[k.value] + i)); });
            i += Simd::kLanes;
        } else if (i < dim) {
            const auto q = Simd::load_tail(query + i, dim - i);
            unroll<kVectors>([&](auto k) VECTORX_INLINE_LAMBDA {
                sums[k.value][j.value].add(q, Simd::load_tail(v[k.value] + i, dim - i));
            });
            i = dim;
        }
    });
    unroll<kVectors>([&](auto k) VECTORX_INLINE_LAMBDA {
        merge_pairwise<kAccumulators>(sums[k.value]);
        out[k.value] = sums[k.value][0].result();
    });
}

template <typename Simd, template <typename> typename Sum, typename Element>
typename Sum<Simd>::Result distance(const Element* a, const Element* b, std::size_t dim) {
    typename Sum<Simd>::Result result;
    accumulate<Simd, Sum, 1, 0>(a, &b, dim, static_cast<const Element* const*>(nullptr), &result);
    return result;
}

VECTORX_INLINE void convert_one(Half in, float* out) { *out = half_to_float(in); }
VECTORX_INLINE void convert_one(float in, Half* out) { *out = float_to_half(in); }

// Between float and Half, in either direction.
template <typename Simd, typename From, typename To>
void convert(const From* in, std::size_t count, To* out) {
    std::size_t i = 0;
    for (; i + Simd::kLanes <= count; i += Simd::kLanes) Simd::store(out + i, Simd::load(in + i));
    for (; i < count; ++i) convert_one(in[i], out + i);
}

// How far ahead of the computation a batch prefetches: enough bytes to cover the latency of memory, no more than the
// first-level cache holds beside what is being read.
constexpr std::size_t kPrefetchBytes = 4096;

// kGroup vectors at a time, then one at a time.
template <typename Simd, template <typename> typename Sum, std::size_t kGroup, typename Query, typename Element,
          typename Result>
VECTORX_INLINE void grouped_batch(const Query* query, const Element* const* vectors, std::size_t count, std::size_t dim,
                                  Result* out) {
    const std::size_t bytes = dim * sizeof(Element);
    std::size_t ahead = bytes == 0 ? kGroup : (kPrefetchBytes + bytes - 1) / bytes;
    if (ahead < kGroup) ahead = kGroup;

    for (std::size_t i = 0; i < ahead && i < count; ++i) prefetch_lines(vectors[i], 0, bytes);
    std::size_t i = 0;
    for (; i + ahead + kGroup <= count; i += kGroup) {
        accumulate<Simd, Sum, kGroup, kGroup>(query, vectors + i, dim, vectors + i + ahead, out + i);
    }
    // The last ones: everything is already under way but at most kGroup - 1 vectors.
    for (std::size_t late = i + ahead; late < count; ++late) prefetch_lines(vectors[late], 0, bytes);
    const Element* const* none = nullptr;
    for (; i + kGroup <= count; i += kGroup) {
        accumulate<Simd, Sum, kGroup, 0>(query, vectors + i, dim, none, out + i);
    }
    for (; i < count; ++i) accumulate<Simd, Sum, 1, 0>(query, vectors + i, dim, none, out + i);
}

// Whether the first vectors follow each other in memory, with no more than a header between them.
template <typename Element>
VECTORX_INLINE bool are_sequential(const Element* const* vectors, std::size_t count, std::size_t dim) {
    constexpr std::size_t kMaxGap = 64;
    if (count < 2) return false;
    const auto gap = reinterpret_cast<std::uintptr_t>(vectors[1]) - reinterpret_cast<std::uintptr_t>(vectors[0] + dim);
    return gap <= kMaxGap;
}

// Several vectors at a time share the loads of the query and have more misses under way, which is what random order
// needs. In sequential order one at a time is better: it is a single stream, which the CPU prefetches on its own.
template <typename Simd, template <typename> typename Sum, typename Query, typename Element, typename Result>
VECTORX_INLINE void prefetching_batch(const Query* query, const Element* const* vectors, std::size_t count,
                                      std::size_t dim, Result* out) {
    if (are_sequential(vectors, count, dim)) {
        grouped_batch<Simd, Sum, 1>(query, vectors, count, dim, out);
    } else {
        grouped_batch<Simd, Sum, Simd::kGroup>(query, vectors, count, dim, out);
    }
}

template <typename Simd, template <typename> typename Sum, typename Element, typename Result>
void distance_batch(const Element* query, const Element* const* vectors, std::size_t count, std::size_t dim,
                    Result* out) {
    prefetching_batch<Simd, Sum>(query, vectors, count, dim, out);
}

// For float16 the conversions are most of the work, so the query is converted once. The sums are the same: the
// conversion is exact. Larger queries, for which the stack has no room, stay as they are.
constexpr std::size_t kMaxConvertedDim = 4096;

template <typename Simd, template <typename> typename Sum, typename Result>
void half_distance_batch(const Half* query, const Half* const* vectors, std::size_t count, std::size_t dim,
                         Result* out) {
    if (dim <= kMaxConvertedDim && count > 1) {
        float converted[kMaxConvertedDim];
        convert<Simd>(query, dim, converted);
        prefetching_batch<Simd, Sum>(static_cast<const float*>(converted), vectors, count, dim, out);
    } else {
        prefetching_batch<Simd, Sum>(query, vectors, count, dim, out);
    }
}

template <typename Simd, typename Element>
void cosine_batch(const Element* query, const Element* const* vectors, std::size_t count, std::size_t dim,
                  CosineSums* out) {
    if constexpr (sizeof(Element) == sizeof(Half)) {
        half_distance_batch<Simd, CosineOfVectorSum>(query, vectors, count, dim, out);
    } else {
        distance_batch<Simd, CosineOfVectorSum>(query, vectors, count, dim, out);
    }
    const float query_norm_squared = distance<Simd, CosineSum>(query, query, dim).norm_squared_a;
    for (std::size_t i = 0; i < count; ++i) out[i].norm_squared_a = query_norm_squared;
}

template <typename Simd>
void set_float_kernels(Kernels* table) {
    table->l2_squared = distance<Simd, L2SquaredSum, float>;
    table->inner_product = distance<Simd, InnerProductSum, float>;
    table->l1 = distance<Simd, L1Sum, float>;
    table->cosine = distance<Simd, CosineSum, float>;
    table->l2_squared_batch = distance_batch<Simd, L2SquaredSum, float, float>;
    table->inner_product_batch = distance_batch<Simd, InnerProductSum, float, float>;
    table->l1_batch = distance_batch<Simd, L1Sum, float, float>;
    table->cosine_batch = cosine_batch<Simd, float>;

    table->half_l2_squared = distance<Simd, L2SquaredSum, Half>;
    table->half_inner_product = distance<Simd, InnerProductSum, Half>;
    table->half_l1 = distance<Simd, L1Sum, Half>;
    table->half_cosine = distance<Simd, CosineSum, Half>;
    table->half_l2_squared_batch = half_distance_batch<Simd, L2SquaredSum, float>;
    table->half_inner_product_batch = half_distance_batch<Simd, InnerProductSum, float>;
    table->half_l1_batch = half_distance_batch<Simd, L1Sum, float>;
    table->half_cosine_batch = cosine_batch<Simd, Half>;

    table->half_to_float = convert<Simd, Half, float>;
    table->float_to_half = convert<Simd, float, Half>;
}

}  // namespace vectorx::simd
