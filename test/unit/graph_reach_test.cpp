// The tree of parents when parts of it are cut off.
#include "core/graph/reach.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <vector>

#include "point_store.h"

namespace vectorx {
namespace {

using test::PointStore;

std::pmr::memory_resource* memory() { return std::pmr::new_delete_resource(); }

// A root with a chain below it: 0, 1, 2 …
PointStore chain(NodeId count, int m) {
    PointStore store(m);
    for (NodeId node = 0; node < count; ++node) {
        store.add({static_cast<float>(node), 0});
        store.parents[node] = node == 0 ? 0 : node - 1;
        if (node > 0) store.set_links(node - 1, 0, {node});
    }
    store.entry = {0, 0};
    return store;
}

TEST(ParentTree, FollowsLiveParentsToTheRoot) {
    PointStore store = chain(6, 2);
    {
        ParentTree tree(store, memory());
        for (NodeId node : {3, 5, 0}) EXPECT_TRUE(tree.anchored(node));
    }
    store.live[3] = false;
    ParentTree tree(store, memory());
    for (NodeId node : {0, 1, 2}) EXPECT_TRUE(tree.anchored(node));
    for (NodeId node : {3, 4, 5}) EXPECT_FALSE(tree.anchored(node));
    store.parents[4] = kNoNode;
    EXPECT_FALSE(tree.anchored(5));
}

TEST(ParentTree, AttachesToTheNearestThatIsNotBelow) {
    PointStore store = chain(6, 2);
    // The nearest to 3 is below it, and one that is not live is nearer than the one after.
    store.set_links(3, 0, {4, 2, 1});
    store.live[2] = false;
    ParentTree tree(store, memory());
    EXPECT_TRUE(tree.attach(3));
    EXPECT_EQ(store.parent(3), 1U);
    EXPECT_EQ(store.linked(1, 0), (std::vector<NodeId>{3, 2})) << "which are sorted by kind";
    EXPECT_TRUE(tree.anchored(5));
    EXPECT_EQ(store.parent(4), 3U);
}

TEST(ParentTree, SearchesWhereNeighboursHaveNoPlace) {
    PointStore store = chain(6, 1);
    store.live[4] = false;
    store.set_links(5, 0, {4});
    ParentTree tree(store, memory());
    EXPECT_TRUE(tree.attach(5));
    EXPECT_EQ(store.parent(5), 3U);
}

TEST(ParentTree, FindsAPlaceFarFromTheNode) {
    // The search ends at once, where all have children enough.
    PointStore store(1);
    for (int i = 0; i < 7; ++i) store.add({static_cast<float>(i), 0});
    for (NodeId node = 0; node < 3; ++node) {
        store.set_links(node, 0, {2 * node + 1, 2 * node + 2});
        store.parents[2 * node + 1] = store.parents[2 * node + 2] = node;
    }
    store.parents[0] = 0;
    store.entry = {0, 0};
    NodeId lost = store.add({-1, 0});
    store.set_links(lost, 0, {0, 1});
    ParentTree tree(store, memory());
    EXPECT_TRUE(tree.attach(lost));
    EXPECT_GE(store.parent(lost), 3U);
    EXPECT_TRUE(tree.anchored(lost));
    EXPECT_EQ(store.linked(0, 0), (std::vector<NodeId>{1, 2}));
}

TEST(ParentTree, SaysWhenNobodyHasAPlace) {
    PointStore store(1);
    for (int i = 0; i < 4; ++i) store.add({static_cast<float>(i), 0});
    store.set_links(0, 0, {1, 2});
    for (NodeId node : {0, 1, 2}) store.parents[node] = 0;
    for (NodeId node : {1, 2}) store.live[node] = false;
    store.entry = {0, 0};
    store.set_links(3, 0, {0});
    ParentTree tree(store, memory());
    EXPECT_FALSE(tree.attach(3));
    EXPECT_EQ(store.parent(3), kNoNode);
}

TEST(ParentTree, MendsRandomTrees) {
    std::mt19937 random(7);
    int attached = 0;
    for (int trial = 0; trial < 300; ++trial) {
        PointStore store(2);
        auto count = static_cast<NodeId>(2 + random() % 120);
        std::vector<int> children(count, 0);
        for (NodeId node = 0; node < count; ++node) {
            store.add({static_cast<float>(random() % 50), static_cast<float>(random() % 50)});
            NodeId parent = 0;
            do parent = node == 0 ? 0 : static_cast<NodeId>(random() % node);
            while (children[parent] == 4);
            store.parents[node] = parent;
            if (node == 0) continue;
            ++children[parent];
            std::vector<NodeId> links = store.linked(parent, 0);
            links.push_back(node);
            store.set_links(parent, 0, links);
        }
        store.entry = {0, 0};
        for (NodeId node = 1; node < count; ++node) store.live[node] = random() % 3 != 0;
        // As vacuum goes about it: what is dead leaves the lists when everybody has a parent, or to make place.
        for (int pass = 0; pass < 2; ++pass) {
            ParentTree tree(store, memory());
            for (NodeId node = 1; node < count; ++node) {
                if (!store.live[node] || store.live[store.parent(node)]) continue;
                bool done = tree.attach(node);
                ASSERT_TRUE(done || pass == 0);
                attached += done;
            }
            for (NodeId node = 0; node < count; ++node) {
                std::vector<NodeId> links = store.linked(node, 0);
                std::erase_if(links, [&](NodeId link) { return !store.live[link]; });
                store.set_links(node, 0, links);
            }
        }
        std::set<NodeId> reached{0};
        std::vector<NodeId> queue{0};
        while (!queue.empty()) {
            NodeId node = queue.back();
            queue.pop_back();
            for (NodeId link : store.linked(node, 0)) {
                if (store.parent(link) == node && reached.insert(link).second) queue.push_back(link);
            }
        }
        SCOPED_TRACE(trial);
        ASSERT_EQ(static_cast<std::ptrdiff_t>(reached.size()), std::count(store.live.begin(), store.live.end(), true));
    }
    EXPECT_GT(attached, 300);
}

}  // namespace
}  // namespace vectorx
