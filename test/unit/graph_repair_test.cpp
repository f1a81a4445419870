// Taking dead nodes out of a graph: what vacuum does, alone and beside inserts.
#include "core/graph/repair.h"

#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>
#include <tuple>
#include <vector>

#include "core/graph/build.h"
#include "core/graph/link.h"
#include "core/graph/reach.h"
#include "graph_checks.h"
#include "point_store.h"

namespace vectorx {
namespace {

using test::gaussian_mixture;
using test::Graph;
using test::load;
using test::memory;
using test::PointStore;
using test::recall;
using test::Vectors;

// A graph in memory some of whose nodes are dead.
class DyingStore : public Graph::Store {
 public:
    explicit DyingStore(const Graph::Store& store) : Graph::Store(store), dead_(node_count(), false) {}

    void kill(NodeId node) { dead_[node] = true; }
    bool is_dead(NodeId node) const { return dead_[node]; }
    bool is_live(NodeId node) const { return !dead_[node]; }
    void set_entry_point(EntryPoint entry) { entry_ = entry, entry_moved_ = true; }

    EntryPoint entry_point() const { return entry_moved_ ? entry_ : Graph::Store::entry_point(); }
    void evaluate(const std::byte* query, const NodeId* nodes, int count, Candidate* out, bool* live) const {
        Graph::Store::evaluate(query, nodes, count, out, live);
        for (int i = 0; i < count; ++i) live[i] = !dead_[nodes[i]];
    }
    LinkUpdate replace_links(NodeId node, int level, const LinkList& expected, const LinkList& desired) {
        if (dead_[node]) return LinkUpdate::kGone;
        return Graph::Store::replace_links(node, level, expected, desired);
    }

