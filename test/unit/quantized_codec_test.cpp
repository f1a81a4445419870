#include "vectorx/quantized_codec.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "graph_checks.h"
#include "kernel_tables.h"
#include "vectorx/rotation.h"

namespace vectorx {
namespace {

using test::same_bits;
using Floats = std::vector<float>;
using Payload = std::vector<std::byte>;

double exact_distance(Metric metric, const float* a, const float* b, std::size_t dim) {
    double product = 0, difference = 0;
    for (std::size_t i = 0; i < dim; ++i) {
        product += double{a[i]} * double{b[i]};
        difference += (double{a[i]} - double{b[i]}) * (double{a[i]} - double{b[i]});
    }
    return metric == Metric::kInnerProduct ? -product : metric == Metric::kCosine ? difference / 2 : difference;
}

template <int kBits>
Payload encode(const QuantizedCodec<kBits>& codec, const float* vector) {
    Floats copy(vector, vector + codec.dim()), spare(codec.dim());
    Payload payload(codec.payload_size());
    codec.encode(copy.data(), spare.data(), payload.data());
    return payload;
}

template <int kBits>
Payload encode_query(const QuantizedCodec<kBits>& codec, const float* vector) {
    Floats copy(vector, vector + codec.dim()), spare(codec.dim());
    Payload query(codec.query_size());
    codec.encode_query(copy.data(), spare.data(), query.data());
    return query;
}

template <int kBits>
float estimate(const QuantizedCodec<kBits>& codec, const Payload& query, const Payload& payload) {
    const std::byte* payloads[] = {payload.data()};
    float distance;
    codec.distances(query.data(), payloads, 1, &distance);
    return distance;
}

Floats random_vector(std::mt19937& random, std::size_t dim, float offset = 0) {
    std::normal_distribution<float> normal;
    Floats vector(dim);
    for (float& x : vector) x = normal(random) + offset;
    return vector;
}

TEST(Rotation, KeepsLengthsAndProducts) {
    std::mt19937 random(1);
    for (std::size_t dim : {1, 2, 3, 5, 31, 64, 100, 384, 768, 1000, 1536, 16000}) {
        Floats a = random_vector(random, dim), b = random_vector(random, dim), spare(dim);
        double norm = exact_distance(Metric::kInnerProduct, a.data(), a.data(), dim);
        double before = exact_distance(Metric::kInnerProduct, a.data(), b.data(), dim);
        rotate(a.data(), spare.data(), dim);
        rotate(b.data(), spare.data(), dim);
        EXPECT_NEAR(exact_distance(Metric::kInnerProduct, a.data(), a.data(), dim), norm, -1e-5 * norm) << dim;
        EXPECT_NEAR(exact_distance(Metric::kInnerProduct, a.data(), b.data(), dim), before, -1e-5 * norm) << dim;
    }
}

// What the codes count on: no vector keeps its mass in a few coordinates.
TEST(Rotation, SpreadsSparseVectors) {
    for (std::size_t dim : {64, 100, 384, 768, 1000, 1536}) {
        for (std::size_t i = 0; i < dim; i += 13) {
            Floats x(dim), spare(dim);
            x[i] = 1;
            rotate(x.data(), spare.data(), dim);
            float largest = 0;
            for (float value : x) largest = std::max(largest, std::fabs(value));
            EXPECT_LT(largest, 6.0F / std::sqrt(static_cast<float>(dim))) << dim << " " << i;
        }
    }
}

template <typename Bits>
class QuantizedCodecTest : public testing::Test {
 protected:
    static constexpr int kBits = Bits::value;
    using Codec = QuantizedCodec<kBits>;

