#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <vector>

#include "batch_check.h"
#include "guarded_memory.h"
#include "kernel_tables.h"
#include "vectorx/kernels.h"

namespace vectorx {
namespace {

using test::expect_batch_equals_single;
using test::GuardedMemory;
using test::kPlaces;
using test::Place;

std::vector<std::uint8_t> random_bytes(std::mt19937& random, std::size_t count) {
    std::vector<std::uint8_t> bytes(count);
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
    return bytes;
}

std::uint64_t bits_of(unsigned byte) {
    std::uint64_t count = 0;
    for (; byte != 0; byte /= 2) count += byte % 2;
    return count;
}

class BitKernels : public testing::TestWithParam<const Kernels*> {};
VECTORX_FOR_EACH_TABLE(BitKernels);

TEST_P(BitKernels, CountEveryBitAtEveryLengthAndAddress) {
    const Kernels& k = *GetParam();
    constexpr std::size_t kMaxBytes = 2100;
    std::mt19937 random(1);
    const auto a_values = random_bytes(random, kMaxBytes);
    const auto b_values = random_bytes(random, kMaxBytes);
    GuardedMemory a_memory(kMaxBytes);
    GuardedMemory b_memory(kMaxBytes);
    std::uint64_t hamming = 0;
    JaccardSums jaccard = {};
    for (std::size_t bytes = 0; bytes <= kMaxBytes; ++bytes) {
        for (const Place a_place : kPlaces) {
            const std::uint8_t* a = a_memory.put(a_values, bytes, a_place);
            for (const Place b_place : kPlaces) {
                const std::uint8_t* b = b_memory.put(b_values, bytes, b_place);
                ASSERT_EQ(k.hamming(a, b, bytes), hamming) << bytes;
                const JaccardSums sums = k.jaccard(a, b, bytes);
                ASSERT_EQ(sums.and_count, jaccard.and_count) << bytes;
                ASSERT_EQ(sums.or_count, jaccard.or_count) << bytes;
            }
        }
        if (bytes == kMaxBytes) break;
        const unsigned x = a_values[bytes];
        const unsigned y = b_values[bytes];
        hamming += bits_of(x ^ y);
        jaccard.and_count += bits_of(x & y);
        jaccard.or_count += bits_of(x | y);
    }
}

TEST_P(BitKernels, SeeEachSingleBit) {
    const Kernels& k = *GetParam();
    for (const std::size_t bytes : {1, 7, 8, 9, 31, 64, 65, 128, 300}) {
        const std::vector<std::uint8_t> zeros(bytes);
        for (std::size_t bit = 0; bit < 8 * bytes; ++bit) {
            auto one = zeros;
            one[bit / 8] = static_cast<std::uint8_t>(1U << bit % 8);
            ASSERT_EQ(k.hamming(zeros.data(), one.data(), bytes), 1U);
            ASSERT_EQ(k.jaccard(zeros.data(), one.data(), bytes).and_count, 0U);
            ASSERT_EQ(k.jaccard(zeros.data(), one.data(), bytes).or_count, 1U);
            ASSERT_EQ(k.jaccard(one.data(), one.data(), bytes).and_count, 1U);
        }
    }
}

TEST_P(BitKernels, DoNotOverflow) {
    const Kernels& k = *GetParam();
    constexpr std::size_t kBytes = std::size_t{1} << 22;
    const std::vector<std::uint8_t> ones(kBytes, 0xff);
    const std::vector<std::uint8_t> zeros(kBytes, 0);
    EXPECT_EQ(k.hamming(ones.data(), zeros.data(), kBytes), 8 * kBytes);
    EXPECT_EQ(k.jaccard(ones.data(), ones.data(), kBytes).and_count, 8 * kBytes);
}

TEST_P(BitKernels, GiveTheSameInABatch) {
    const Kernels& k = *GetParam();
    std::mt19937 random(2);
    const auto bytes = [&random](std::size_t n) { return random_bytes(random, n); };
    expect_batch_equals_single<std::uint8_t, std::uint64_t>(k.hamming_batch, k.hamming, 12345678, bytes);
    expect_batch_equals_single<std::uint8_t, JaccardSums>(k.jaccard_batch, k.jaccard, JaccardSums{12345678, 0}, bytes);
}

}  // namespace
}  // namespace vectorx
