// k-means: against a naive reference, on data that degenerates, and by teams of several sizes.
#include "core/cluster/hierarchy.h"

#include <gtest/gtest.h>

#include <barrier>
#include <limits>
#include <random>
#include <set>
#include <stdexcept>
#include <thread>

#include "kernel_tables.h"

namespace vectorx::cluster {
namespace {

class Threads final : public Team {
 public:
    Threads(std::barrier<>* barrier, bool leads) : barrier_(barrier), leads_(leads) {}
    bool leads() const override { return leads_; }
    void wait() override { barrier_->arrive_and_wait(); }
    void check_for_interrupts() override {}

 private:
    std::barrier<>* barrier_;
    bool leads_;
};

template <typename Element>
struct Clustering {
    KMeansResult result;
    std::vector<Element> centroids;
    std::vector<Element> points;  // in their new order
    std::vector<std::uint32_t> assigned;
};

template <typename Space>
Clustering<typename Space::Element> cluster(const Space& space, const std::vector<typename Space::Element>& points,
                                            std::uint32_t clusters, int threads = 1, KMeansOptions options = {}) {
    using Element = typename Space::Element;
    const std::size_t stride = space.stride();
    const auto count = static_cast<std::uint32_t>(points.size() / stride);
    std::vector<std::byte> memory(KMeansArrays<Element>::bytes(count, clusters, stride));
    KMeansArrays<Element> arrays(memory.data(), count, clusters, stride);
    std::copy(points.begin(), points.end(), arrays.points);
    options.clusters = clusters;
    KMeansShared shared;
    std::barrier barrier(threads);
    std::vector<std::thread> team;
    for (int t = 0; t < threads; ++t) {
        team.emplace_back([&, t] {
            Threads self(&barrier, t == 0);
            Clusterer<Space>(space, options, arrays, count, &shared, &self, std::pmr::get_default_resource()).run();
        });
    }
    for (std::thread& thread : team) thread.join();
    Clustering<Element> out;
    out.result = shared.result;
    out.centroids.assign(arrays.centroids, arrays.centroids + shared.result.clusters * stride);
    out.points.assign(arrays.points, arrays.points + points.size());
    out.assigned.assign(arrays.assigned, arrays.assigned + count);
    return out;
}

std::vector<float> random_points(std::size_t count, std::size_t dim, unsigned seed) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    std::vector<float> points(count * dim);
    for (float& x : points) x = normal(random);
    return points;
}

// Points around `centres` places that are far from each other.
std::vector<float> blobs(std::size_t count, std::size_t dim, std::size_t centres, unsigned seed) {
    std::vector<float> places = random_points(centres, dim, seed);
    std::vector<float> points = random_points(count, dim, seed + 1);
    for (std::size_t p = 0; p < count; ++p)
        for (std::size_t i = 0; i < dim; ++i)
            points[p * dim + i] = 10 * places[p % centres * dim + i] + points[p * dim + i];
    return points;
}

double squared(const float* a, const float* b, std::size_t dim) {
    double sum = 0;
    for (std::size_t i = 0; i < dim; ++i)
        sum += (static_cast<double>(a[i]) - static_cast<double>(b[i])) *
               (static_cast<double>(a[i]) - static_cast<double>(b[i]));
    return sum;
}

double inertia_of(const std::vector<float>& points, const std::vector<float>& centroids, std::size_t dim) {
    double total = 0;
    for (std::size_t p = 0; p < points.size(); p += dim) {
        double least = std::numeric_limits<double>::infinity();
        for (std::size_t c = 0; c < centroids.size(); c += dim)
            least = std::min(least, squared(&points[p], &centroids[c], dim));
        total += least;
    }
    return total;
}

// Lloyd's algorithm as the textbook has it, from points drawn at random; the mean of several starts.
double naive_inertia(const std::vector<float>& points, std::size_t dim, std::size_t clusters) {
    const std::size_t count = points.size() / dim;
    constexpr unsigned kStarts = 5;
    double total = 0;
    for (unsigned start = 0; start < kStarts; ++start) {
        std::mt19937 random(start);
        std::vector<double> centroids;
        for (std::size_t c = 0; c < clusters; ++c) {
            const float* point = &points[random() % count * dim];
            centroids.insert(centroids.end(), point, point + dim);
        }
        double inertia = 0;
        for (int iteration = 0; iteration < 50; ++iteration) {
            std::vector<double> sums(clusters * dim, 0.0);
            std::vector<std::size_t> counts(clusters, 0);
            inertia = 0;
            for (std::size_t p = 0; p < count; ++p) {
                std::size_t nearest = 0;
                double least = std::numeric_limits<double>::infinity();
                for (std::size_t c = 0; c < clusters; ++c) {
                    double distance = 0;
                    for (std::size_t i = 0; i < dim; ++i) {
                        const double difference = static_cast<double>(points[p * dim + i]) - centroids[c * dim + i];
                        distance += difference * difference;
                    }
                    if (distance < least) {
                        least = distance;
                        nearest = c;
                    }
                }
                inertia += least;
                ++counts[nearest];
                for (std::size_t i = 0; i < dim; ++i)
                    sums[nearest * dim + i] += static_cast<double>(points[p * dim + i]);
            }
            for (std::size_t c = 0; c < clusters; ++c)
                for (std::size_t i = 0; i < dim && counts[c] > 0; ++i)
                    centroids[c * dim + i] = sums[c * dim + i] / static_cast<double>(counts[c]);
        }
        total += inertia;
    }
    return total / kStarts;
}

TEST(KMeans, IsAsGoodAsANaiveOne) {
    for (const auto& [points, dim, clusters] :
         {std::tuple(random_points(2000, 8, 1), 8U, 20U), std::tuple(blobs(3000, 16, 30, 2), 16U, 30U),
          std::tuple(random_points(5000, 2, 3), 2U, 50U), std::tuple(random_points(1500, 33, 4), 33U, 10U)}) {
        // As many iterations as that one has.
        KMeansOptions options;
        options.max_iterations = 50;
        options.tolerance = 1e-5;
        auto found = cluster(DenseSpace(dim, false), points, clusters, 1, options);
        EXPECT_EQ(found.result.clusters, clusters);
        EXPECT_LT(found.result.inertia, 1.01 * naive_inertia(points, dim, clusters)) << dim;
    }
}

TEST(KMeans, ReportsItsInertia) {
    const auto points = random_points(1000, 12, 7);
    auto found = cluster(DenseSpace(12, false), points, 40);
    EXPECT_NEAR(found.result.inertia, inertia_of(points, found.centroids, 12), 1e-3 * found.result.inertia);
}

// What measures the result does not change it.
TEST(KMeans, MayLeaveItsResultUnmeasured) {
    const auto points = blobs(4000, 16, 30, 6);
    KMeansOptions options;
    options.max_iterations = 3;
    options.tolerance = 0;
    const auto measured = cluster(DenseSpace(16, false), points, 40, 2, options);
    options.measures_result = false;
    const auto unmeasured = cluster(DenseSpace(16, false), points, 40, 2, options);
    EXPECT_EQ(measured.centroids, unmeasured.centroids);
    EXPECT_EQ(unmeasured.result.iterations, 3);
    EXPECT_GE(unmeasured.result.inertia, measured.result.inertia);
    EXPECT_GE(unmeasured.result.imbalance, 1);
}

TEST(KMeans, FindsWellSeparatedGroups) {
    constexpr std::size_t kGroups = 25;
    const auto points = blobs(5000, 24, kGroups, 5);
    auto found = cluster(DenseSpace(24, false), points, kGroups);
    ASSERT_EQ(found.result.clusters, kGroups);
    EXPECT_NEAR(found.result.imbalance, 1, 1e-6);  // as many points in each
    EXPECT_NEAR(found.result.inertia / (5000 * 24), 1, 0.05);
}

TEST(KMeans, KeepsThePoints) {
    auto points = random_points(777, 5, 9);
    auto found = cluster(DenseSpace(5, false), points, 30);
    auto rows = [](const std::vector<float>& v) {
        std::multiset<std::vector<float>> out;
        for (std::size_t i = 0; i < v.size(); i += 5)
            out.emplace(v.begin() + static_cast<long>(i), v.begin() + static_cast<long>(i) + 5);
        return out;
    };
    EXPECT_EQ(rows(found.points), rows(points));
}

TEST(KMeans, IsTheSameForAnyNumberOfParticipants) {
    const auto points = random_points(20000, 16, 11);
    const auto alone = cluster(DenseSpace(16, false), points, 64);
    for (int threads : {2, 3, 8}) {
        auto together = cluster(DenseSpace(16, false), points, 64, threads);
        EXPECT_EQ(together.centroids, alone.centroids) << threads;
        EXPECT_EQ(together.assigned, alone.assigned) << threads;
        EXPECT_EQ(together.result.inertia, alone.result.inertia) << threads;
    }
}

TEST(KMeans, EqualPointsAreOneCluster) {
    auto found = cluster(DenseSpace(4, false), std::vector<float>(4 * 500, 3.5F), 10);
    EXPECT_EQ(found.result.clusters, 1U);
    EXPECT_EQ(found.centroids, std::vector<float>(4, 3.5F));
    EXPECT_EQ(found.result.inertia, 0);
}

TEST(KMeans, FewerPointsThanClusters) {
    const std::vector<float> points = {1, 2, 3, 4, 1, 2, 5, 6};  // three distinct ones
    auto found = cluster(DenseSpace(2, false), points, 100);
    EXPECT_EQ(found.result.clusters, 3U);
    std::set<std::vector<float>> centroids;
    for (std::size_t c = 0; c < 6; c += 2) centroids.insert({found.centroids[c], found.centroids[c + 1]});
    EXPECT_EQ(centroids, (std::set<std::vector<float>>{{1, 2}, {3, 4}, {5, 6}}));
    for (int threads : {2, 4}) EXPECT_EQ(cluster(DenseSpace(2, false), points, 100, threads).result.clusters, 3U);
    EXPECT_EQ(cluster(DenseSpace(2, false), {7, 8}, 1).centroids, (std::vector<float>{7, 8}));
}

TEST(KMeans, FewerDistinctPointsThanClusters) {
    std::vector<float> points;
    for (int i = 0; i < 1000; ++i) points.push_back(static_cast<float>(i % 7));
    auto found = cluster(DenseSpace(1, false), points, 50);
    EXPECT_EQ(found.result.clusters, 7U);
    EXPECT_LT(found.result.inertia, 1e-6);
    EXPECT_EQ(std::set<float>(found.centroids.begin(), found.centroids.end()), (std::set<float>{0, 1, 2, 3, 4, 5, 6}));
}

TEST(KMeans, OneDimension) {
    std::vector<float> points;
    for (int i = 0; i < 3000; ++i) points.push_back(static_cast<float>(i % 3) * 100 + static_cast<float>(i % 10) / 10);
    auto found = cluster(DenseSpace(1, false), points, 3);
    ASSERT_EQ(found.result.clusters, 3U);
    std::sort(found.centroids.begin(), found.centroids.end());
    for (int c = 0; c < 3; ++c)
        EXPECT_NEAR(found.centroids[static_cast<std::size_t>(c)], static_cast<float>(c) * 100 + 0.45F, 0.01);
}

TEST(KMeans, HugeValuesStayFinite) {
    auto points = random_points(2000, 6, 13);
    for (float& x : points) x *= 1e37F;
    auto found = cluster(DenseSpace(6, false), points, 20);
    EXPECT_GE(found.result.clusters, 1U);
    for (float x : found.centroids) EXPECT_TRUE(std::isfinite(x));
}

TEST(KMeans, SphericalCentroidsHaveUnitLength) {
    auto points = blobs(2000, 10, 12, 17);
    for (std::size_t p = 0; p < points.size(); p += 10) {
        const double norm = std::sqrt(squared(&points[p], std::vector<float>(10, 0.0F).data(), 10));
        for (std::size_t i = p; i < p + 10; ++i) points[i] = static_cast<float>(static_cast<double>(points[i]) / norm);
    }
    auto found = cluster(DenseSpace(10, true), points, 12);
    ASSERT_EQ(found.result.clusters, 12U);
    for (std::size_t c = 0; c < found.centroids.size(); c += 10)
        EXPECT_NEAR(squared(&found.centroids[c], std::vector<float>(10, 0.0F).data(), 10), 1, 1e-5);
    EXPECT_NEAR(found.result.inertia, inertia_of(points, found.centroids, 10), 1e-3 * found.result.inertia + 1e-3);
}

TEST(KMeans, OppositePointsHaveSomeCentroid) {
    std::vector<float> points;
    for (int i = 0; i < 100; ++i) {
        points.push_back(i % 2 == 0 ? 1.0F : -1.0F);
        points.push_back(0);
    }
    auto found = cluster(DenseSpace(2, true), points, 1);
    ASSERT_EQ(found.result.clusters, 1U);
    EXPECT_NEAR(found.centroids[0] * found.centroids[0] + found.centroids[1] * found.centroids[1], 1, 1e-6);
}

TEST(KMeans, BitsGatherAroundTheirMajority) {
    constexpr std::size_t kBits = 70;
    constexpr std::size_t kBytes = 9;
    std::mt19937 random(19);
    std::vector<std::vector<std::uint8_t>> centres;
    for (int c = 0; c < 8; ++c) {
        std::vector<std::uint8_t> centre(kBytes, 0);
        for (std::size_t i = 0; i < kBits; ++i)
            if (random() % 2 == 0) centre[i / 8] = static_cast<std::uint8_t>(centre[i / 8] | 0x80U >> (i % 8));
        centres.push_back(centre);
    }
    std::vector<std::uint8_t> points;
    for (int p = 0; p < 2000; ++p) {
        auto point = centres[static_cast<std::size_t>(p) % centres.size()];
        for (int flip = 0; flip < 4; ++flip) {
            const std::size_t i = random() % kBits;
            point[i / 8] = static_cast<std::uint8_t>(point[i / 8] ^ 0x80U >> (i % 8));
        }
        points.insert(points.end(), point.begin(), point.end());
    }
    auto found = cluster(BitSpace(kBits), points, 8, 2);
    ASSERT_EQ(found.result.clusters, 8U);
    std::set<std::vector<std::uint8_t>> got;
    for (std::size_t c = 0; c < 8; ++c)
        got.emplace(found.centroids.begin() + static_cast<long>(c * kBytes),
                    found.centroids.begin() + static_cast<long>((c + 1) * kBytes));
    EXPECT_EQ(got, std::set<std::vector<std::uint8_t>>(centres.begin(), centres.end()));
    EXPECT_EQ(cluster(BitSpace(8), std::vector<std::uint8_t>(100, 0xA5), 4).result.clusters, 1U);
}

TEST(KMeans, ManyClustersInTwoLevels) {
    constexpr std::uint32_t kClusters = 3000;
    const auto points = blobs(30000, 8, 500, 37);
    const auto alone = cluster(DenseSpace(8, false), points, kClusters);
    EXPECT_LE(alone.result.clusters, kClusters);
    EXPECT_GE(alone.result.clusters, kClusters * 99 / 100);
    EXPECT_LT(alone.result.imbalance, 2);
    EXPECT_NEAR(inertia_of(points, alone.centroids, 8), alone.result.inertia, 0.1 * alone.result.inertia);
    // As one level finds them, but for a few percent
    std::vector<std::byte> memory(KMeansArrays<float>::bytes(30000, kClusters, 8));
    KMeansArrays<float> arrays(memory.data(), 30000, kClusters, 8);
    std::copy(points.begin(), points.end(), arrays.points);
    KMeansOptions options;
    options.clusters = kClusters;
    KMeansShared shared;
    Solo solo;
    KMeans<DenseSpace>(DenseSpace(8, false), options, arrays, 30000, &shared, &solo, std::pmr::get_default_resource())
        .run();
    EXPECT_LT(alone.result.inertia, 1.1 * shared.result.inertia);
    const auto together = cluster(DenseSpace(8, false), points, kClusters, 4);
    EXPECT_EQ(together.centroids, alone.centroids);
    // Few distinct points among many
    std::vector<float> few;
    for (int i = 0; i < 10000; ++i) few.push_back(static_cast<float>(i % 11));
    EXPECT_EQ(cluster(DenseSpace(1, false), few, 2500, 2).result.clusters, 11U);
}

// Counts what has not been given back.
class Counting final : public std::pmr::memory_resource {
 public:
    long out = 0;

