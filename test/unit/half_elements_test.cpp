// Arithmetic on halves, compared with the same arithmetic on single numbers, rounded by half.h.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "vectorx/elementwise.h"
#include "vectorx/error.h"
#include "vectorx/half.h"

namespace vectorx {
namespace {

using Halves = std::vector<Half>;

// Around the sizes of vector registers, and of the blocks in which halves become floats.
constexpr std::size_t kDims[] = {1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 70, 511, 512, 513, 1023, 1025, 1540};

template <typename Call>
std::string error_of(Call call) {
    try {
        call();
        return "";
    } catch (const Error& e) {
        return std::to_string(static_cast<int>(e.code())) + " " + e.what();
    }
}

std::string range_error(const std::string& what) {
    return std::to_string(static_cast<int>(ErrorCode::kNumericValueOutOfRange)) + " value out of range: " + what;
}

Half random_half(std::mt19937* random) {
    for (;;) {
        auto half = static_cast<Half>((*random)());
        if ((half & 0x7fffU) < kHalfInfinity) return half;
    }
}

// Numbers whose sums and products stay in range.
Halves random_halves(std::size_t dim, std::mt19937* random) {
    std::uniform_real_distribution<float> uniform(-100, 100);
    Halves halves(dim);
    for (Half& half : halves) half = float_to_half(uniform(*random));
    return halves;
}

TEST(HalfElements, Arithmetic) {
    std::mt19937 random(1);
    for (std::size_t dim : kDims) {
        Halves a = random_halves(dim, &random), b = random_halves(dim, &random), sum(dim), difference(dim),
               product(dim);
        add(a.data(), b.data(), dim, sum.data());
        subtract(a.data(), b.data(), dim, difference.data());
        multiply(a.data(), b.data(), dim, product.data());
        for (std::size_t i = 0; i < dim; ++i) {
            // In double every sum and product of two halves is exact.
            double x = half_to_float(a[i]), y = half_to_float(b[i]);
            ASSERT_EQ(static_cast<float>(x + y), x + y);
            EXPECT_EQ(sum[i], float_to_half(static_cast<float>(x + y)));
            EXPECT_EQ(difference[i], float_to_half(static_cast<float>(x - y)));
            EXPECT_EQ(product[i], float_to_half(static_cast<float>(x * y)));
        }
        Halves in_place = a;
        add(in_place.data(), b.data(), dim, in_place.data());
        EXPECT_EQ(in_place, sum);
        in_place = b;
        add(a.data(), in_place.data(), dim, in_place.data());
        EXPECT_EQ(in_place, sum);
    }
}

TEST(HalfElements, ReportsTheFirstOverflowOrUnderflow) {
    for (std::size_t dim : kDims) {
        for (std::size_t at : {std::size_t{0}, dim / 2, dim - 1}) {
            Halves a(dim, float_to_half(1)), out(dim);
            a[at] = float_to_half(kMaxHalf);
            Halves minus = a;
            minus[at] = float_to_half(-kMaxHalf);
            EXPECT_EQ(error_of([&] { add(a.data(), a.data(), dim, out.data()); }), range_error("overflow"));
            EXPECT_EQ(error_of([&] { subtract(minus.data(), a.data(), dim, out.data()); }), range_error("overflow"));
            EXPECT_EQ(error_of([&] { multiply(minus.data(), a.data(), dim, out.data()); }), range_error("overflow"));
            EXPECT_EQ(error_of([&] { add(minus.data(), a.data(), dim, out.data()); }), "");
            a[at] = float_to_half(1e-4F);
            EXPECT_EQ(error_of([&] { multiply(a.data(), a.data(), dim, out.data()); }), range_error("underflow"));
            // A product that is zero because a factor is
            Halves zero(dim, Half{0x8000});
            EXPECT_EQ(error_of([&] { multiply(a.data(), zero.data(), dim, out.data()); }), "");
        }
    }
    Halves a{float_to_half(1e-4F), float_to_half(300)}, out(2);
    EXPECT_EQ(error_of([&] { multiply(a.data(), a.data(), 2, out.data()); }), range_error("underflow"));
    std::swap(a[0], a[1]);
    EXPECT_EQ(error_of([&] { multiply(a.data(), a.data(), 2, out.data()); }), range_error("overflow"));
    // The sum that rounds to infinity, and the largest that does not
    Halves large{float_to_half(kMaxHalf)}, half_step{float_to_half(16)}, less{float_to_half(15.99F)};
    EXPECT_EQ(error_of([&] { add(large.data(), half_step.data(), 1, out.data()); }), range_error("overflow"));
    EXPECT_EQ(error_of([&] { add(large.data(), less.data(), 1, out.data()); }), "");
}

TEST(HalfElements, NormIsThatOfTheFloats) {
    std::mt19937 random(2);
    for (std::size_t dim : kDims) {
        Halves a(dim), unit(dim);
        std::vector<float> floats(dim);
        for (std::size_t i = 0; i < dim; ++i) floats[i] = half_to_float(a[i] = random_half(&random));
        double divisor = norm(floats.data(), dim);
        EXPECT_EQ(norm(a.data(), dim), divisor);
        normalize(a.data(), dim, unit.data());
        for (std::size_t i = 0; i < dim; ++i) {
            EXPECT_EQ(unit[i], float_to_half(static_cast<float>(floats[i] / divisor)));
        }
    }
    Halves zero{0, 0x8000}, out{1, 1};
    normalize(zero.data(), 2, out.data());
    EXPECT_EQ(out, (Halves{0, 0}));
}

TEST(HalfElements, ComparesAsFloats) {
    std::mt19937 random(3);
    for (int i = 0; i < 100000; ++i) {
        Half a = random_half(&random),
             b = (random() & 1U) != 0 ? static_cast<Half>(a ^ (random() & 0x8003U)) : random_half(&random);
        if ((b & 0x7fffU) >= kHalfInfinity) continue;
        float x = half_to_float(a), y = half_to_float(b);
        EXPECT_EQ(compare(&a, 1, &b, 1), compare(&x, 1, &y, 1)) << a << " " << b;
    }
    for (std::size_t dim : kDims) {
        Halves a(dim, Half{0}), b(dim, Half{0x8000});
        EXPECT_EQ(compare(a.data(), dim, b.data(), dim), 0);
        EXPECT_EQ(compare(a.data(), dim - 1, b.data(), dim), -1);
        EXPECT_EQ(compare(a.data(), dim, b.data(), dim - 1), 1);
        for (std::size_t at : {std::size_t{0}, dim / 2, dim - 1}) {
            Halves c = b;
            c[at] = 1;
            if (at + 1 < dim) c[at + 1] = 0x8001;
            EXPECT_EQ(compare(a.data(), dim, c.data(), dim), -1);
            EXPECT_EQ(compare(c.data(), dim, a.data(), dim), 1);
        }
    }
}

TEST(HalfElements, PositiveBits) {
    std::mt19937 random(4);
    for (std::size_t dim : kDims) {
        Halves a(dim);
        std::vector<float> floats(dim);
        for (std::size_t i = 0; i < dim; ++i) {
            a[i] = i % 5 == 0 ? static_cast<Half>(i % 2 == 0 ? 0 : 0x8000) : random_half(&random);
            floats[i] = half_to_float(a[i]);
        }
        std::vector<unsigned char> bits((dim + 7) / 8, 0xff), of_floats((dim + 7) / 8, 0xff);
        positive_bits(a.data(), dim, bits.data());
        positive_bits(floats.data(), dim, of_floats.data());
        EXPECT_EQ(bits, of_floats);
        for (std::size_t i = 0; i < bits.size() * 8; ++i) {
            EXPECT_EQ((bits[i / 8] >> (7 - i % 8)) & 1, i < dim && floats[i] > 0);
        }
    }
}

TEST(HalfElements, ChecksEveryElement) {
    std::string prefix = std::to_string(static_cast<int>(ErrorCode::kDataException));
    for (std::size_t dim : kDims) {
        Halves a(dim, float_to_half(kMaxHalf));
        EXPECT_EQ(error_of([&] { check_finite(a.data(), dim, "halfvec"); }), "");
        for (std::size_t at : {std::size_t{0}, dim / 2, dim - 1}) {
            for (Half infinite : {Half{0x7c00}, Half{0xfc00}}) {
                Halves b = a;
                b[at] = infinite;
                EXPECT_EQ(error_of([&] { check_finite(b.data(), dim, "halfvec"); }),
                          prefix + " infinite value not allowed in halfvec");
            }
            for (Half nan : {Half{0x7c01}, Half{0x7e00}, Half{0xffff}}) {
                Halves b = a;
                b[at] = nan;
                EXPECT_EQ(error_of([&] { check_finite(b.data(), dim, "halfvec"); }),
                          prefix + " NaN not allowed in halfvec");
            }
        }
    }
}

TEST(HalfElements, FindsTheFirstOverflow) {
    constexpr float kInfinite = std::numeric_limits<float>::infinity();
    std::vector<float> x{1, kInfinite, std::numeric_limits<float>::quiet_NaN(), -65519, -65520, 1e30F};
    Halves rounded;
    for (float value : x) rounded.push_back(float_to_half(value));
    EXPECT_EQ(first_overflow(x.data(), rounded.data(), 6), 4u);
    EXPECT_EQ(first_overflow(x.data(), rounded.data(), 4), 4u);
    EXPECT_EQ(first_overflow(x.data(), rounded.data(), 0), 0u);
}

TEST(HalfElements, WireFormatAndSums) {
    std::mt19937 random(5);
    for (std::size_t dim : kDims) {
        Halves a(dim), b(dim), out(dim);
        for (std::size_t i = 0; i < dim; ++i) a[i] = random_half(&random), b[i] = random_half(&random);
        std::vector<unsigned char> bytes(1 + dim * 2);
        encode_big_endian(a.data(), dim, bytes.data() + 1);
        for (std::size_t i = 0; i < dim; ++i) EXPECT_EQ(bytes[1 + 2 * i] * 256 + bytes[2 + 2 * i], a[i]);
        decode_big_endian(bytes.data() + 1, dim, out.data());
        EXPECT_EQ(out, a);

        std::vector<double> sums(dim);
        convert(a.data(), dim, sums.data());
        add(sums.data(), b.data(), dim, sums.data());
        for (std::size_t i = 0; i < dim; ++i) {
            EXPECT_EQ(sums[i], static_cast<double>(half_to_float(a[i])) + half_to_float(b[i]));
        }
        sums[dim - 1] = std::numeric_limits<double>::infinity();
        EXPECT_EQ(error_of([&] { add(sums.data(), b.data(), dim, sums.data()); }), range_error("overflow"));
    }
}

}  // namespace
}  // namespace vectorx
