// Linking nodes that cannot be reached, in graphs that are as unkind as can be.
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

std::set<NodeId> reachable(PointStore& store) {
    std::set<NodeId> reached{store.entry.node};
    std::vector<NodeId> queue{store.entry.node};
    while (!queue.empty()) {
        NodeId node = queue.back();
        queue.pop_back();
        for (NodeId link : store.linked(node, 0))
            if (reached.insert(link).second) queue.push_back(link);
    }
    return reached;
}

std::uint32_t link_all(PointStore& store) {
    auto for_each_node = [&](auto visit) {
        for (NodeId node = 0; node < store.points.size(); ++node) visit(node);
    };
    return link_unreachable(store, store.points.size(), for_each_node, std::pmr::new_delete_resource());
}

void expect_sound(PointStore& store) {
    for (auto& [key, list] : store.lists) {
        ASSERT_LE(list.count, store.options().links_at(0));
        ASSERT_LE(list.strict, list.count);
        ASSERT_TRUE(std::is_sorted(list.links, list.links + list.strict));
        ASSERT_TRUE(std::is_sorted(list.links + list.strict, list.links + list.count));
        std::set<NodeId> distinct{key.first};
        for (int i = 0; i < list.count; ++i) {
            ASSERT_TRUE(distinct.insert(list.links[i].node).second);
            ASSERT_EQ(list.links[i].distance, store.candidate(key.first, list.links[i].node).distance);
        }
    }
}

TEST(LinkUnreachable, KeepsTheOnlyWayToACluster) {
    // The entry's list is full. Many in the far cluster know each other, but one link of the entry leads there.
    PointStore store(2);
    for (int i = 0; i < 5; ++i) store.add({static_cast<float>(i), 0});
    for (int i = 0; i < 5; ++i) store.add({static_cast<float>(100 + i), 0});
    NodeId lost = store.add({2.5F, 1});
    store.entry = {0, 0};
    store.set_links(0, 0, {1, 2, 3, 5}, 1);
    store.set_links(1, 0, {0, 2, 3, 4}, 2);
    for (NodeId node : {2, 3, 4}) store.set_links(node, 0, {0, 1}, 1);
    for (NodeId node = 5; node < 10; ++node) {
        std::vector<NodeId> others;
        for (NodeId other = 5; other < 10; ++other)
            if (other != node) others.push_back(other);
        store.set_links(node, 0, others, 1);
    }
    for (auto& [key, list] : store.lists) {
        std::sort(list.links, list.links + list.strict);
        std::sort(list.links + list.strict, list.links + list.count);
    }
    store.set_links(lost, 0, {0});
    ASSERT_EQ(reachable(store).size(), 10U);
    EXPECT_EQ(link_all(store), 1U);
    EXPECT_EQ(reachable(store).size(), 11U);
    EXPECT_EQ(store.linked(0, 0).size(), 4U);
}

TEST(LinkUnreachable, DropsNoLinkWhereThereIsRoom) {
    PointStore store(2);
    for (int i = 0; i < 4; ++i) store.add({static_cast<float>(i), 0});
    store.entry = {0, 0};
    store.set_links(0, 0, {1, 2}, 1);
    store.set_links(3, 0, {0});
    EXPECT_EQ(link_all(store), 1U);
    EXPECT_EQ(store.linked(0, 0), (std::vector<NodeId>{1, 2, 3}));
    EXPECT_EQ((store.lists[{0, 0}].strict), 1);
    EXPECT_EQ(link_all(store), 0U);
}

TEST(LinkUnreachable, ReachesEverybodyInRandomGraphs) {
    std::mt19937 random(7);
    std::uint32_t found = 0;
    for (int trial = 0; trial < 300; ++trial) {
        PointStore store(2);
        auto count = static_cast<NodeId>(2 + random() % 120);
        for (NodeId node = 0; node < count; ++node)
            store.add({static_cast<float>(random() % 50), static_cast<float>(random() % 50)});
        // From nearly no links at all to full lists.
        auto most = static_cast<std::size_t>(random() % 5);
        for (NodeId node = 0; node < count; ++node) {
            std::set<NodeId> links;
            for (std::size_t i = 0; i < most; ++i) {
                auto other = static_cast<NodeId>(random() % count);
                if (other != node) links.insert(other);
            }
            store.set_links(node, 0, {links.begin(), links.end()}, static_cast<int>(random() % (links.size() + 1)));
            LinkList& list = store.lists[{node, 0}];
            std::sort(list.links, list.links + list.strict);
            std::sort(list.links + list.strict, list.links + list.count);
        }
        store.entry = {static_cast<NodeId>(random() % count), 0};
        std::size_t reached = reachable(store).size();
        std::uint32_t attached = link_all(store);
        SCOPED_TRACE(trial);
        ASSERT_EQ(reachable(store).size(), count);
        ASSERT_EQ(attached == 0, reached == count);
        ASSERT_NO_FATAL_FAILURE(expect_sound(store));
        found += attached;
    }
    EXPECT_GT(found, 300U);
}

TEST(LinkUnreachable, StartsAgainWhenAListHasChanged) {
    PointStore store(2);
    for (int i = 0; i < 4; ++i) store.add({static_cast<float>(i), 0});
    store.entry = {0, 0};
    store.set_links(0, 0, {1});
    store.set_links(3, 0, {0});
    store.before_replace = [&](NodeId, int) {
        if (store.replacements == 1) store.set_links(0, 0, {1, 2});
    };
    link_all(store);
    EXPECT_EQ(reachable(store).size(), 4U);
}

TEST(LinkUnreachable, LeavesAnEmptyGraphAlone) {
    PointStore store(2);
    EXPECT_EQ(link_all(store), 0U);
}

}  // namespace
}  // namespace vectorx
