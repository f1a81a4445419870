// The small parts of the graph: sets of visited nodes, levels, the order of insertion.
#include <gtest/gtest.h>

#include <cmath>
#include <memory_resource>
#include <random>
#include <set>
#include <vector>

#include "core/graph/build.h"
#include "core/graph/visited_set.h"
#include "vectorx/graph.h"

namespace vectorx {
namespace {

std::pmr::memory_resource* memory() { return std::pmr::new_delete_resource(); }

TEST(VisitedSet, AgreesWithStdSetWhileGrowing) {
    VisitedSet visited(16, memory());
    std::set<NodeId> reference;
    std::mt19937 random(1);
    std::size_t before = visited.memory_used();
    for (int i = 0; i < 20000; ++i) {
        auto node = static_cast<NodeId>(random() % 8000);
        ASSERT_EQ(visited.insert(node), reference.insert(node).second) << "node " << node;
    }
    EXPECT_GT(visited.memory_used(), before);
    EXPECT_GE(visited.memory_used(), 2 * reference.size() * sizeof(NodeId)) << "more than half full";
}

TEST(VisitedSet, ClearForgetsEverything) {
    VisitedSet visited(4, memory());
    for (int round = 0; round < 3; ++round) {
        for (NodeId node = 0; node < 1000; ++node) ASSERT_TRUE(visited.insert(node)) << "round " << round;
        for (NodeId node = 0; node < 1000; ++node) ASSERT_FALSE(visited.insert(node)) << "round " << round;
        visited.clear();
    }
}

TEST(VisitedSet, TakesNodesThatAreFarApart) {
    // Numbers of slots on pages are multiples; with a poor hash they would share few places, or the highest be lost.
    VisitedSet visited(16, memory());
    for (NodeId node = 0; node < 4096; ++node) ASSERT_TRUE(visited.insert(node << 20));
    for (NodeId node = 0; node < 4096; ++node) ASSERT_FALSE(visited.insert(node << 20));
    EXPECT_TRUE(visited.insert(kNoNode - 1));
    EXPECT_FALSE(visited.insert(kNoNode - 1));
}

TEST(LevelFor, HoldsHigherLevelsInProportion) {
    constexpr std::uint64_t kKeys = 1 << 20;
    for (int m : {2, 3, 16, 100}) {
        std::vector<std::uint64_t> at_least(kMaxLevel + 2, 0);
        for (std::uint64_t key = 0; key < kKeys; ++key) {
            int level = level_for(key << 16, m);  // as rows' addresses are: multiples
            ASSERT_GE(level, 0);
            ASSERT_LE(level, kMaxLevel);
            for (int l = 0; l <= level; ++l) ++at_least[static_cast<std::size_t>(l)];
        }
        for (int l = 1; l <= kMaxLevel; ++l) {
            double p = std::pow(m, -l);
            double expected = static_cast<double>(kKeys) * p;
            // Five standard deviations, and a few more where so few are expected that their number is not normal.
            double tolerance = 5 * std::sqrt(expected * (1 - p)) + 5;
            EXPECT_NEAR(static_cast<double>(at_least[static_cast<std::size_t>(l)]), expected, tolerance)
                << "m " << m << ", level " << l;
        }
    }
}

TEST(LevelFor, DependsOnTheKeyOnly) {
    for (std::uint64_t key : {std::uint64_t{0}, std::uint64_t{1}, ~std::uint64_t{0}, std::uint64_t{1} << 63}) {
        int level = level_for(key, 16);
        EXPECT_EQ(level_for(key, 16), level);
        EXPECT_GE(level, 0);
        EXPECT_LE(level, kMaxLevel);
        EXPECT_LE(level, level_for(key, 2)) << "fewer nodes rise with a larger m";
    }
}

TEST(Candidate, IsOrderedByDistanceThenNode) {
    Candidate near{1, 9};
    Candidate far{2, 1};
    Candidate equal{1, 10};
    EXPECT_TRUE(near < far);
    EXPECT_FALSE(far < near);
    EXPECT_TRUE(near < equal);
    EXPECT_FALSE(equal < near);
    EXPECT_FALSE(near < near);
    EXPECT_TRUE(far > near);
}

TEST(ScatteredOrder, IsAPermutation) {
    for (std::uint32_t count = 1; count <= 2000; ++count) {
        ScatteredOrder order(count);
        std::vector<bool> met(count, false);
        for (std::uint32_t i = 0; i < count; ++i) {
            NodeId node = order.at(i);
            ASSERT_LT(node, count);
            ASSERT_FALSE(met[node]) << "node " << node << " of " << count << " twice";
            met[node] = true;
        }
    }
}

TEST(ScatteredOrder, IsAPermutationOfManyNodes) {
    // A permutation of n numbers by multiplication: no two within a window may be equal, and none be out of range.
    for (std::uint32_t count : {1U << 31, 4294967291U, 4294967295U}) {
        ScatteredOrder order(count);
        std::set<NodeId> met;
        for (std::uint32_t i = count - 1000; i < count; ++i) {
            ASSERT_LT(order.at(i), count);
            ASSERT_TRUE(met.insert(order.at(i)).second);
        }
    }
}

TEST(ScatteredOrder, TakesNeighboursApart) {
    // The first tenth of the order must reach every twentieth part of the table.
    constexpr std::uint32_t kCount = 10000;
    ScatteredOrder order(kCount);
    std::set<std::uint32_t> parts;
    for (std::uint32_t i = 0; i < kCount / 10; ++i) parts.insert(order.at(i) / (kCount / 20));
    EXPECT_EQ(parts.size(), 20U);
}

}  // namespace
}  // namespace vectorx
