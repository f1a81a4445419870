// Codes of lists: their bounds hold, close enough to be of use.
#include "vectorx/list_codes.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "vectorx/rotation.h"

namespace vectorx {
namespace {

struct Bounds {
    double failed_by_bits = 0;  // part of the entries
    double failed_by_wide = 0;
    double gap_by_bits = 0;  // mean of distance - bound
    double gap_by_wide = 0;
    double distance = 0;  // mean
};

Bounds measure(std::size_t dim, bool inner_product, float scale) {
    std::mt19937 random(static_cast<unsigned>(dim));
    std::normal_distribution<float> normal;
    auto draw = [&] {
        std::vector<float> v(dim);
        std::vector<float> spare(dim);
        for (float& x : v) x = normal(random) * scale;
        rotate(v.data(), spare.data(), dim);
        return v;
    };
    ListCodes codes(dim);
    const auto centroid = draw();
    Bounds result;
    int total = 0;
    for (int q = 0; q < 20; ++q) {
        const auto query = draw();
        std::vector<std::uint8_t> tables(ListQuery::tables_size(codes));
        std::vector<std::int8_t> bytes(ListQuery::bytes_size(codes));
        ListQuery list_query(codes, inner_product, query.data(), tables.data(), bytes.data());
        double product = 0;
        for (std::size_t i = 0; i < dim; ++i)
            product += static_cast<double>(centroid[i]) * static_cast<double>(query[i]);
        const float of_list = list_query.of_list(static_cast<float>(product));
        std::vector<std::byte> block(codes.block_size());
        codes.clear(block.data());
        std::vector<std::vector<std::byte>> entries;
        std::vector<double> distances;
        for (std::size_t slot = 0; slot < ListCodes::kBlock; ++slot) {
            const auto residual = draw();
            std::vector<float> point(dim);
            double distance = 0;
            for (std::size_t i = 0; i < dim; ++i) {
                point[i] = centroid[i] + residual[i];
                const double p = static_cast<double>(query[i]);
                const double x = static_cast<double>(point[i]);
                distance += inner_product ? -p * x : (p - x) * (p - x);
            }
            std::vector<std::byte> entry(codes.entry_size());
            codes.encode(point.data(), residual.data(), entry.data());
            EXPECT_TRUE(codes.empty(block.data(), slot));
            codes.put(entry.data(), block.data(), slot);
            EXPECT_FALSE(codes.empty(block.data(), slot));
            entries.push_back(entry);
            distances.push_back(distance);
        }
        float bounds[ListCodes::kBlock];
        list_query.lower_bounds(block.data(), of_list, bounds);
        for (std::size_t slot = 0; slot < ListCodes::kBlock; ++slot) {
            const float norm = codes.norms_of(block.data())[slot];
            const float wide = list_query.lower_bound(codes.wide_of_entry(entries[slot].data()), norm, of_list);
            result.failed_by_bits += static_cast<double>(bounds[slot]) > distances[slot];
            result.failed_by_wide += static_cast<double>(wide) > distances[slot];
            result.gap_by_bits += distances[slot] - static_cast<double>(bounds[slot]);
            result.gap_by_wide += distances[slot] - static_cast<double>(wide);
            result.distance += std::fabs(distances[slot]);
            ++total;
        }
    }
    for (double* sum :
         {&result.failed_by_bits, &result.failed_by_wide, &result.gap_by_bits, &result.gap_by_wide, &result.distance})
        *sum /= total;
    return result;
}

TEST(ListCodes, BoundsHold) {
    for (std::size_t dim : {16U, 64U, 100U, 384U, 1000U, 1920U, 16000U}) {
        for (bool inner_product : {false, true}) {
            for (float scale : {1.0F, 1e-3F, 1e4F}) {
                const Bounds found = measure(dim, inner_product, scale);
                EXPECT_LT(found.failed_by_bits, 0.012) << dim << ' ' << inner_product << ' ' << scale;
                EXPECT_LT(found.failed_by_wide, 0.012) << dim << ' ' << inner_product << ' ' << scale;
                EXPECT_LT(found.gap_by_wide, found.gap_by_bits / 4) << dim << ' ' << inner_product << ' ' << scale;
                if (!inner_product && dim >= 384) {
                    EXPECT_LT(found.gap_by_bits, 0.3 * found.distance) << dim << ' ' << scale;
                    EXPECT_LT(found.gap_by_wide, 0.03 * found.distance) << dim << ' ' << scale;
                }
            }
        }
    }
}

TEST(ListCodes, SmallDimensionsAndSpecialVectors) {
    for (std::size_t dim : {1U, 2U, 3U, 5U, 17U}) {
        ListCodes codes(dim);
        std::vector<std::byte> block(codes.block_size());
        codes.clear(block.data());
        std::vector<std::byte> entry(codes.entry_size());
        std::vector<float> zero(dim, 0.0F);
        std::vector<float> huge(dim, 3e38F);
        codes.encode(zero.data(), zero.data(), entry.data());
        codes.put(entry.data(), block.data(), 0);
        codes.encode(huge.data(), huge.data(), entry.data());
        codes.put(entry.data(), block.data(), 31);
        for (const auto& query : {zero, huge, std::vector<float>(dim, 1.0F)}) {
            std::vector<std::uint8_t> tables(ListQuery::tables_size(codes));
            std::vector<std::int8_t> bytes(ListQuery::bytes_size(codes));
            ListQuery list_query(codes, false, query.data(), tables.data(), bytes.data());
            float bounds[ListCodes::kBlock];
            list_query.lower_bounds(block.data(), list_query.of_list(0), bounds);
            for (std::size_t slot = 0; slot < ListCodes::kBlock; ++slot) {
                EXPECT_FALSE(std::isnan(bounds[slot]));
                EXPECT_EQ(bounds[slot] == std::numeric_limits<float>::infinity(), slot != 0 && slot != 31)
                    << dim << ' ' << slot << ' ' << bounds[slot];
            }
            EXPECT_LE(static_cast<double>(bounds[0]),
                      static_cast<double>(query[0]) * static_cast<double>(query[0]) * static_cast<double>(dim));
        }
        codes.remove(block.data(), 0);
        EXPECT_TRUE(codes.empty(block.data(), 0));
        EXPECT_FALSE(codes.empty(block.data(), 31));
    }
}

TEST(ListCodes, AnEntryReplacesTheOneBefore) {
    constexpr std::size_t kDim = 64;
    ListCodes codes(kDim);
    std::mt19937 random(3);
    std::normal_distribution<float> normal;
    std::vector<std::byte> fresh(codes.block_size());
    std::vector<std::byte> used(codes.block_size());
    codes.clear(fresh.data());
    codes.clear(used.data());
    for (int round = 0; round < 2; ++round) {
        for (std::size_t slot = 0; slot < ListCodes::kBlock; ++slot) {
            std::vector<float> v(kDim);
            for (float& x : v) x = normal(random);
            std::vector<std::byte> entry(codes.entry_size());
            codes.encode(v.data(), v.data(), entry.data());
            codes.put(entry.data(), used.data(), slot);
            if (round == 1) codes.put(entry.data(), fresh.data(), slot);
        }
    }
    EXPECT_EQ(fresh, used);
}

// A block whose groups lie in several places has the bounds of one that is in one piece.
TEST(ListCodes, Pieces) {
    constexpr std::size_t kDim = 1001;
    constexpr std::size_t kFirst = 64;
    constexpr std::size_t kSecond = 101;
    const ListCodes whole(kDim);
    const ListCodes parts(kDim, kFirst);
    const std::size_t third = whole.groups() - kFirst - kSecond;
    ASSERT_EQ(parts.block_size(), 16 * kFirst + ListCodes::kFactorsSize);
    std::mt19937 random(4);
    std::normal_distribution<float> normal;
    std::vector<std::byte> block(whole.block_size());
    std::vector<std::byte> part(parts.block_size());
    std::vector<std::byte> second(16 * kSecond);
    std::vector<std::byte> last(16 * third);
    whole.clear(block.data());
    parts.clear(part.data());
    std::vector<float> v(kDim);
    for (std::size_t slot = 0; slot < ListCodes::kBlock - 1; ++slot) {
        for (float& x : v) x = normal(random);
        std::vector<std::byte> entry(whole.entry_size());
        whole.encode(v.data(), v.data(), entry.data());
        whole.put(entry.data(), block.data(), slot);
        parts.put(entry.data(), part.data(), slot);
        parts.put_bits(entry.data(), kFirst, kSecond, second.data(), slot);
        parts.put_bits(entry.data(), kFirst + kSecond, third, last.data(), slot);
    }
    parts.remove(part.data(), 3);
    whole.remove(block.data(), 3);
    EXPECT_TRUE(parts.empty(part.data(), 3));
    EXPECT_FALSE(parts.empty(part.data(), 4));
    std::vector<std::uint8_t> tables(ListQuery::tables_size(whole));
    std::vector<std::int8_t> bytes(ListQuery::bytes_size(whole));
    float expected[ListCodes::kBlock];
    ListQuery(whole, false, v.data(), tables.data(), bytes.data()).lower_bounds(block.data(), 7, expected);
    const ListQuery query(parts, false, v.data(), tables.data(), bytes.data());
    std::uint16_t more[ListCodes::kBlock] = {};
    query.add_piece(second.data(), kFirst, kSecond, more);
    query.add_piece(last.data(), kFirst + kSecond, third, more);
    float bounds[ListCodes::kBlock];
    query.lower_bounds(part.data(), 7, bounds, more);
    for (std::size_t slot = 0; slot < ListCodes::kBlock; ++slot) EXPECT_EQ(bounds[slot], expected[slot]) << slot;
}

}  // namespace
}  // namespace vectorx
