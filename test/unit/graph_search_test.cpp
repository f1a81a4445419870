// Searching small graphs whose answers can be read off.
#include "core/graph/search.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "core/graph/link.h"
#include "point_store.h"

namespace vectorx {
namespace {

using test::Point;
using test::PointStore;

// Points 0, 1, 2, … on a line, each linked with the one before and the one after.
PointStore line(std::size_t count) {
    PointStore store(4);
    for (std::size_t i = 0; i < count; ++i) store.add({static_cast<float>(i), 0});
    for (NodeId node = 0; node < count; ++node) {
        std::vector<NodeId> links;
        if (node > 0) links.push_back(node - 1);
        if (node + 1 < count) links.push_back(node + 1);
        store.set_links(node, 0, links);
    }
    store.entry = {0, 0};
    return store;
}

std::vector<NodeId> search(PointStore& store, Point query, std::size_t ef) {
    SearchScratch scratch(store.options(), static_cast<int>(ef), std::pmr::new_delete_resource());
    search_graph(store, PointStore::as_payload(query), ef, scratch);
    EXPECT_TRUE(std::is_sorted(scratch.results.begin(), scratch.results.end()));
    std::vector<NodeId> nodes;
    for (const Candidate& candidate : scratch.results) {
        Point found = store.points[candidate.node];
        EXPECT_EQ(candidate.distance, store.distance(PointStore::as_payload(query), PointStore::as_payload(found)));
        nodes.push_back(candidate.node);
    }
    return nodes;
}

TEST(Search, FindsNothingInAnEmptyGraph) {
    PointStore store(4);
    EXPECT_TRUE(search(store, {0, 0}, 10).empty());
    // Nor anything that an earlier search found.
    SearchScratch scratch(store.options(), 4, std::pmr::new_delete_resource());
    scratch.results.push_back({1, 1});
    search_graph(store, PointStore::as_payload({0, 0}), 4, scratch);
    EXPECT_TRUE(scratch.results.empty());
}

TEST(Search, WalksToTheNearest) {
    PointStore store = line(100);
    EXPECT_EQ(search(store, {70.2F, 0}, 1), (std::vector<NodeId>{70}));
    EXPECT_EQ(search(store, {70.2F, 0}, 4), (std::vector<NodeId>{70, 71, 69, 72}));
    EXPECT_EQ(search(store, {-5, 0}, 3), (std::vector<NodeId>{0, 1, 2}));
    EXPECT_GT(store.interrupt_checks, 70) << "a long search that cannot be cancelled";
}

TEST(Search, StopsWhereNothingNearerCanCome) {
    PointStore store = line(100);
    search(store, {10.2F, 0}, 3);
    EXPECT_EQ(store.evaluated.count(20), 0U);
    for (auto [node, times] : store.evaluated) EXPECT_EQ(times, 1) << "node " << node;
}

TEST(Search, ReturnsEverybodyWhenThereAreFewerThanWanted) {
    PointStore store = line(30);
    std::vector<NodeId> found = search(store, {14.4F, 0}, 100);
    EXPECT_EQ(found.size(), 30U);
    std::sort(found.begin(), found.end());
    EXPECT_EQ(std::unique(found.begin(), found.end()) - found.begin(), 30);
}

TEST(Search, OrdersEqualDistancesByNode) {
    PointStore store = line(21);
    EXPECT_EQ(search(store, {10, 0}, 5), (std::vector<NodeId>{10, 9, 11, 8, 12}));
}

TEST(Search, WalksThroughNodesThatAreNotLive) {
    PointStore store = line(100);
    for (NodeId node = 0; node < 90; ++node) store.live[node] = false;
    EXPECT_EQ(search(store, {50, 0}, 2), (std::vector<NodeId>{90, 91}));
    for (NodeId node = 0; node < 100; ++node) store.live[node] = node == 50;
    EXPECT_EQ(search(store, {70, 0}, 4), (std::vector<NodeId>{50}));
    store.live[50] = false;
    EXPECT_TRUE(search(store, {70, 0}, 4).empty());
}

TEST(Search, IsExactWhereEverybodyIsLinked) {
    std::mt19937 random(5);
    std::uniform_real_distribution<float> coordinate(-1, 1);
    PointStore store(kMaxM);
    std::vector<NodeId> all;
    for (int i = 0; i < 150; ++i) all.push_back(store.add({coordinate(random), coordinate(random)}));
    for (NodeId node : all) store.set_links(node, 0, all);
    store.entry = {0, 0};
    for (int trial = 0; trial < 50; ++trial) {
        Point query{coordinate(random), coordinate(random)};
        std::vector<Candidate> exact;
        for (NodeId node : all)
            exact.push_back({store.distance(PointStore::as_payload(query), store.payload(node)), node});
        std::sort(exact.begin(), exact.end());
        std::size_t ef = 1 + random() % 60;
        std::vector<NodeId> expected;
        for (std::size_t i = 0; i < ef; ++i) expected.push_back(exact[i].node);
        ASSERT_EQ(search(store, query, ef), expected);
    }
}

// All that a search and its continuations return, in order, without nodes that are not live.
std::vector<NodeId> search_to_the_end(PointStore& store, Point query, std::size_t ef) {
    SearchScratch scratch(store.options(), static_cast<int>(ef), std::pmr::new_delete_resource());
    scratch.keep_discarded = true;
    search_graph(store, PointStore::as_payload(query), ef, scratch);
    std::vector<NodeId> nodes;
    do {
        EXPECT_LE(scratch.results.size(), ef);
        EXPECT_TRUE(std::is_sorted(scratch.results.begin(), scratch.results.end()));
        for (const Candidate& candidate : scratch.results)
            if (store.live[candidate.node]) nodes.push_back(candidate.node);
    } while (resume_search(store, PointStore::as_payload(query), ef, scratch));
    EXPECT_FALSE(resume_search(store, PointStore::as_payload(query), ef, scratch));
    EXPECT_TRUE(scratch.discarded.empty());
    return nodes;
}

TEST(ResumeSearch, ReturnsEverybodyOnce) {
    for (std::size_t ef = 1; ef <= 12; ++ef) {
        SCOPED_TRACE(ef);
        PointStore store = line(100);
        std::vector<NodeId> found = search_to_the_end(store, {30.2F, 0}, ef);
        EXPECT_EQ(found.size(), 100U);
        std::sort(found.begin(), found.end());
        EXPECT_EQ(std::unique(found.begin(), found.end()) - found.begin(), 100);
    }
}

TEST(ResumeSearch, WalksThroughNodesThatAreNotLive) {
    for (std::size_t ef = 1; ef <= 12; ++ef) {
        for (NodeId dead : {1U, 5U, 20U}) {
            SCOPED_TRACE("ef " + std::to_string(ef) + ", " + std::to_string(dead) + " in a row");
            PointStore store = line(100);
            NodeId live = 0;
            for (NodeId node = 0; node < 100; ++node) {
                store.live[node] = node % (2 * dead) < dead;
                live += store.live[node];
            }
            std::vector<NodeId> found = search_to_the_end(store, {30.2F, 0}, ef);
            std::sort(found.begin(), found.end());
            EXPECT_EQ(found.size(), live);
            EXPECT_EQ(std::unique(found.begin(), found.end()) - found.begin(), live);
        }
    }
}

TEST(ResumeSearch, ComesBackToANodeThatIsNotLiveAndWasNotExpanded) {
    // The first search meets the dead node before it knows that others are nearer; only it leads to the last.
    PointStore store(4);
    for (float x : {0.0F, 10.0F, 1.0F, 2.0F, 3.0F, 11.0F}) store.add({x, 0});
    store.live[1] = false;
    store.set_links(0, 0, {1, 2, 3, 4});
    store.set_links(1, 0, {5});
    store.entry = {0, 0};
    EXPECT_EQ(search_to_the_end(store, {0, 0}, 2), (std::vector<NodeId>{0, 2, 3, 4, 5}));
}

TEST(ResumeSearch, CountsWhatItEvaluates) {
    PointStore store = line(100);
    SearchScratch scratch(store.options(), 10, std::pmr::new_delete_resource());
    scratch.keep_discarded = true;
    Point query{50, 0};
    search_graph(store, PointStore::as_payload(query), 10, scratch);
    std::size_t evaluated = scratch.evaluated;
    EXPECT_GT(evaluated, 40U);
    EXPECT_TRUE(resume_search(store, PointStore::as_payload(query), 10, scratch));
    EXPECT_GT(scratch.evaluated, evaluated);
    EXPECT_LE(scratch.evaluated, 100U);
    std::size_t memory = scratch.memory_used();
    EXPECT_GE(memory, scratch.visited.memory_used() + scratch.results.size() * sizeof(Candidate));
    scratch.clear();
    EXPECT_EQ(scratch.evaluated, 0U);
    EXPECT_TRUE(scratch.results.empty() && scratch.discarded.empty() && scratch.frontier.empty());
}

TEST(Search, KeepsNothingForResumingUnlessAsked) {
    PointStore store = line(100);
    SearchScratch scratch(store.options(), 3, std::pmr::new_delete_resource());
    Point query{50, 0};
    search_graph(store, PointStore::as_payload(query), 3, scratch);
    EXPECT_TRUE(scratch.discarded.empty());
    EXPECT_FALSE(resume_search(store, PointStore::as_payload(query), 3, scratch));
}

TEST(SearchLevel, TakesAnEntryOnce) {
    PointStore store = line(10);
    Candidate entries[] = {{9, 3}, {9, 3}, {4, 4}};
    bool live[] = {true, true, true};
    Point query{6, 0};
    SearchScratch scratch(store.options(), 10, std::pmr::new_delete_resource());
    search_level(store, PointStore::as_payload(query), entries, live, 3, 0, 10, scratch);
    EXPECT_EQ(scratch.results.size(), 10U);
    EXPECT_EQ(scratch.results.front().node, 6U);
}

// Every fourth point of a line is on level 1, every sixteenth on level 2.
PointStore tower(std::size_t count) {
    PointStore store = line(count);
    for (int level : {1, 2}) {
        NodeId step = level == 1 ? 4 : 16;
        for (NodeId node = 0; node < count; node += step) {
            store.levels[node] = level;
            std::vector<NodeId> links;
            if (node >= step) links.push_back(node - step);
            if (node + step < count) links.push_back(node + step);
            store.set_links(node, level, links);
        }
    }
    store.entry = {0, 2};
    return store;
}

TEST(Descend, WalksTheLevelsAboveTheOneAskedFor) {
    PointStore store = tower(200);
    Point query{101.8F, 0};
    bool live = false;
    EXPECT_EQ(descend(store, PointStore::as_payload(query), store.entry, 2, &live).node, 0U);
    EXPECT_TRUE(live);
    EXPECT_TRUE(store.expanded.empty()) << "a level was searched that was not asked for";
    EXPECT_EQ(descend(store, PointStore::as_payload(query), store.entry, 1, &live).node, 96U);
    for (auto [node, level] : store.expanded) EXPECT_EQ(level, 2);
    store.expanded.clear();
    Candidate arrived = descend(store, PointStore::as_payload(query), store.entry, 0, &live);
    EXPECT_EQ(arrived.node, 100U);
    EXPECT_NEAR(arrived.distance, 1.8F * 1.8F, 1e-4F);
    EXPECT_EQ(store.expanded.back(), (std::pair<NodeId, int>{100, 1}));
    EXPECT_LT(store.expanded.size(), 15U);
}

TEST(Search, ReachesWhatOnlyTheEntryPointLeadsTo) {
    // The way down ends at 100, from where no link of level 0 leads on.
    PointStore store = tower(200);
    for (NodeId node = 60; node < 120; ++node) store.set_links(node, 0, {});
    store.set_links(0, 0, {1, 150});
    // 100 itself, 0 … 60 and 119 … 199.
    EXPECT_EQ(search(store, {101.8F, 0}, 200).size(), 1U + 61 + 81);
}

TEST(Descend, SaysWhetherItArrivedAtALiveNode) {
    PointStore store = tower(200);
    store.live[100] = false;
    Point query{101.8F, 0};
    bool live = true;
    EXPECT_EQ(descend(store, PointStore::as_payload(query), store.entry, 0, &live).node, 100U);
    EXPECT_FALSE(live);
    EXPECT_EQ(search(store, {100, 0}, 2), (std::vector<NodeId>{99, 101}));
}

TEST(PlanLinks, LeavesOutTheNodeItself) {
    PointStore store = tower(100);
    LinkPlan plan(store.options(), std::pmr::new_delete_resource());
    plan_links(store, store.payload(48), 2, 48, plan);
    for (int level : {0, 1, 2}) {
        const LinkList& list = plan.neighbours(level);
        ASSERT_GT(list.count, 0) << "level " << level;
        for (int i = 0; i < list.count; ++i) {
            EXPECT_NE(list.links[i].node, 48U);
            EXPECT_GE(store.levels[list.links[i].node], level);
        }
    }
    EXPECT_EQ(plan.neighbours(0).links[0].node, 47U);
    EXPECT_EQ(plan.neighbours(1).links[0].node, 44U);
    EXPECT_EQ(plan.neighbours(2).links[0].node, 32U);
}

TEST(PlanLinks, LinksToNobodyAboveTheEntryPoint) {
    PointStore store = tower(100);
    LinkPlan plan(store.options(), std::pmr::new_delete_resource());
    Point payload{50.4F, 0};
    plan_links(store, PointStore::as_payload(payload), 5, kNoNode, plan);
    for (int level : {0, 1, 2}) EXPECT_GT(plan.neighbours(level).count, 0) << "level " << level;
    for (int level : {3, 4, 5}) EXPECT_EQ(plan.neighbours(level).count, 0) << "level " << level;
    EXPECT_EQ(plan.nearest.front().node, 50U);
    // A plan for a lower level after one for a higher keeps nothing of it.
    store.entry = {};
    plan_links(store, PointStore::as_payload(payload), 0, kNoNode, plan);
    EXPECT_EQ(plan.neighbours(0).count, 0);
    EXPECT_TRUE(plan.nearest.empty());
}

TEST(PlanLinks, LinksToLiveNodesOnly) {
    PointStore store = tower(100);
    for (NodeId node = 0; node < 100; ++node) store.live[node] = node % 3 == 0;
    LinkPlan plan(store.options(), std::pmr::new_delete_resource());
    Point payload{50.4F, 0};
    plan_links(store, PointStore::as_payload(payload), 1, kNoNode, plan);
    for (int level : {0, 1}) {
        ASSERT_GT(plan.neighbours(level).count, 0);
        for (int i = 0; i < plan.neighbours(level).count; ++i)
            EXPECT_TRUE(store.live[plan.neighbours(level).links[i].node]);
    }
    EXPECT_EQ(plan.neighbours(0).links[0].node, 51U);
    EXPECT_EQ(plan.neighbours(1).links[0].node, 48U);
}

}  // namespace
}  // namespace vectorx