 private:
    EntryPoint entry_;
    bool entry_moved_ = false;
    std::vector<bool> dead_;
};
static_assert(GraphStore<DyingStore>);

std::vector<NodeId> live_nodes(const DyingStore& store) {
    std::vector<NodeId> live;
    for (NodeId node : test::unmerged_nodes(store))
        if (!store.is_dead(node)) live.push_back(node);
    return live;
}

bool repair_node(DyingStore& store, NodeId node, RepairScratch& scratch) {
    bool repaired = false;
    for (int l = 0; l <= store.header(node).level; ++l) {
        repaired |= repair_links(
            store, node, store.payload(node), l, [&](NodeId other) { return store.is_dead(other); }, scratch);
    }
    return repaired;
}

// Searches start from a live node on the highest level, which is the root of the tree, too.
void move_entry_point(DyingStore& store) {
    if (!store.is_dead(store.entry_point().node)) return;
    EntryPoint highest;
    for (NodeId node : live_nodes(store))
        if (store.parent(node) != kNoNode && store.header(node).level > highest.level)
            highest = {node, store.header(node).level};
    store.set_entry_point(highest);
    if (highest.node != kNoNode) store.set_parent(highest.node, highest.node);
}

// Gives those another parent whose parent is dead. Returns how many there were.
int anchor(DyingStore& store) {
    ParentTree tree(store, memory());
    int orphans = 0;
    for (NodeId node : live_nodes(store)) {
        NodeId parent = store.parent(node);
        if (parent == node || parent == kNoNode || !store.is_dead(parent)) continue;
        EXPECT_TRUE(tree.attach(node));
        ++orphans;
    }
    return orphans;
}

// As vacuum does it. Returns how many nodes had lost their parents.
int vacuum(DyingStore& store) {
    RepairScratch scratch(store.options(), memory());
    move_entry_point(store);
    int orphans = anchor(store);
    for (NodeId node : live_nodes(store)) repair_node(store, node, scratch);
    return orphans;
}

void kill_at_random(DyingStore& store, double share, unsigned seed) {
    std::mt19937 random(seed);
    std::bernoulli_distribution dies(share);
    for (NodeId node : test::unmerged_nodes(store))
        if (dies(random)) store.kill(node);
}

// Among themselves, the live nodes are a sound graph, and every one of them can be reached.
void expect_repaired(DyingStore& store) {
    std::vector<NodeId> live = live_nodes(store);
    ASSERT_NO_FATAL_FAILURE(test::expect_sound_lists(store, live));
    if (live.empty()) {
        EXPECT_EQ(store.entry_point().node, kNoNode);
        return;
    }
    ASSERT_NE(store.entry_point().node, kNoNode);
    EXPECT_FALSE(store.is_dead(store.entry_point().node));
    EXPECT_EQ(test::unreachable(store, live), 0U);
    test::expect_tree(store, live);
    // So a search that may take as long as it likes finds all of them.
    SearchScratch scratch(store.options(), 1, memory());
    for (NodeId query : {live.front(), live.back()}) {
        search_graph(store, store.payload(query), live.size(), scratch);
        EXPECT_EQ(scratch.results.size(), live.size());
    }
}

// -- single lists

// Repairs the list of `owner` on level 0.
bool repair_list(PointStore& store, NodeId owner) {
    RepairScratch scratch(store.options(), memory());
    return repair_links(
        store, owner, store.payload(owner), 0, [&](NodeId node) { return !store.live[node]; }, scratch);
}

TEST(RepairLinks, FindsTheLivingBeyondTheDead) {
    // 0, then a row of dead ones, then 5; without an entry point no search helps.
    PointStore store(4);
    for (int i = 0; i <= 5; ++i) store.add({static_cast<float>(i), 0});
    for (NodeId node = 0; node < 5; ++node) store.set_links(node, 0, {node + 1});
    for (NodeId node = 1; node < 5; ++node) store.live[node] = false;
    EXPECT_TRUE(repair_list(store, 0));
    EXPECT_EQ(store.linked(0, 0), (std::vector<NodeId>{5}));
    EXPECT_EQ(store.linked(5, 0), (std::vector<NodeId>{0})) << "a new neighbour did not link back";
    EXPECT_FALSE(repair_list(store, 0));
}

TEST(RepairLinks, FindsBySearchWhatTheDeadDoNotLeadTo) {
    PointStore store(4);
    for (int i = 0; i <= 3; ++i) store.add({static_cast<float>(i), 0});
    store.set_links(0, 0, {1});
    store.live[1] = false;
    store.set_links(3, 0, {2});
    store.entry = {3, 0};
    EXPECT_TRUE(repair_list(store, 0));
    EXPECT_EQ(store.linked(0, 0), (std::vector<NodeId>{2, 3}));
}

TEST(RepairLinks, KeepsTheLivingAndAddsNobodyTwice) {
    PointStore store(4);
    for (int i = 0; i <= 4; ++i) store.add({static_cast<float>(i), 0});
    store.set_links(0, 0, {1, 2, 3});
    store.set_links(1, 0, {0, 2, 3, 4});
    store.set_links(2, 0, {0});
    store.live[1] = false;
    store.entry = {2, 0};
    EXPECT_TRUE(repair_list(store, 0));
    std::vector<NodeId> links = store.linked(0, 0);
    std::sort(links.begin(), links.end());
    EXPECT_EQ(links, (std::vector<NodeId>{2, 3, 4}));
    EXPECT_EQ(store.linked(2, 0), (std::vector<NodeId>{0}));
    EXPECT_TRUE(store.linked(3, 0).empty()) << "an old neighbour need not link back anew";
}

TEST(RepairLinks, StartsAgainWhenTheListHasChanged) {
    PointStore store(4);
    for (int i = 0; i <= 3; ++i) store.add({static_cast<float>(i), 0});
    store.set_links(0, 0, {1});
    store.set_links(1, 0, {2});
    store.live[1] = false;
    store.before_replace = [&](NodeId, int) {
        if (store.replacements == 1) store.set_links(0, 0, {1, 3});
    };
    EXPECT_TRUE(repair_list(store, 0));
    std::vector<NodeId> links = store.linked(0, 0);
    std::sort(links.begin(), links.end());
    EXPECT_EQ(links, (std::vector<NodeId>{2, 3}));
}

// -- recall beside a graph that was built of the live vectors alone

class RepairAfter : public testing::TestWithParam<std::tuple<Metric, bool, double>> {};

INSTANTIATE_TEST_SUITE_P(ManyDeaths, RepairAfter,
                         testing::Combine(testing::Values(Metric::kL2, Metric::kInnerProduct),
                                          testing::Values(false, true), testing::Values(0.1, 0.5, 0.95)));

TEST_P(RepairAfter, IsAsGoodAsBuildingAnew) {
    auto [metric, sample, share] = GetParam();
    Vectors clusters = gaussian_mixture(4100, 24, 30, 31);
    Vectors base = sample ? test::sample_base() : clusters.slice(0, 4000);
    Vectors queries = sample ? test::sample_queries() : clusters.slice(4000, 4100);
    auto graph = load(base, metric);
    graph->build(1);
    DyingStore store(graph->store());
    kill_at_random(store, share, 32);
    vacuum(store);
    expect_repaired(store);

    std::vector<NodeId> live = live_nodes(store);
    Vectors survivors{base.dim, {}};
    for (NodeId node : live) survivors.push_back(base[node]);
    auto fresh = load(survivors, metric);
    fresh->build(1);
    std::vector<NodeId> fresh_nodes = test::unmerged_nodes(fresh->store());
    ASSERT_EQ(fresh_nodes.size(), live.size());
    // With 1,000 results to find, two graphs of the same quality were seen to differ by 0.01 for an ef of 10.
    EXPECT_GE(recall(store, live, queries, 10, 10), recall(fresh->store(), fresh_nodes, queries, 10, 10) - 0.03);
    EXPECT_GE(recall(store, live, queries, 10, 40), recall(fresh->store(), fresh_nodes, queries, 10, 40) - 0.01);
}

TEST(Repair, LeavesNothingToRepair) {
    auto graph = load(gaussian_mixture(1000, 8, 10, 33), Metric::kL2);
    graph->build(1);
    DyingStore store(graph->store());
    RepairScratch scratch(store.options(), memory());
    for (NodeId node : live_nodes(store)) ASSERT_FALSE(repair_node(store, node, scratch));
    kill_at_random(store, 0.3, 34);
    int repaired = 0;
    for (NodeId node : live_nodes(store)) repaired += repair_node(store, node, scratch);
    EXPECT_GT(repaired, 500) << "of some 700 nodes nearly all had a neighbour that died";
    for (NodeId node : live_nodes(store)) ASSERT_FALSE(repair_node(store, node, scratch));
}

TEST(Repair, LeavesADeadNodeAlone) {
    auto graph = load(gaussian_mixture(200, 8, 5, 35), Metric::kL2);
    graph->build(1);
    DyingStore store(graph->store());
    kill_at_random(store, 0.5, 36);
    RepairScratch scratch(store.options(), memory());
    for (NodeId node = 0; node < 200; ++node) {
        if (!store.is_dead(node)) continue;
        LinkList before;
        LinkList after;
        store.read_links(node, store.payload(node), 0, &before);
        repair_links(
            store, node, store.payload(node), 0, [&](NodeId other) { return store.is_dead(other); }, scratch);
        store.read_links(node, store.payload(node), 0, &after);
        ASSERT_EQ(after.count, before.count);
        for (int i = 0; i < before.count; ++i) ASSERT_EQ(after.links[i].node, before.links[i].node);
    }
}

TEST(Repair, LeavesOneSurvivorOrNone) {
    for (NodeId survivor : {NodeId{7}, kNoNode}) {
        auto graph = load(gaussian_mixture(300, 8, 5, 37), Metric::kL2);
        graph->build(1);
        DyingStore store(graph->store());
        for (NodeId node = 0; node < 300; ++node)
            if (node != survivor) store.kill(node);
        vacuum(store);
        expect_repaired(store);
        NodeId links[kMaxLinks];
        if (survivor != kNoNode) {
            EXPECT_EQ(store.links(survivor, 0, links), 0);
        }
    }
}

TEST(Repair, BridgesARegionThatDiedAsAWhole) {
    // What lay between two clusters dies, and so does everybody on an upper level.
    Vectors all{1, {}};
    for (int i = 0; i < 3000; ++i) all.values.push_back(static_cast<float>(i));
    for (int m : {2, 4, 16}) {
        auto graph = load(all, Metric::kL2, {m, 64});
        graph->build(1);
        DyingStore store(graph->store());
        for (NodeId node = 0; node < 3000; ++node)
            if (store.header(node).level > 0 || (node > 100 && node < 2900)) store.kill(node);
        vacuum(store);
        SCOPED_TRACE(m);
        expect_repaired(store);
        EXPECT_GE(recall(store, live_nodes(store), Vectors{1, {3, 50.2F, 1500, 2950.7F}}, 10, 100), 0.9);
    }
}

TEST(Repair, LosesNobodyInPoorGraphs) {
    // With so few links, children have most of the places.
    int orphans = 0;
    for (Metric metric : {Metric::kL2, Metric::kInnerProduct}) {
        for (int m : {2, 4}) {
            auto graph = load(gaussian_mixture(2000, 16, 50, 38), metric, {m, 16});
            graph->build(1);
            DyingStore store(graph->store());
            kill_at_random(store, 0.4, 39);
            orphans += vacuum(store);
            expect_repaired(store);
        }
    }
    EXPECT_GT(orphans, 1000) << "these graphs show nothing";
}

TEST(Repair, GoesOnBesideInserts) {
    constexpr NodeId kBefore = 1200;
    constexpr NodeId kAll = 2000;
    auto graph = load(gaussian_mixture(kAll, 16, 20, 40), Metric::kL2);
    LinkPlan plan(graph->store().options(), memory());
    for (NodeId node = 0; node < kBefore; ++node) link_node(graph->store(), node, plan);
    move_root(graph->store(), memory());
    DyingStore store(graph->store());
    std::mt19937 random(41);
    for (NodeId node = 0; node < kBefore; ++node)
        if (random() % 2 == 0) store.kill(node);
    store.set_interrupt_check([](void*) { std::this_thread::yield(); }, nullptr);
    move_entry_point(store);

    std::atomic<NodeId> next{kBefore};
    std::atomic<bool> taken{false};
    run_in_threads(4, [&] {
        if (!taken.exchange(true)) {
            RepairScratch scratch(store.options(), memory());
            anchor(store);
            for (NodeId node = 0; node < kBefore; ++node)
                if (!store.is_dead(node)) repair_node(store, node, scratch);
            return;
        }
        LinkPlan own_plan(store.options(), memory());
        for (NodeId node; (node = next.fetch_add(1)) < kAll;) link_node(store, node, own_plan);
    });
    move_root(store, memory());
    expect_repaired(store);
    EXPECT_GE(
        recall(store, live_nodes(store), gaussian_mixture(kAll + 100, 16, 20, 40).slice(kAll, kAll + 100), 10, 40),
        0.98);
}

}  // namespace
}  // namespace vectorx
