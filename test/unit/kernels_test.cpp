#include "vectorx/kernels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "batch_check.h"
#include "guarded_memory.h"
#include "kernel_tables.h"

namespace vectorx {
namespace {

using test::all_tables;
using test::expect_batch_equals_single;
using test::GuardedMemory;
using test::kPlaces;
using test::Place;
using test::same_bits;

constexpr std::size_t kMaxDim = 2100;
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

TEST(KernelTables, AreDistinctAndBestFirst) {
    const auto tables = all_tables();
    ASSERT_FALSE(tables.empty());
    EXPECT_EQ(&kernels(), tables.front());
    EXPECT_STREQ(tables.back()->name, "baseline");
    for (std::size_t i = 1; i < tables.size(); ++i) {
        EXPECT_STRNE(tables[i]->name, tables[i - 1]->name);
        // Each level brings its own kernels, of some kind.
        EXPECT_TRUE(tables[i]->l2_squared != tables[i - 1]->l2_squared || tables[i]->hamming != tables[i - 1]->hamming);
    }
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512vpopcntdq")) {
        EXPECT_EQ(tables.size(), 4U);
    } else if (__builtin_cpu_supports("avx2")) {
        EXPECT_GE(tables.size(), 2U);
    }
#elif defined(__aarch64__)
    EXPECT_STREQ(kernels().name, "neon");
#endif
}

TEST(KernelTables, AreTheSameForEveryThread) {
    const Kernels* seen[4] = {};
    std::vector<std::thread> threads;
    for (auto& table : seen) threads.emplace_back([&table] { table = &kernels(); });
    for (auto& thread : threads) thread.join();
    for (const auto* table : seen) EXPECT_EQ(table, &kernels());
}

// The distances of a table on one type of element.
template <typename Element>
struct Distances {
    DistanceKernel<Element, float> l2_squared, inner_product, l1;
    DistanceKernel<Element, CosineSums> cosine;
    DistanceBatchKernel<Element, float> l2_squared_batch, inner_product_batch, l1_batch;
    DistanceBatchKernel<Element, CosineSums> cosine_batch;
};

template <typename Element>
Distances<Element> distances_of(const Kernels& k);

template <>
Distances<float> distances_of<float>(const Kernels& k) {
    return {k.l2_squared,       k.inner_product,       k.l1,       k.cosine,
            k.l2_squared_batch, k.inner_product_batch, k.l1_batch, k.cosine_batch};
}

template <>
Distances<Half> distances_of<Half>(const Kernels& k) {
    return {k.half_l2_squared,       k.half_inner_product,       k.half_l1,       k.half_cosine,
            k.half_l2_squared_batch, k.half_inner_product_batch, k.half_l1_batch, k.half_cosine_batch};
}

template <typename Element>
Element from_float(float value) {
    if constexpr (std::is_same_v<Element, Half>) {
        return float_to_half(value);
    } else {
        return value;
    }
}

double value_of(float value) { return value; }
double value_of(Half value) { return half_to_float(value); }

template <typename Element>
std::vector<Element> random_vector(std::mt19937& random, std::size_t dim) {
    std::uniform_real_distribution<float> uniform(-1, 1);
    std::vector<Element> values(dim);
    for (Element& value : values) value = from_float<Element>(uniform(random));
    return values;
}

// Small integers, never 0: every sum is exact in float whatever its order, so the slightest mistake shows.
template <typename Element>
std::vector<Element> integer_vector(std::mt19937& random, std::size_t dim) {
    std::uniform_int_distribution<int> uniform(1, 16);
    std::vector<Element> values(dim);
    for (Element& value : values) {
        value = from_float<Element>(static_cast<float>(uniform(random)) * (random() % 2 == 0 ? 1.0F : -1.0F));
    }
    return values;
}

// A sum in double, and the sum of its terms' magnitudes, which rounding errors are proportional to.
struct ReferenceSum {
    double value = 0;
    double magnitude = 0;

    void add(double term) {
        value += term;
        magnitude += std::fabs(term);
    }
};

struct Reference {
    ReferenceSum l2_squared, inner_product, l1, norm_squared_a, norm_squared_b;

