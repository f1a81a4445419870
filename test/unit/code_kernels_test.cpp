#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "guarded_memory.h"
#include "kernel_tables.h"
#include "vectorx/kernels.h"

namespace vectorx {
namespace {

using test::GuardedMemory;
using test::kPlaces;
using test::Place;

class CodeKernelTest : public testing::TestWithParam<const Kernels*> {
 protected:
    template <typename T>
    std::vector<T> random_bytes(std::size_t count) {
        std::vector<T> bytes(count);
        for (T& byte : bytes) byte = static_cast<T>(random_());
        return bytes;
    }

    std::mt19937 random_{1};
};

TEST_P(CodeKernelTest, SumsProductsOfQueryAndCodes) {
    constexpr std::size_t kMaxBytes = 8192;
    GuardedMemory query_memory(2 * kMaxBytes), code_memory(kMaxBytes);
    for (std::size_t bytes = 16; bytes <= kMaxBytes; bytes += bytes < 512 ? 16 : 1008) {
        auto codes = random_bytes<std::uint8_t>(bytes);
        auto query = random_bytes<std::int8_t>(2 * bytes);
        std::int32_t expected4 = 0, expected8 = 0;
        for (std::size_t i = 0; i < bytes; ++i) {
            expected4 += (codes[i] & 15) * query[i] + (codes[i] >> 4) * query[bytes + i];
            expected8 += codes[i] * query[i];
        }
        for (Place place : kPlaces) {
            const std::uint8_t* code = code_memory.put(codes, bytes, place);
            std::int32_t sum[2];
            const std::uint8_t* pair[2] = {code, code};
            GetParam()->code4_batch(query_memory.put(query, 2 * bytes, place), pair, 2, bytes, sum);
            EXPECT_EQ(sum[0], expected4) << bytes;
            EXPECT_EQ(sum[1], expected4) << bytes;
            GetParam()->code8_batch(query_memory.put(query, bytes, place), pair, 2, bytes, sum);
            EXPECT_EQ(sum[0], expected8) << bytes;
            EXPECT_EQ(sum[1], expected8) << bytes;
        }
    }
}

TEST_P(CodeKernelTest, SumsProductsOfExtremes) {
    std::vector<std::uint8_t> code(16000, 255);
    const std::uint8_t* codes = code.data();
    for (int value : {-128, 127}) {
        std::vector<std::int8_t> query(32000, static_cast<std::int8_t>(value));
        std::int32_t sum;
        GetParam()->code4_batch(query.data(), &codes, 1, 16000, &sum);
        EXPECT_EQ(sum, 32000 * 15 * value);
        GetParam()->code8_batch(query.data(), &codes, 1, 16000, &sum);
        EXPECT_EQ(sum, 16000 * 255 * value);
    }
    EXPECT_EQ(GetParam()->code4(codes, codes, 8000), 16000 * 225);
    EXPECT_EQ(GetParam()->code8(codes, codes, 16000), 16000 * 65025);
}

TEST_P(CodeKernelTest, SumsProductsOfTwoCodes) {
    constexpr std::size_t kMaxBytes = 8192;
    GuardedMemory a_memory(kMaxBytes), b_memory(kMaxBytes);
    for (std::size_t bytes = 16; bytes <= kMaxBytes; bytes += bytes < 512 ? 16 : 1008) {
        auto a = random_bytes<std::uint8_t>(bytes);
        auto b = random_bytes<std::uint8_t>(bytes);
        std::int32_t expected4 = 0, expected8 = 0;
        for (std::size_t i = 0; i < bytes; ++i) {
            expected4 += (a[i] & 15) * (b[i] & 15) + (a[i] >> 4) * (b[i] >> 4);
            expected8 += a[i] * b[i];
        }
        for (Place place : kPlaces) {
            EXPECT_EQ(GetParam()->code4(a_memory.put(a, bytes, place), b_memory.put(b, bytes, place), bytes),
                      expected4);
            EXPECT_EQ(GetParam()->code8(a_memory.put(a, bytes, place), b_memory.put(b, bytes, place), bytes),
                      expected8);
        }
    }
}

TEST_P(CodeKernelTest, FastScanSumsTableEntries) {
    constexpr std::size_t kMaxGroups = 300;  // sums wrap where entries are large
    GuardedMemory table_memory(16 * kMaxGroups), block_memory(16 * kMaxGroups);
    for (std::size_t groups = 0; groups <= kMaxGroups; groups += groups < 20 ? 1 : 37) {
        auto tables = random_bytes<std::uint8_t>(16 * groups);
        auto block = random_bytes<std::uint8_t>(16 * groups);
        std::vector<std::uint16_t> expected(kFastScanCodes);
        for (std::size_t g = 0; g < groups; ++g) {
            for (std::size_t i = 0; i < 16; ++i) {
                expected[i] = static_cast<std::uint16_t>(expected[i] + tables[16 * g + (block[16 * g + i] & 15)]);
                expected[i + 16] =
                    static_cast<std::uint16_t>(expected[i + 16] + tables[16 * g + (block[16 * g + i] >> 4)]);
            }
        }
        for (Place place : kPlaces) {
            std::vector<std::uint16_t> sums(kFastScanCodes, 7);
            GetParam()->fast_scan(table_memory.put(tables, 16 * groups, place),
                                  block_memory.put(block, 16 * groups, place), groups, sums.data());
            EXPECT_EQ(sums, expected) << groups;
        }
    }
}

TEST_P(CodeKernelTest, HadamardKeepsInnerProducts) {
    for (std::size_t n = 1; n <= 16384; n *= 2) {
        std::normal_distribution<float> normal;
        std::vector<float> a(n), b(n), spare(n);
        double before = 0, after = 0, norms = 0;
        for (std::size_t i = 0; i < n; ++i) {
            a[i] = normal(random_);
            b[i] = normal(random_);
            before += double{a[i]} * double{b[i]};
            norms += double{a[i]} * double{a[i]} + double{b[i]} * double{b[i]};
        }
        GetParam()->hadamard(a.data(), spare.data(), n);
        GetParam()->hadamard(b.data(), spare.data(), n);
        for (std::size_t i = 0; i < n; ++i) after += double{a[i]} * double{b[i]};
        EXPECT_NEAR(after / static_cast<double>(n), before, 1e-5 * norms) << n;
    }
}

TEST_P(CodeKernelTest, HadamardSpreadsEachCoordinate) {
    for (std::size_t n = 1; n <= 1024; n *= 2) {
        for (std::size_t i = 0; i < n; i += 7) {
            std::vector<float> x(n), spare(n);
            x[i] = 3;
            GetParam()->hadamard(x.data(), spare.data(), n);
            for (float value : x) ASSERT_EQ(std::fabs(value), 3) << n << " " << i;
        }
    }
}

VECTORX_FOR_EACH_TABLE(CodeKernelTest);

}  // namespace
}  // namespace vectorx
