#include "vectorx/kernels.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <ostream>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "guarded_memory.h"

namespace vectorx {

// How GoogleTest names the table of a failed test.
static void PrintTo(const Kernels* table, std::ostream* out) { *out << table->name; }

namespace {

using test::GuardedMemory;
using test::kPlaces;
using test::Place;

constexpr std::size_t kMaxDim = 2100;
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

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

    Reference(const std::vector<float>& a, const std::vector<float>& b, std::size_t dim) {
        for (std::size_t i = 0; i < dim; ++i) {
            const double x = a[i];
            const double y = b[i];
            l2_squared.add((x - y) * (x - y));
            inner_product.add(x * y);
            l1.add(std::fabs(x - y));
            norm_squared_a.add(x * x);
            norm_squared_b.add(y * y);
        }
    }
};

// The bound of floating-point summation: a result that passed through at most k roundings of terms of magnitude m is
// off by at most m * k*u / (1 - k*u), u = 2^-24. Each of the at least 16 partial sums of a kernel takes one term of 16;
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

std::vector<float> random_vector(std::mt19937& random, std::size_t dim) {
    std::uniform_real_distribution<float> uniform(-1, 1);
    std::vector<float> values(dim);
    for (float& value : values) value = uniform(random);
    return values;
}

// Small integers, never 0: every sum is exact in float whatever its order, so the slightest mistake shows.
std::vector<float> integer_vector(std::mt19937& random, std::size_t dim) {
    std::uniform_int_distribution<int> uniform(1, 16);
    std::vector<float> values(dim);
    for (float& value : values) value = static_cast<float>(uniform(random)) * (random() % 2 == 0 ? 1.0F : -1.0F);
    return values;
}

bool same_bits(float a, float b) { return std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b); }

bool same_bits(const CosineSums& a, const CosineSums& b) {
    return same_bits(a.inner_product, b.inner_product) && same_bits(a.norm_squared_a, b.norm_squared_a) &&
           same_bits(a.norm_squared_b, b.norm_squared_b);
}

std::vector<const Kernels*> all_tables() {
    std::vector<const Kernels*> tables;
    for (auto table = supported_kernels(); *table != nullptr; ++table) tables.push_back(*table);
    return tables;
}