 private:
    void* do_allocate(std::size_t bytes, std::size_t) override {
        ++out;
        return ::operator new(bytes);
    }
    void do_deallocate(void* p, std::size_t, std::size_t) override {
        --out;
        ::operator delete(p);
    }
    bool do_is_equal(const memory_resource& other) const noexcept override { return this == &other; }
};

class Impatient final : public Team {
 public:
    explicit Impatient(int patience) : patience_(patience) {}
    bool leads() const override { return true; }
    void wait() override {}
    void check_for_interrupts() override {
        if (--patience_ < 0) throw std::runtime_error("cancelled");
    }

 private:
    int patience_;
};

TEST(KMeans, CanBeCancelledAnywhere) {
    const auto points = random_points(3000, 6, 23);
    std::vector<std::byte> memory(KMeansArrays<float>::bytes(3000, 100, 6));
    KMeansArrays<float> arrays(memory.data(), 3000, 100, 6);
    KMeansOptions options;
    options.clusters = 100;
    int cancelled = 0;
    for (int patience = 0; patience < 100000; patience = patience * 3 / 2 + 1) {
        std::copy(points.begin(), points.end(), arrays.points);
        KMeansShared shared;
        Impatient team(patience);
        Counting counting;
        try {
            KMeans<DenseSpace>(DenseSpace(6, false), options, arrays, 3000, &shared, &team, &counting).run();
        } catch (const std::runtime_error&) {
            ++cancelled;
        }
        EXPECT_EQ(counting.out, 0);
    }
    EXPECT_GT(cancelled, 10);
}

TEST(NearestCentroids, AgreesWithAReferenceOnEveryInstructionSet) {
    for (const Kernels* const* table = supported_kernels(); *table != nullptr; ++table) {
        for (std::size_t dim : {1U, 2U, 3U, 7U, 16U, 33U, 384U, 1000U}) {
            for (std::size_t rows : {1U, 5U, 64U}) {
                for (std::size_t count : {1U, 2U, 9U, 100U}) {
                    const auto points = random_points(rows, dim, 29);
                    const auto centroids = random_points(count, dim, 31);
                    std::vector<float> bias(count);
                    for (std::size_t c = 0; c < count; ++c) bias[c] = static_cast<float>(c % 3);
                    std::vector<float> scratch(rows * count);
                    std::vector<std::uint32_t> nearest(rows);
                    std::vector<float> score(rows);
                    (*table)->nearest_centroids(points.data(), rows, centroids.data(), bias.data(), count, dim,
                                                scratch.data(), nearest.data(), score.data());
                    for (std::size_t r = 0; r < rows; ++r) {
                        double least = std::numeric_limits<double>::infinity();
                        std::vector<double> scores(count);
                        for (std::size_t c = 0; c < count; ++c) {
                            double product = 0;
                            for (std::size_t i = 0; i < dim; ++i)
                                product += static_cast<double>(points[r * dim + i]) *
                                           static_cast<double>(centroids[c * dim + i]);
                            scores[c] = static_cast<double>(bias[c]) - product;
                            least = std::min(least, scores[c]);
                        }
                        const double tolerance = 1e-6 * static_cast<double>(dim) + 1e-5;
                        ASSERT_LT(nearest[r], count);
                        EXPECT_NEAR(scores[nearest[r]], least, tolerance) << (*table)->name << ' ' << dim;
                        EXPECT_NEAR(static_cast<double>(score[r]), least, tolerance) << (*table)->name << ' ' << dim;
                    }
                }
            }
        }
    }
}

TEST(NearestCentroids, TakesTheFirstOfEqualOnesAndSurvivesNaN) {
    for (const Kernels* const* table = supported_kernels(); *table != nullptr; ++table) {
        const std::vector<float> rows = {1, 2, std::numeric_limits<float>::quiet_NaN(), 0};
        const std::vector<float> centroids = {0, 1, 3, 1, 3, 1};
        const std::vector<float> bias = {0, 0, 0};
        std::vector<float> scratch(6);
        std::uint32_t nearest[2];
        float score[2];
        (*table)->nearest_centroids(rows.data(), 2, centroids.data(), bias.data(), 3, 2, scratch.data(), nearest,
                                    score);
        EXPECT_EQ(nearest[0], 1U) << (*table)->name;
        EXPECT_LT(nearest[1], 3U) << (*table)->name;
    }
}

}  // namespace
}  // namespace vectorx::cluster
