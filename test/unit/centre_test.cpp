#include "vectorx/centre.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <memory_resource>
#include <random>
#include <vector>

namespace {

using vectorx::Metric;

constexpr std::size_t kDim = 64;

// `count` vectors around each of `clusters` points that are `distance` standard deviations from each other and more.
std::vector<float> clustered(std::size_t clusters, std::size_t count, float distance) {
    std::mt19937 generator(7);
    std::normal_distribution<float> normal;
    std::vector<float> vectors;
    for (std::size_t i = 0; i < clusters * count; ++i) {
        for (std::size_t d = 0; d < kDim; ++d) {
            vectors.push_back(normal(generator) + (d == i % clusters ? distance : 0.0F));
        }
    }
    return vectors;
}

double recall(const std::vector<float>& vectors, Metric metric) {
    const std::size_t count = vectors.size() / kDim;
    std::vector<float> centre(kDim), spare(count);
    vectorx::medians_of(vectors.data(), count, kDim, centre.data(), spare.data());
    return vectorx::recall_of_codes(vectors.data(), count, kDim, metric, centre.data(),
                                    std::pmr::get_default_resource());
}

TEST(CentreTest, MeanIsSummedInDouble) {
    const std::vector<float> vectors = {1e8F, 1, 1.0F, 2, 1.0F, 3, -1e8F, 6};
    float mean[2];
    vectorx::mean_of(vectors.data(), 4, 2, mean, std::pmr::get_default_resource());
    EXPECT_EQ(mean[0], 0.5F);
    EXPECT_EQ(mean[1], 3.0F);
}

TEST(CentreTest, MediansIgnoreOutliers) {
    const std::vector<float> vectors = {1, -2, 2, -1, 3, 0, 1e30F, -1e30F, 2.5F, -1.5F};
    float medians[2], spare[5];
    vectorx::medians_of(vectors.data(), 5, 2, medians, spare);
    EXPECT_EQ(medians[0], 2.5F);
    EXPECT_EQ(medians[1], -1.5F);
}

TEST(CentreTest, ResidualInPlace) {
    std::vector<float> x = {3, 1, std::numeric_limits<float>::max()};
    const std::vector<float> centre = {1, 2, -std::numeric_limits<float>::max()};
    vectorx::residual(x.data(), centre.data(), 3, x.data());
    EXPECT_EQ(x[0], 2.0F);
    EXPECT_EQ(x[1], -1.0F);
    EXPECT_FALSE(vectorx::all_finite(x.data(), 3));
    EXPECT_TRUE(vectorx::all_finite(x.data(), 2));
}

TEST(CentreTest, CodesFindTheNearestOfOneCluster) { EXPECT_GE(recall(clustered(1, 800, 0), Metric::kL2), 0.95); }

TEST(CentreTest, CodesDoNotTellTightFarClustersApart) { EXPECT_LT(recall(clustered(2, 400, 1e4F), Metric::kL2), 0.8); }

}  // namespace