    template <typename Element>
    Reference(const std::vector<Element>& a, const std::vector<Element>& b, std::size_t dim) {
        for (std::size_t i = 0; i < dim; ++i) {
            const double x = value_of(a[i]);
            const double y = value_of(b[i]);
            l2_squared.add((x - y) * (x - y));
            inner_product.add(x * y);
            l1.add(std::fabs(x - y));
            norm_squared_a.add(x * x);
            norm_squared_b.add(y * y);
        }
    }
};

// The bound of floating-point summation: a result that passed through at most k roundings of terms of magnitude m is
// off by at most m * k*u / (1 - k*u), u = 2^-24. Each of the at least 8 partial sums of a kernel takes one term of 8;
// adding the partial sums up takes at most 7 additions (128 of them), computing a term at most 3 roundings (difference,
// which the square doubles, and product). The reference's own error is 2^-29 of this.
double error_bound(std::size_t dim, const ReferenceSum& reference) {
    const std::size_t most_terms = (dim + 7) / 8;
    const double roundings = static_cast<double>(most_terms + 7 + 3);
    const double unit = 0x1p-24;
    return reference.magnitude * roundings * unit / (1 - roundings * unit);
}

void expect_near(float result, const ReferenceSum& reference, std::size_t dim, const char* what) {
    EXPECT_NEAR(result, reference.value, error_bound(dim, reference)) << what << ", dim " << dim;
}

template <typename Element>
void expect_agreement_with_double(const Kernels& table) {
    const auto k = distances_of<Element>(table);
    std::mt19937 random(1);
    const auto a = random_vector<Element>(random, kMaxDim);
    const auto b = random_vector<Element>(random, kMaxDim);
    for (std::size_t dim = 1; dim <= kMaxDim && !testing::Test::HasFailure(); ++dim) {
        const Reference reference(a, b, dim);
        expect_near(k.l2_squared(a.data(), b.data(), dim), reference.l2_squared, dim, "l2_squared");
        expect_near(k.inner_product(a.data(), b.data(), dim), reference.inner_product, dim, "inner_product");
        expect_near(k.l1(a.data(), b.data(), dim), reference.l1, dim, "l1");
        const CosineSums sums = k.cosine(a.data(), b.data(), dim);
        expect_near(sums.inner_product, reference.inner_product, dim, "cosine.inner_product");
        expect_near(sums.norm_squared_a, reference.norm_squared_a, dim, "cosine.norm_squared_a");
        expect_near(sums.norm_squared_b, reference.norm_squared_b, dim, "cosine.norm_squared_b");
    }
}

// Covers both ends of the vectors: an element that is left out, counted twice or read from outside changes an exact sum
// or hits a guard page.
template <typename Element>
void expect_exact_sums_at_any_address(const Kernels& table) {
    const auto k = distances_of<Element>(table);
    std::mt19937 random(2);
    const auto a_values = integer_vector<Element>(random, kMaxDim);
    const auto b_values = integer_vector<Element>(random, kMaxDim);
    GuardedMemory a_memory(kMaxDim * sizeof(Element));
    GuardedMemory b_memory(kMaxDim * sizeof(Element));
    for (std::size_t dim = 1; dim <= kMaxDim; ++dim) {
        const Reference reference(a_values, b_values, dim);
        for (const Place a_place : kPlaces) {
            const Element* a = a_memory.put(a_values, dim, a_place);
            for (const Place b_place : kPlaces) {
                const Element* b = b_memory.put(b_values, dim, b_place);
                ASSERT_EQ(k.l2_squared(a, b, dim), reference.l2_squared.value) << dim;
                ASSERT_EQ(k.inner_product(a, b, dim), reference.inner_product.value) << dim;
                ASSERT_EQ(k.l1(a, b, dim), reference.l1.value) << dim;
                const CosineSums sums = k.cosine(a, b, dim);
                ASSERT_EQ(sums.inner_product, reference.inner_product.value) << dim;
                ASSERT_EQ(sums.norm_squared_a, reference.norm_squared_a.value) << dim;
                ASSERT_EQ(sums.norm_squared_b, reference.norm_squared_b.value) << dim;
            }
        }
    }
}

template <typename Element>
void expect_same_bits_at_any_address(const Kernels& table) {
    const auto k = distances_of<Element>(table);
    std::mt19937 random(3);
    const auto a = random_vector<Element>(random, kMaxDim);
    const auto values = random_vector<Element>(random, kMaxDim);
    GuardedMemory memory(kMaxDim * sizeof(Element));
    for (std::size_t dim = 1; dim <= kMaxDim; dim += 1 + dim / 100) {
        for (const Place place : kPlaces) {
            const Element* b = memory.put(values, dim, place);
            ASSERT_TRUE(same_bits(k.l2_squared(a.data(), b, dim), k.l2_squared(a.data(), values.data(), dim)));
            ASSERT_TRUE(same_bits(k.inner_product(a.data(), b, dim), k.inner_product(a.data(), values.data(), dim)));
            ASSERT_TRUE(same_bits(k.l1(a.data(), b, dim), k.l1(a.data(), values.data(), dim)));
            ASSERT_TRUE(same_bits(k.cosine(a.data(), b, dim), k.cosine(a.data(), values.data(), dim)));
        }
    }
}

template <typename Element>
void expect_same_bits_in_batches(const Kernels& table) {
    const auto k = distances_of<Element>(table);
    std::mt19937 random(4);
    const auto values = [&random](std::size_t n) { return random_vector<Element>(random, n); };
    expect_batch_equals_single<Element, float>(k.l2_squared_batch, k.l2_squared, -1.0F, values);
    expect_batch_equals_single<Element, float>(k.inner_product_batch, k.inner_product, -1.0F, values);
    expect_batch_equals_single<Element, float>(k.l1_batch, k.l1, -1.0F, values);
    expect_batch_equals_single<Element, CosineSums>(k.cosine_batch, k.cosine, CosineSums{-1, -1, -1}, values);
}

template <typename Element>
void expect_zero_for_empty_vectors(const Kernels& table) {
    const auto k = distances_of<Element>(table);
    GuardedMemory memory(1);
    const Element* nothing = memory.space<Element>(0, Place::kAtEnd);  // may not be read
    EXPECT_TRUE(same_bits(k.l2_squared(nothing, nothing, 0), 0.0F));
    EXPECT_TRUE(same_bits(k.inner_product(nothing, nothing, 0), 0.0F));
    EXPECT_TRUE(same_bits(k.l1(nothing, nothing, 0), 0.0F));
    EXPECT_TRUE(same_bits(k.cosine(nothing, nothing, 0), CosineSums{0, 0, 0}));
}

template <typename Element>
void expect_nan_and_infinity_from_every_position(const Kernels& table) {
    const auto k = distances_of<Element>(table);
    for (const std::size_t dim : {1, 3, 4, 5, 15, 16, 17, 31, 64, 100, 128, 143, 300}) {
        const std::vector<Element> ones(dim, from_float<Element>(1.0F));
        for (std::size_t at = 0; at < dim; ++at) {
            std::vector<Element> v = ones;
            v[at] = from_float<Element>(kNan);
            using Pair = std::pair<const std::vector<Element>*, const std::vector<Element>*>;
            for (const auto& [a, b] : {Pair(&v, &ones), Pair(&ones, &v)}) {
                ASSERT_TRUE(std::isnan(k.l2_squared(a->data(), b->data(), dim)));
                ASSERT_TRUE(std::isnan(k.inner_product(a->data(), b->data(), dim)));
                ASSERT_TRUE(std::isnan(k.l1(a->data(), b->data(), dim)));
                ASSERT_TRUE(std::isnan(k.cosine(a->data(), b->data(), dim).inner_product));
            }
            ASSERT_TRUE(std::isnan(k.cosine(v.data(), ones.data(), dim).norm_squared_a));
            ASSERT_TRUE(std::isnan(k.cosine(ones.data(), v.data(), dim).norm_squared_b));

            v[at] = from_float<Element>(-kInfinity);
            ASSERT_EQ(k.l2_squared(v.data(), ones.data(), dim), kInfinity);
            ASSERT_EQ(k.inner_product(v.data(), ones.data(), dim), -kInfinity);
            ASSERT_EQ(k.l1(v.data(), ones.data(), dim), kInfinity);
            ASSERT_EQ(k.cosine(v.data(), ones.data(), dim).norm_squared_a, kInfinity);
            ASSERT_EQ(k.cosine(ones.data(), v.data(), dim).norm_squared_b, kInfinity);
            // inf - inf
            ASSERT_TRUE(std::isnan(k.l2_squared(v.data(), v.data(), dim)));
            ASSERT_TRUE(std::isnan(k.l1(v.data(), v.data(), dim)));
        }
    }
}

class FloatKernels : public testing::TestWithParam<const Kernels*> {};
VECTORX_FOR_EACH_TABLE(FloatKernels);

TEST_P(FloatKernels, AgreeWithDoublePrecisionAtEveryLength) { expect_agreement_with_double<float>(*GetParam()); }
TEST_P(FloatKernels, AreExactOnIntegersAtAnyAddress) { expect_exact_sums_at_any_address<float>(*GetParam()); }
TEST_P(FloatKernels, GiveTheSameBitsAtAnyAddress) { expect_same_bits_at_any_address<float>(*GetParam()); }
TEST_P(FloatKernels, GiveTheSameBitsInABatch) { expect_same_bits_in_batches<float>(*GetParam()); }
TEST_P(FloatKernels, GiveZeroForEmptyVectors) { expect_zero_for_empty_vectors<float>(*GetParam()); }
TEST_P(FloatKernels, PropagateNanAndInfinityFromEveryPosition) {
    expect_nan_and_infinity_from_every_position<float>(*GetParam());
}

TEST_P(FloatKernels, OverflowToInfinity) {
    const Kernels& k = *GetParam();
    const std::vector<float> large(100, 3e38F);
    const std::vector<float> small(100, -3e38F);
    EXPECT_EQ(k.l2_squared(large.data(), small.data(), large.size()), kInfinity);
    EXPECT_EQ(k.inner_product(large.data(), small.data(), large.size()), -kInfinity);
    EXPECT_EQ(k.l1(large.data(), small.data(), large.size()), kInfinity);
}

class HalfKernels : public testing::TestWithParam<const Kernels*> {};
VECTORX_FOR_EACH_TABLE(HalfKernels);

TEST_P(HalfKernels, AgreeWithDoublePrecisionAtEveryLength) { expect_agreement_with_double<Half>(*GetParam()); }
TEST_P(HalfKernels, AreExactOnIntegersAtAnyAddress) { expect_exact_sums_at_any_address<Half>(*GetParam()); }
TEST_P(HalfKernels, GiveTheSameBitsAtAnyAddress) { expect_same_bits_at_any_address<Half>(*GetParam()); }
TEST_P(HalfKernels, GiveTheSameBitsInABatch) { expect_same_bits_in_batches<Half>(*GetParam()); }
TEST_P(HalfKernels, GiveZeroForEmptyVectors) { expect_zero_for_empty_vectors<Half>(*GetParam()); }
TEST_P(HalfKernels, PropagateNanAndInfinityFromEveryPosition) {
    expect_nan_and_infinity_from_every_position<Half>(*GetParam());
}

// 65504 squared is far outside of float16: sums are float32.
TEST_P(HalfKernels, AccumulateBeyondTheRangeOfHalf) {
    const Kernels& k = *GetParam();
    const std::vector<Half> large(2000, float_to_half(kMaxHalf));
    const std::vector<Half> small(2000, float_to_half(-kMaxHalf));
    const double difference = 2.0 * kMaxHalf;
    EXPECT_NEAR(k.half_l2_squared(large.data(), small.data(), 2000), 2000 * difference * difference, 1e9);
    EXPECT_NEAR(k.half_inner_product(large.data(), large.data(), 2000), 2000.0 * kMaxHalf * kMaxHalf, 1e9);
    EXPECT_NEAR(k.half_l1(large.data(), small.data(), 2000), 2000 * difference, 1e4);
}

// A subnormal number counts as what it is, not as 0.
TEST_P(HalfKernels, SeeSubnormalNumbers) {
    const Kernels& k = *GetParam();
    for (const std::size_t dim : {1, 3, 7, 15, 16, 100}) {
        const std::vector<Half> smallest(dim, Half{1});  // 2^-24
        const std::vector<Half> ones(dim, float_to_half(1.0F));
        EXPECT_EQ(k.half_inner_product(smallest.data(), ones.data(), dim), static_cast<float>(dim) * 0x1p-24F);
    }
}

}  // namespace
}  // namespace vectorx
