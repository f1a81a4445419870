#include "vectorx/elementwise.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "vectorx/error.h"

namespace vectorx {
namespace {

constexpr float kMax = std::numeric_limits<float>::max();
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr std::size_t kMaxDim = 200;  // several blocks of every loop, and every tail

std::vector<float> random_vector(std::size_t dim, std::mt19937* random) {
    std::normal_distribution<float> normal;
    std::vector<float> x(dim);
    for (float& value : x) value = normal(*random);
    return x;
}

std::string error_of(const std::function<void()>& action) {
    try {
        action();
        return "";
    } catch (const Error& e) {
        return std::to_string(static_cast<int>(e.code())) + " " + e.what();
    }
}

std::string range_error(const std::string& what) {
    return std::to_string(static_cast<int>(ErrorCode::kNumericValueOutOfRange)) + " value out of range: " + what;
}

TEST(Elementwise, Arithmetic) {
    std::mt19937 random(1);
    for (std::size_t dim = 1; dim <= kMaxDim; ++dim) {
        std::vector<float> a = random_vector(dim, &random), b = random_vector(dim, &random), out(dim), expected(dim);
        add(a.data(), b.data(), dim, out.data());
        std::transform(a.begin(), a.end(), b.begin(), expected.begin(), std::plus());
        EXPECT_EQ(out, expected);
        std::vector<float> in_place = a;
        add(in_place.data(), b.data(), dim, in_place.data());
        EXPECT_EQ(in_place, expected);
        subtract(a.data(), b.data(), dim, out.data());
        std::transform(a.begin(), a.end(), b.begin(), expected.begin(), std::minus());
        EXPECT_EQ(out, expected);
        multiply(a.data(), b.data(), dim, out.data());
        std::transform(a.begin(), a.end(), b.begin(), expected.begin(), std::multiplies());
        EXPECT_EQ(out, expected);
    }
}

TEST(Elementwise, FindsOverflowAndUnderflowAtEveryPosition) {
    for (std::size_t dim = 1; dim <= 70; ++dim) {
        for (std::size_t at = 0; at < dim; ++at) {
            std::vector<float> a(dim, 0.0f), out(dim);
            a[at] = kMax;
            EXPECT_EQ(error_of([&] { add(a.data(), a.data(), dim, out.data()); }), range_error("overflow"));
            std::vector<float> minus(dim, 0.0f);
            minus[at] = -kMax;
            EXPECT_EQ(error_of([&] { subtract(minus.data(), a.data(), dim, out.data()); }), range_error("overflow"));
            EXPECT_EQ(error_of([&] { multiply(minus.data(), a.data(), dim, out.data()); }), range_error("overflow"));
            a[at] = 1e-30f;
            EXPECT_EQ(error_of([&] { multiply(a.data(), a.data(), dim, out.data()); }), range_error("underflow"));
            std::vector<double> sums(dim, 0.0), sums_out(dim);
            sums[at] = std::numeric_limits<double>::max();
            EXPECT_EQ(error_of([&] { add(sums.data(), sums.data(), dim, sums_out.data()); }), range_error("overflow"));
        }
    }
    // The first one counts.
    std::vector<float> a{1, 1e-30f, kMax}, out(3);
    EXPECT_EQ(error_of([&] { multiply(a.data(), a.data(), 3, out.data()); }), range_error("underflow"));
    std::swap(a[1], a[2]);
    EXPECT_EQ(error_of([&] { multiply(a.data(), a.data(), 3, out.data()); }), range_error("overflow"));
}

TEST(Elementwise, AddRows) {
    std::mt19937 random(8);
    for (std::size_t dim : {1U, 3U, 17U, 64U}) {
        std::vector<float> rows = random_vector(20 * dim, &random);
        rows[0] = 3e38F;  // more than a float holds, four times
        for (std::size_t count = 0; count <= 9; ++count) {
            std::vector<std::uint32_t> numbers(count);
            for (std::size_t n = 0; n < count; ++n) numbers[n] = static_cast<std::uint32_t>(n < 4 ? 0 : n * 7 % 20);
            std::vector<double> sums(dim, 0.5);
            add_rows(rows.data(), numbers.data(), count, dim, sums.data());
            for (std::size_t i = 0; i < dim; ++i) {
                double expected = 0.5;
                for (std::uint32_t number : numbers) expected += static_cast<double>(rows[number * dim + i]);
                EXPECT_NEAR(sums[i], expected, std::fabs(expected) * 1e-14 + 1e-14) << dim << ' ' << count << ' ' << i;
            }
        }
    }
}

TEST(Elementwise, Norm) {
    std::mt19937 random(2);
    for (std::size_t dim = 1; dim <= kMaxDim; ++dim) {
        std::vector<float> x = random_vector(dim, &random), unit(dim);
        long double sum = 0;
        for (float value : x) sum += static_cast<long double>(value) * value;
        auto expected = static_cast<double>(std::sqrt(sum));
        EXPECT_NEAR(norm(x.data(), dim), expected, expected * 1e-14);
        EXPECT_EQ(normalize(x.data(), dim, unit.data()), norm(x.data(), dim));
        for (std::size_t i = 0; i < dim; ++i) EXPECT_EQ(unit[i], static_cast<float>(x[i] / norm(x.data(), dim)));
    }
    std::vector<float> zero{0, -0.0f}, out{1, 1};
    EXPECT_EQ(normalize(zero.data(), 2, out.data()), 0);
    EXPECT_EQ(out, (std::vector<float>{0, 0}));
    EXPECT_FALSE(std::signbit(out[1]));
    float tiny = std::numeric_limits<float>::denorm_min();
    normalize(&tiny, 1, out.data());
    EXPECT_EQ(out[0], 1.0f);
    std::vector<float> large(100, kMax), large_out(100);
    normalize(large.data(), 100, large_out.data());
    EXPECT_EQ(large_out[0], 0.1f);
}

TEST(Elementwise, Compare) {
    for (std::size_t dim = 1; dim <= kMaxDim; ++dim) {
        std::vector<float> a(dim, 0.0f), b(dim, -0.0f);
        EXPECT_EQ(compare(a.data(), dim, b.data(), dim), 0);
        EXPECT_EQ(compare(a.data(), dim - 1, b.data(), dim), -1);
        EXPECT_EQ(compare(a.data(), dim, b.data(), dim - 1), 1);
        for (std::size_t at = 0; at < dim; ++at) {
            std::vector<float> c = b;
            c[at] = 1;
            if (at + 1 < dim) c[at + 1] = -1;
            EXPECT_EQ(compare(a.data(), dim, c.data(), dim), -1);
            EXPECT_EQ(compare(c.data(), dim, a.data(), dim), 1);
            EXPECT_EQ(compare(c.data(), at, a.data(), dim), -1);
            EXPECT_EQ(compare(c.data(), at + 1, a.data(), dim), 1);
        }
    }
}

TEST(Elementwise, ChecksEveryElement) {
    std::string nan = std::to_string(static_cast<int>(ErrorCode::kDataException)) + " NaN not allowed in halfvec";
    std::string infinite =
        std::to_string(static_cast<int>(ErrorCode::kDataException)) + " infinite value not allowed in halfvec";
    for (std::size_t dim = 1; dim <= 70; ++dim) {
        std::vector<float> x(dim, kMax);
        EXPECT_EQ(error_of([&] { check_finite(x.data(), dim, "halfvec"); }), "");
        for (std::size_t at = 0; at < dim; ++at) {
            x.assign(dim, -kMax);
            x[at] = kNaN;
            EXPECT_EQ(error_of([&] { check_finite(x.data(), dim, "halfvec"); }), nan);
            x[dim - 1 - at] = -kInfinity;
            EXPECT_EQ(error_of([&] { check_finite(x.data(), dim, "halfvec"); }), at < dim - 1 - at ? nan : infinite);
        }
    }
}

TEST(Elementwise, Conversions) {
    std::mt19937 random(3);
    for (std::size_t dim = 1; dim <= 70; ++dim) {
        std::vector<std::int32_t> integers(dim);
        std::vector<double> doubles(dim);
        for (std::size_t i = 0; i < dim; ++i) {
            integers[i] = static_cast<std::int32_t>(random());
            doubles[i] = std::ldexp(static_cast<double>(random()), static_cast<int>(random() % 300) - 180);
        }
        std::vector<float> out(dim);
        convert(integers.data(), dim, out.data());
        for (std::size_t i = 0; i < dim; ++i) EXPECT_EQ(out[i], static_cast<float>(integers[i]));
        convert(doubles.data(), dim, out.data());
        for (std::size_t i = 0; i < dim; ++i) EXPECT_EQ(out[i], static_cast<float>(doubles[i]));

        // At an odd address, as in a message
        std::vector<float> x = random_vector(dim, &random);
        std::vector<unsigned char> bytes(1 + dim * 4);
        encode_big_endian(x.data(), dim, bytes.data() + 1);
        for (std::size_t i = 0; i < dim; ++i) {
            auto value = std::bit_cast<std::uint32_t>(x[i]);
            for (std::size_t j = 0; j < 4; ++j) EXPECT_EQ(bytes[1 + 4 * i + j], (value >> (24 - 8 * j)) & 0xff);
        }
        decode_big_endian(bytes.data() + 1, dim, out.data());
        EXPECT_EQ(out, x);
    }
}

TEST(Elementwise, Sums) {
    std::mt19937 random(4);
    for (std::size_t dim = 1; dim <= 70; ++dim) {
        std::vector<float> x = random_vector(dim, &random), y = random_vector(dim, &random), mean(dim);
        std::vector<double> sums(dim), other(dim);
        convert(x.data(), dim, sums.data());
        add(sums.data(), y.data(), dim, sums.data());
        convert(y.data(), dim, other.data());
        add(sums.data(), other.data(), dim, other.data());
        divide(other.data(), 3, dim, mean.data());
        for (std::size_t i = 0; i < dim; ++i) {
            EXPECT_EQ(sums[i], static_cast<double>(x[i]) + y[i]);
            EXPECT_EQ(mean[i], static_cast<float>((static_cast<double>(x[i]) + y[i] + y[i]) / 3));
        }
    }
}

}  // namespace
}  // namespace vectorx
