#include "vectorx/half.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "guarded_memory.h"
#include "kernel_tables.h"

namespace vectorx {
namespace {

using test::GuardedMemory;
using test::kPlaces;
using test::Place;
using test::same_bits;

constexpr std::uint32_t kHalves = 0x10000;

bool is_nan(Half half) { return (half & 0x7fff) > kHalfInfinity; }

// The number that the bits of a half stand for, by the definition of the format.
double value_of(Half half) {
    const double sign = (half & 0x8000) != 0 ? -1 : 1;
    const int exponent = (half >> 10) & 0x1f;
    const double mantissa = half & 0x3ff;
    if (exponent == 0) return sign * std::ldexp(mantissa, -24);
    if (exponent == 31) {
        return mantissa == 0 ? sign * std::numeric_limits<double>::infinity()
                             : std::numeric_limits<double>::quiet_NaN();
    }
    return sign * std::ldexp(1024 + mantissa, exponent - 25);
}

// The nearest half by search among all of them, the one with an even last bit where two are equally near. What would
// follow the largest number, 65536, takes part as infinity, as the standard has it.
Half nearest_half(float value) {
    static const std::vector<double> magnitudes = [] {
        std::vector<double> values;
        for (Half half = 0; half < kHalfInfinity; ++half) values.push_back(value_of(half));
        values.push_back(65536.0);
        return values;
    }();
    const double magnitude = std::fabs(static_cast<double>(value));
    const auto above = std::lower_bound(magnitudes.begin(), magnitudes.end(), magnitude);
    auto nearest = static_cast<std::uint32_t>(above - magnitudes.begin());
    if (above == magnitudes.end()) {
        nearest = kHalfInfinity;
    } else if (nearest > 0) {
        const double up = *above - magnitude;
        const double down = magnitude - *(above - 1);
        if (down < up || (down == up && nearest % 2 == 1)) --nearest;
    }
    return static_cast<Half>(nearest | (std::signbit(value) ? 0x8000U : 0U));
}

// Numbers around every half: the half itself, the midpoints to its neighbours and the floats next to those; floats of
// random bits besides.
std::vector<float> interesting_floats() {
    std::vector<float> floats = {std::numeric_limits<float>::denorm_min(),
                                 std::numeric_limits<float>::min(),
                                 std::numeric_limits<float>::max(),
                                 std::numeric_limits<float>::infinity(),
                                 65519.996F,
                                 65520.0F,
                                 65536.0F};
    for (Half half = 0; half < kHalfInfinity; ++half) {
        const double next = half + 1 == kHalfInfinity ? 65536.0 : value_of(static_cast<Half>(half + 1));
        const auto exact = static_cast<float>(value_of(half));
        const auto middle = static_cast<float>((value_of(half) + next) / 2);
        for (const float value : {exact, middle}) {
            floats.push_back(value);
            floats.push_back(std::nextafter(value, 0.0F));
            floats.push_back(std::nextafter(value, 1e9F));
        }
    }
    std::mt19937 random(1);
    for (int i = 0; i < 100000; ++i) {
        const auto value = std::bit_cast<float>(static_cast<std::uint32_t>(random()));
        if (!std::isnan(value)) floats.push_back(value);
    }
    const std::size_t count = floats.size();
    for (std::size_t i = 0; i < count; ++i) floats.push_back(-floats[i]);
    return floats;
}

TEST(Half, WidensEveryNumberExactly) {
    for (std::uint32_t bits = 0; bits < kHalves; ++bits) {
        const auto half = static_cast<Half>(bits);
        const float widened = half_to_float(half);
        if (is_nan(half)) {
            // Quiet, with sign and payload.
            ASSERT_EQ(std::bit_cast<std::uint32_t>(widened),
                      ((bits & 0x8000) << 16) | 0x7fc00000U | ((bits & 0x3ff) << 13));
        } else {
            ASSERT_EQ(widened, value_of(half)) << bits;
            ASSERT_EQ(std::signbit(widened), bits >= 0x8000) << bits;
        }
    }
}

TEST(Half, SurvivesTheWayToFloatAndBack) {
    for (std::uint32_t bits = 0; bits < kHalves; ++bits) {
        const auto half = static_cast<Half>(bits);
        ASSERT_EQ(float_to_half(half_to_float(half)), is_nan(half) ? bits | 0x200 : bits);
    }
}

TEST(Half, RoundsToNearestTiesToEven) {
    for (const float value : interesting_floats()) ASSERT_EQ(float_to_half(value), nearest_half(value)) << value;
}

TEST(Half, KeepsNanWithLeadingPayload) {
    for (const std::uint32_t bits : {0x7f800001U, 0x7fc00000U, 0x7fffffffU, 0xff802000U, 0xffc12345U}) {
        const Half half = float_to_half(std::bit_cast<float>(bits));
        EXPECT_EQ(half, ((bits >> 16) & 0x8000) | 0x7e00 | ((bits >> 13) & 0x3ff)) << bits;
    }
}

class HalfConversions : public testing::TestWithParam<const Kernels*> {};
VECTORX_FOR_EACH_TABLE(HalfConversions);

TEST_P(HalfConversions, WidenEveryHalf) {
    std::vector<Half> halves(kHalves);
    for (std::uint32_t bits = 0; bits < kHalves; ++bits) halves[bits] = static_cast<Half>(bits);
    std::vector<float> floats(kHalves);
    GetParam()->half_to_float(halves.data(), kHalves, floats.data());
    for (std::uint32_t bits = 0; bits < kHalves; ++bits) {
        ASSERT_TRUE(same_bits(floats[bits], half_to_float(halves[bits]))) << bits;
    }
}

TEST_P(HalfConversions, NarrowLikeTheSingleForm) {
    std::vector<float> floats = interesting_floats();
    for (const std::uint32_t bits : {0x7f800001U, 0x7fc00000U, 0x7fffffffU, 0xff802000U, 0xffc12345U}) {
        floats.push_back(std::bit_cast<float>(bits));
    }
    // Each number in a vector register and in the tail: an odd length, and again from the second element.
    if (floats.size() % 2 == 0) floats.push_back(1.0F);
    std::vector<Half> halves(floats.size());
    for (const std::size_t first : {0, 1, 15}) {
        GetParam()->float_to_half(floats.data() + first, floats.size() - first, halves.data());
        for (std::size_t i = first; i < floats.size(); ++i) {
            ASSERT_EQ(halves[i - first], float_to_half(floats[i])) << floats[i];
        }
    }
}

TEST_P(HalfConversions, TouchNothingOutside) {
    std::mt19937 random(2);
    std::vector<float> floats(200);
    std::vector<Half> halves(200);
    for (std::size_t i = 0; i < floats.size(); ++i) {
        halves[i] = static_cast<Half>(random() % kHalfInfinity);
        floats[i] = half_to_float(halves[i]);
    }
    GuardedMemory in(800);
    GuardedMemory out(800);
    for (std::size_t count = 0; count <= 200; ++count) {
        for (const Place in_place : kPlaces) {
            for (const Place out_place : kPlaces) {
                auto* widened = out.space<float>(count, out_place);
                GetParam()->half_to_float(in.put(halves, count, in_place), count, widened);
                ASSERT_TRUE(std::equal(widened, widened + count, floats.begin())) << count;
                auto* narrowed = out.space<Half>(count, out_place);
                GetParam()->float_to_half(in.put(floats, count, in_place), count, narrowed);
                ASSERT_TRUE(std::equal(narrowed, narrowed + count, halves.begin())) << count;
            }
        }
    }
}

}  // namespace
}  // namespace vectorx