    // Errors of estimates on the sample, in standard deviations as the payloads state them.
    void expect_normal_errors(Metric metric, bool centred) {
        const auto& base = test::sample_base();
        const auto& queries = test::sample_queries();
        std::size_t dim = base.dim;
        Floats centre(dim), spare(dim);
        for (std::size_t i = 0; i < base.count(); ++i)
            for (std::size_t d = 0; d < dim; ++d) centre[d] += base[i][d] / static_cast<float>(base.count());
        rotate(centre.data(), spare.data(), dim);
        Codec codec(metric, dim, centred ? centre.data() : nullptr);
        std::vector<Payload> payloads;
        for (std::size_t i = 0; i < base.count(); i += 5) payloads.push_back(encode(codec, base[i]));
        double sum = 0, squares = 0;
        int count = 0, beyond = 0;
        for (std::size_t q = 0; q < queries.count(); ++q) {
            Payload query = encode_query(codec, queries[q]);
            for (std::size_t i = 0; i < payloads.size(); ++i) {
                double error =
                    estimate(codec, query, payloads[i]) - exact_distance(metric, queries[q], base[5 * i], dim);
                double deviation = codec.error_bound(query.data(), payloads[i].data()) / kErrorBound;
                sum += error / deviation;
                squares += error * error / (deviation * deviation);
                beyond += std::fabs(error) > kErrorBound * deviation;
                ++count;
            }
        }
        EXPECT_NEAR(sum / count, 0, 0.05);
        EXPECT_NEAR(std::sqrt(squares / count), 1, 0.15);
        EXPECT_LT(beyond, count / 1000);
    }
};

using AllBits = testing::Types<std::integral_constant<int, 4>, std::integral_constant<int, 8>>;
TYPED_TEST_SUITE(QuantizedCodecTest, AllBits);

TYPED_TEST(QuantizedCodecTest, IsUnbiasedWithinItsBoundOnRealVectors) {
    for (Metric metric : {Metric::kL2, Metric::kCosine, Metric::kInnerProduct}) {
        this->expect_normal_errors(metric, false);
        if (metric != Metric::kInnerProduct) this->expect_normal_errors(metric, true);
    }
}

TYPED_TEST(QuantizedCodecTest, KeepsMostOfAVector) {
    std::mt19937 random(2);
    for (std::size_t dim : {64, 100, 384, 1536}) {
        typename TestFixture::Codec codec(Metric::kL2, dim, nullptr);
        for (int i = 0; i < 20; ++i) {
            Floats x = random_vector(random, dim);
            Payload payload = encode(codec, x.data());
            CodeHeader header;
            std::memcpy(&header, payload.data(), sizeof(header));
            // Max's quantizers have a distortion of .0115 and .0001 of the variance.
            double relative = header.error * std::sqrt(static_cast<double>(dim - 1) / header.norm_squared);
            EXPECT_LT(relative, TestFixture::kBits == 4 ? 0.135 : 0.012) << dim;
        }
    }
}

TYPED_TEST(QuantizedCodecTest, EstimatesTheSameFromPayloadsAndQueries) {
    std::mt19937 random(3);
    for (Metric metric : {Metric::kL2, Metric::kCosine, Metric::kInnerProduct}) {
        for (std::size_t dim : {1, 3, 15, 16, 17, 33, 100, 384, 2000, 16000}) {
            typename TestFixture::Codec codec(metric, dim, nullptr);
            for (int i = 0; i < 5; ++i) {
                Payload a = encode(codec, random_vector(random, dim, 0.2F).data());
                Payload b = encode(codec, random_vector(random, dim, 0.2F).data());
                Payload query(codec.query_size());
                codec.make_query(a.data(), query.data());
                float distance = codec.distance(a.data(), b.data());
                EXPECT_TRUE(same_bits(distance, codec.distance(b.data(), a.data()))) << dim;
                EXPECT_TRUE(same_bits(distance, estimate(codec, query, b))) << dim;
            }
        }
    }
}

TYPED_TEST(QuantizedCodecTest, TakesOffTheCentre) {
    std::mt19937 random(4);
    constexpr std::size_t kDim = 128;
    Floats centre(kDim, 1000), spare(kDim);
    rotate(centre.data(), spare.data(), kDim);
    typename TestFixture::Codec codec(Metric::kL2, kDim, centre.data());
    for (int i = 0; i < 20; ++i) {
        Floats a = random_vector(random, kDim, 1000), b = random_vector(random, kDim, 1000);
        double exact = exact_distance(Metric::kL2, a.data(), b.data(), kDim);
        EXPECT_NEAR(estimate(codec, encode_query(codec, a.data()), encode(codec, b.data())), exact, 0.1 * exact);
    }
}

TYPED_TEST(QuantizedCodecTest, AnswersWithNumbersWhateverTheVector) {
    constexpr std::size_t kDim = 40;
    float denormal = std::numeric_limits<float>::denorm_min();
    std::vector<Floats> vectors = {Floats(kDim, 0.0F),     Floats(kDim, 3e38F), Floats(kDim, -3e38F),
                                   Floats(kDim, denormal), Floats(kDim, 1.0F),  Floats(kDim, 1e-30F),
                                   Floats(kDim, 1e19F)};
    vectors.push_back(Floats(kDim));
    vectors.back()[7] = 1e30F;
    for (Metric metric : {Metric::kL2, Metric::kInnerProduct}) {
        typename TestFixture::Codec codec(metric, kDim, nullptr);
        for (const Floats& a : vectors) {
            for (const Floats& b : vectors) {
                Payload query = encode_query(codec, a.data());
                Payload payload = encode(codec, b.data());
                EXPECT_FALSE(std::isnan(estimate(codec, query, payload)));
                float bound = codec.error_bound(query.data(), payload.data());
                EXPECT_GE(bound, 0);
                EXPECT_FALSE(std::isnan(codec.distance(payload.data(), payload.data())));
            }
        }
    }
}

}  // namespace
}  // namespace vectorx