TEST(KernelTables, AreDistinctAndBestFirst) {
    const auto tables = all_tables();
    ASSERT_FALSE(tables.empty());
    EXPECT_EQ(&kernels(), tables.front());
    EXPECT_STREQ(tables.back()->name, "baseline");
    for (std::size_t i = 1; i < tables.size(); ++i) {
        EXPECT_STRNE(tables[i]->name, tables[i - 1]->name);
        EXPECT_NE(tables[i]->l2_squared, tables[i - 1]->l2_squared);
    }
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
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

class FloatKernels : public testing::TestWithParam<const Kernels*> {};

TEST_P(FloatKernels, AgreeWithDoublePrecisionAtEveryLength) {
    const Kernels& k = *GetParam();
    std::mt19937 random(1);
    const auto a = random_vector(random, kMaxDim);
    const auto b = random_vector(random, kMaxDim);
    for (std::size_t dim = 1; dim <= kMaxDim; ++dim) {
        const Reference reference(a, b, dim);
        expect_near(k.l2_squared(a.data(), b.data(), dim), reference.l2_squared, dim, "l2_squared");
        expect_near(k.inner_product(a.data(), b.data(), dim), reference.inner_product, dim, "inner_product");
        expect_near(k.l1(a.data(), b.data(), dim), reference.l1, dim, "l1");
        const CosineSums sums = k.cosine(a.data(), b.data(), dim);
        expect_near(sums.inner_product, reference.inner_product, dim, "cosine.inner_product");
        expect_near(sums.norm_squared_a, reference.norm_squared_a, dim, "cosine.norm_squared_a");
        expect_near(sums.norm_squared_b, reference.norm_squared_b, dim, "cosine.norm_squared_b");
        if (HasFailure()) return;
    }
}

// Covers both ends of the vectors: an element that is left out, counted twice or read from outside changes an exact sum
// or hits a guard page.
TEST_P(FloatKernels, AreExactOnIntegersAtAnyAddress) {
    const Kernels& k = *GetParam();
    std::mt19937 random(2);
    const auto a_values = integer_vector(random, kMaxDim);
    const auto b_values = integer_vector(random, kMaxDim);
    GuardedMemory a_memory(kMaxDim * sizeof(float));
    GuardedMemory b_memory(kMaxDim * sizeof(float));
    for (std::size_t dim = 1; dim <= kMaxDim; ++dim) {
        const Reference reference(a_values, b_values, dim);
        for (const Place a_place : kPlaces) {
            const float* a = a_memory.put(a_values, dim, a_place);
            for (const Place b_place : kPlaces) {
                const float* b = b_memory.put(b_values, dim, b_place);
                EXPECT_EQ(k.l2_squared(a, b, dim), reference.l2_squared.value) << dim;
                EXPECT_EQ(k.inner_product(a, b, dim), reference.inner_product.value) << dim;
                EXPECT_EQ(k.l1(a, b, dim), reference.l1.value) << dim;
                const CosineSums sums = k.cosine(a, b, dim);
                EXPECT_EQ(sums.inner_product, reference.inner_product.value) << dim;
                EXPECT_EQ(sums.norm_squared_a, reference.norm_squared_a.value) << dim;
                EXPECT_EQ(sums.norm_squared_b, reference.norm_squared_b.value) << dim;
                if (HasFailure()) return;
            }
        }
    }
}

TEST_P(FloatKernels, GiveTheSameBitsAtAnyAddress) {
    const Kernels& k = *GetParam();
    std::mt19937 random(3);
    const auto a = random_vector(random, kMaxDim);
    const auto b_values = random_vector(random, kMaxDim);
    GuardedMemory b_memory(kMaxDim * sizeof(float));
    for (std::size_t dim = 1; dim <= kMaxDim; dim += 1 + dim / 100) {
        for (const Place place : kPlaces) {
            const float* b = b_memory.put(b_values, dim, place);
            EXPECT_TRUE(same_bits(k.l2_squared(a.data(), b, dim), k.l2_squared(a.data(), b_values.data(), dim))) << dim;
            EXPECT_TRUE(same_bits(k.inner_product(a.data(), b, dim), k.inner_product(a.data(), b_values.data(), dim)))
                << dim;
            EXPECT_TRUE(same_bits(k.l1(a.data(), b, dim), k.l1(a.data(), b_values.data(), dim))) << dim;
            EXPECT_TRUE(same_bits(k.cosine(a.data(), b, dim), k.cosine(a.data(), b_values.data(), dim))) << dim;
        }
    }
}

TEST_P(FloatKernels, GiveTheSameBitsInABatch) {
    const Kernels& k = *GetParam();
    std::mt19937 random(4);
    for (const std::size_t dim : {0, 1, 2, 3, 7, 16, 31, 100, 128, 257, 384, 768, 1000, 1024, 1536, 2048, 2100}) {
        const auto query = random_vector(random, dim);
        for (const std::size_t count : {0, 1, 2, 3, 4, 5, 8, 31, 32, 33, 100}) {
            // The vectors end at a guard page; their order in memory is not that of the batch.
            GuardedMemory memory(count * dim * sizeof(float));
            const float* first = memory.put(random_vector(random, count * dim), count * dim, Place::kAtEnd);
            std::vector<const float*> vectors(count);
            for (std::size_t i = 0; i < count; ++i) vectors[i] = first + (i * 37 + 11) % count * dim;

            std::vector<float> out(count + 1);
            const auto expect_same = [&](FloatBatchKernel batch, FloatKernel single, const char* what) {
                out.assign(count + 1, -1.0F);
                batch(query.data(), vectors.data(), count, dim, out.data());
                for (std::size_t i = 0; i < count; ++i) {
                    EXPECT_TRUE(same_bits(out[i], single(query.data(), vectors[i], dim)))
                        << what << ", dim " << dim << ", vector " << i << " of " << count;
                }
                EXPECT_EQ(out[count], -1.0F) << what << " wrote more than " << count << " results";
            };
            expect_same(k.l2_squared_batch, k.l2_squared, "l2_squared");
            expect_same(k.inner_product_batch, k.inner_product, "inner_product");
            expect_same(k.l1_batch, k.l1, "l1");

            std::vector<CosineSums> sums(count + 1, CosineSums{-1, -1, -1});
            k.cosine_batch(query.data(), vectors.data(), count, dim, sums.data());
            for (std::size_t i = 0; i < count; ++i) {
                EXPECT_TRUE(same_bits(sums[i], k.cosine(query.data(), vectors[i], dim)))
                    << "cosine, dim " << dim << ", vector " << i << " of " << count;
            }
            EXPECT_TRUE(same_bits(sums[count], CosineSums{-1, -1, -1}));
            if (HasFailure()) return;
        }
    }
}

TEST_P(FloatKernels, GiveZeroForEmptyVectors) {
    const Kernels& k = *GetParam();
    GuardedMemory memory(1);
    // Nothing may be read here.
    const float* nothing = memory.put(std::vector<float>(), 0, Place::kAtEnd);
    EXPECT_TRUE(same_bits(k.l2_squared(nothing, nothing, 0), 0.0F));
    EXPECT_TRUE(same_bits(k.inner_product(nothing, nothing, 0), 0.0F));
    EXPECT_TRUE(same_bits(k.l1(nothing, nothing, 0), 0.0F));
    EXPECT_TRUE(same_bits(k.cosine(nothing, nothing, 0), CosineSums{0, 0, 0}));
}

TEST_P(FloatKernels, PropagateNanAndInfinityFromEveryPosition) {
    const Kernels& k = *GetParam();
    for (const std::size_t dim : {1, 3, 4, 5, 15, 16, 17, 31, 64, 100, 128, 143, 300}) {
        const std::vector<float> ones(dim, 1.0F);
        for (std::size_t at = 0; at < dim; ++at) {
            std::vector<float> v = ones;
            v[at] = kNan;
            using Pair = std::pair<const std::vector<float>*, const std::vector<float>*>;
            for (const auto& [a, b] : {Pair(&v, &ones), Pair(&ones, &v)}) {
                EXPECT_TRUE(std::isnan(k.l2_squared(a->data(), b->data(), dim)));
                EXPECT_TRUE(std::isnan(k.inner_product(a->data(), b->data(), dim)));
                EXPECT_TRUE(std::isnan(k.l1(a->data(), b->data(), dim)));
                EXPECT_TRUE(std::isnan(k.cosine(a->data(), b->data(), dim).inner_product));
            }
            EXPECT_TRUE(std::isnan(k.cosine(v.data(), ones.data(), dim).norm_squared_a));
            EXPECT_TRUE(std::isnan(k.cosine(ones.data(), v.data(), dim).norm_squared_b));

            v[at] = -kInfinity;
            EXPECT_EQ(k.l2_squared(v.data(), ones.data(), dim), kInfinity);
            EXPECT_EQ(k.inner_product(v.data(), ones.data(), dim), -kInfinity);
            EXPECT_EQ(k.l1(v.data(), ones.data(), dim), kInfinity);
            EXPECT_EQ(k.cosine(v.data(), ones.data(), dim).norm_squared_a, kInfinity);
            EXPECT_EQ(k.cosine(ones.data(), v.data(), dim).norm_squared_b, kInfinity);
            // inf - inf
            EXPECT_TRUE(std::isnan(k.l2_squared(v.data(), v.data(), dim)));
            EXPECT_TRUE(std::isnan(k.l1(v.data(), v.data(), dim)));
        }
    }
}

TEST_P(FloatKernels, OverflowToInfinity) {
    const Kernels& k = *GetParam();
    const std::vector<float> large(100, 3e38F);
    const std::vector<float> small(100, -3e38F);
    EXPECT_EQ(k.l2_squared(large.data(), small.data(), large.size()), kInfinity);
    EXPECT_EQ(k.inner_product(large.data(), small.data(), large.size()), -kInfinity);
    EXPECT_EQ(k.l1(large.data(), small.data(), large.size()), kInfinity);
}

INSTANTIATE_TEST_SUITE_P(, FloatKernels, testing::ValuesIn(all_tables()),
                         [](const auto& table) { return std::string(table.param->name); });

}  // namespace
}  // namespace vectorx
