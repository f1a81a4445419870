// Choosing neighbours and entering a node into a full list, against plain re-implementations of the rules.
#include "core/graph/select.h"

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

std::vector<NodeId> nodes_of(const LinkList& list) {
    std::vector<NodeId> nodes;
    for (int i = 0; i < list.count; ++i) nodes.push_back(list.links[i].node);
    return nodes;
}

PointStore random_points(std::size_t count, bool ratios, std::mt19937& random) {
    // Few distinct coordinates, so that distances tie.
    std::uniform_int_distribution<int> coordinate(-8, 8);
    PointStore store(16, ratios);
    for (std::size_t i = 0; i < count; ++i)
        store.add({static_cast<float>(coordinate(random)), static_cast<float>(coordinate(random))});
    return store;
}

// All nodes but `owner`, nearest first.
std::vector<Candidate> candidates_for(const PointStore& store, NodeId owner) {
    std::vector<Candidate> candidates;
    for (NodeId node = 0; node < store.points.size(); ++node)
        if (node != owner) candidates.push_back(store.candidate(owner, node));
    std::sort(candidates.begin(), candidates.end());
    return candidates;
}

float between(const PointStore& store, NodeId a, NodeId b) {
    return store.distance(store.payload(a), store.payload(b));
}

// The rule of select.h, by the letter: O(n²) distances, no memory of those already known.
LinkList naive_selection(const PointStore& store, const std::vector<Candidate>& candidates, int capacity, Fill fill) {
    LinkList list;
    auto chosen = [&](const Candidate& c) {
        return std::any_of(list.links, list.links + list.count, [&](const Candidate& l) { return l.node == c.node; });
    };
    std::vector<float> alphas{1.0F};
    if (fill == Fill::kStaged && store.has_ratios()) alphas.insert(alphas.end(), {1.1F, 1.2F, 1.4F});
    for (float alpha : alphas) {
        for (const Candidate& c : candidates) {
            if (list.count == capacity || chosen(c)) continue;
            bool pruned = std::any_of(list.links, list.links + list.count, [&](const Candidate& l) {
                return alpha * between(store, c.node, l.node) < c.distance;
            });
            if (!pruned) list.links[list.count++] = c;
        }
        if (alpha == 1.0F) list.strict = list.count;
    }
    for (const Candidate& c : candidates)
        if (list.count < capacity && !chosen(c)) list.links[list.count++] = c;
    std::sort(list.links + list.strict, list.links + list.count);
    return list;
}

LinkList selection(PointStore& store, const std::vector<Candidate>& candidates, int capacity, Fill fill) {
    NeighbourSelection selection(std::pmr::new_delete_resource());
    LinkList list;
    selection.select(store, candidates.data(), candidates.size(), capacity, fill, &list);
    return list;
}

TEST(NeighbourSelection, PrunesWhatIsNearerToOneThatIsChosen) {
    PointStore store(16);
    NodeId owner = store.add({0, 0});
    NodeId near = store.add({1, 0});
    NodeId behind = store.add({2, 0});     // nearer to `near` than to the owner
    NodeId opposite = store.add({-3, 0});  // not so
    LinkList list = selection(store, candidates_for(store, owner), 16, Fill::kNearest);
    EXPECT_EQ(nodes_of(list), (std::vector<NodeId>{near, opposite, behind}));
    EXPECT_EQ(list.strict, 2);
    for (int i = 0; i < list.count; ++i) EXPECT_EQ(list.links[i].distance, between(store, owner, list.links[i].node));
}

TEST(NeighbourSelection, KeepsACandidateAsFarFromTheOwnerAsFromOneThatIsChosen) {
    PointStore store(16);
    NodeId owner = store.add({0, 0});
    NodeId near = store.add({2, 0});
    NodeId middle = store.add({1, 3});  // 10 from both
    LinkList list = selection(store, candidates_for(store, owner), 16, Fill::kNearest);
    EXPECT_EQ(nodes_of(list), (std::vector<NodeId>{near, middle}));
    EXPECT_EQ(list.strict, 2);
}

TEST(NeighbourSelection, StagesPreferDirectionToNearness) {
    PointStore store(16);
    NodeId owner = store.add({0, 0});
    NodeId near = store.add({2, 0});
    NodeId behind = store.add({2.5F, 0});    // 6.25 from the owner, .25 from `near`
    NodeId aside = store.add({1.2F, 3.0F});  // 10.44 from the owner, 9.64 from `near`: pruned, but not at 1.1
    LinkList nearest = selection(store, candidates_for(store, owner), 2, Fill::kNearest);
    EXPECT_EQ(nodes_of(nearest), (std::vector<NodeId>{near, behind}));
    LinkList staged = selection(store, candidates_for(store, owner), 2, Fill::kStaged);
    EXPECT_EQ(nodes_of(staged), (std::vector<NodeId>{near, aside}));
    EXPECT_EQ(staged.strict, 1);
}

TEST(NeighbourSelection, DoesNotRelaxWithoutRatios) {
    // The same as above with distances that have no ratios: with inner products, a factor would turn signs around.
    std::mt19937 random(3);
    int different = 0;
    for (int trial = 0; trial < 100; ++trial) {
        PointStore store = random_points(40, false, random);
        std::vector<Candidate> candidates = candidates_for(store, 0);
        LinkList staged = selection(store, candidates, 12, Fill::kStaged);
        LinkList nearest = selection(store, candidates, 12, Fill::kNearest);
        EXPECT_EQ(nodes_of(staged), nodes_of(nearest));
        different += nodes_of(nearest) != nodes_of(naive_selection(store, candidates, 12, Fill::kNearest));
    }
    EXPECT_EQ(different, 0);
}

TEST(NeighbourSelection, AgreesWithTheNaiveRule) {
    std::mt19937 random(1);
    int relaxed = 0;
    for (int trial = 0; trial < 400; ++trial) {
        for (bool ratios : {true, false}) {
            PointStore store = random_points(1 + random() % 100, ratios, random);
            std::vector<Candidate> candidates = candidates_for(store, 0);
            int capacity = 1 + static_cast<int>(random() % 40);
            LinkList lists[2];
            for (Fill fill : {Fill::kNearest, Fill::kStaged}) {
                SCOPED_TRACE("trial " + std::to_string(trial) + ", capacity " + std::to_string(capacity));
                LinkList& list = lists[fill == Fill::kStaged];
                list = selection(store, candidates, capacity, fill);
                LinkList expected = naive_selection(store, candidates, capacity, fill);
                ASSERT_EQ(nodes_of(list), nodes_of(expected));
                ASSERT_EQ(list.strict, expected.strict);
                ASSERT_EQ(list.count, std::min<int>(capacity, static_cast<int>(candidates.size())))
                    << "places stay free that candidates could fill";
            }
            relaxed += nodes_of(lists[0]) != nodes_of(lists[1]);
        }
    }
    EXPECT_GT(relaxed, 50) << "the trials do not tell staged filling from filling with the nearest";
}

TEST(NeighbourSelection, KeepsNothingFromOneCallToTheNext) {
    std::mt19937 random(2);
    PointStore store = random_points(60, true, random);
    NeighbourSelection reused(std::pmr::new_delete_resource());
    for (NodeId owner = 0; owner < 60; ++owner) {
        std::vector<Candidate> candidates = candidates_for(store, owner);
        LinkList list;
        reused.select(store, candidates.data(), candidates.size(), 8, Fill::kStaged, &list);
        EXPECT_EQ(nodes_of(list), nodes_of(selection(store, candidates, 8, Fill::kStaged)));
    }
    LinkList list;
    list.count = list.strict = 5;
    reused.select(store, nullptr, 0, 8, Fill::kStaged, &list);
    EXPECT_EQ(list.count, 0);
    EXPECT_EQ(list.strict, 0);
}

// -- enter()

// The rule of enter(), by the letter.
bool naive_enter(const PointStore& store, LinkList* list, int capacity, const Candidate& node) {
    std::vector<Candidate> strict;
    std::vector<Candidate> fill(list->links + list->strict, list->links + list->count);
    bool pruned = false;
    for (int i = 0; i < list->strict; ++i) {
        const Candidate& link = list->links[i];
        if (link < node && between(store, link.node, node.node) < node.distance) pruned = true;
    }
    for (int i = 0; i < list->strict; ++i) {
        const Candidate& link = list->links[i];
        bool falls = !pruned && node < link && between(store, link.node, node.node) < link.distance;
        (falls ? fill : strict).push_back(link);
    }
    (pruned ? fill : strict).push_back(node);
    std::sort(strict.begin(), strict.end());
    std::sort(fill.begin(), fill.end());
    if (static_cast<int>(strict.size() + fill.size()) > capacity) {
        std::vector<Candidate>& part = fill.empty() ? strict : fill;
        if (part.back().node == node.node) return false;
        part.pop_back();
    }
    list->strict = static_cast<int>(strict.size());
    list->count = static_cast<int>(strict.size() + fill.size());
    std::copy(strict.begin(), strict.end(), list->links);
    std::copy(fill.begin(), fill.end(), list->links + list->strict);
    return true;
}

bool enter_node(const PointStore& store, NodeId owner, LinkList* list, int capacity, NodeId node) {
    int next = 0;
    auto distance = [&](int i) {
        EXPECT_GE(i, next) << "asked for twice";
        next = i + 1;
        return between(store, node, list->links[i].node);
    };
    return enter(list, capacity, store.candidate(owner, node), distance, [](NodeId) { return true; });
}

TEST(Enter, AgreesWithTheNaiveRule) {
    std::mt19937 random(4);
    int rejected = 0;
    int entered = 0;
    for (int trial = 0; trial < 400; ++trial) {
        for (bool ratios : {true, false}) {
            PointStore store = random_points(80, ratios, random);
            int capacity = 1 + static_cast<int>(random() % 24);
            LinkList list;
            LinkList expected;
            for (NodeId node = 1; node < 80; ++node) {
                SCOPED_TRACE("trial " + std::to_string(trial) + ", capacity " + std::to_string(capacity) + ", node " +
                             std::to_string(node));
                bool held = enter_node(store, 0, &list, capacity, node);
                ASSERT_EQ(held, naive_enter(store, &expected, capacity, store.candidate(0, node)));
                ASSERT_EQ(nodes_of(list), nodes_of(expected));
                ASSERT_EQ(list.strict, expected.strict);
                std::vector<NodeId> nodes = nodes_of(list);
                ASSERT_EQ(std::count(nodes.begin(), nodes.end(), node), held ? 1 : 0);
                ASSERT_LE(list.count, capacity);
                ASSERT_TRUE(std::is_sorted(list.links, list.links + list.strict));
                ASSERT_TRUE(std::is_sorted(list.links + list.strict, list.links + list.count));
                for (int i = 0; i < list.strict; ++i) {
                    for (int j = 0; j < i; ++j)
                        ASSERT_GE(between(store, list.links[i].node, list.links[j].node), list.links[i].distance)
                            << "the strict part is not strict";
                }
                ++(held ? entered : rejected);
            }
        }
    }
    EXPECT_GT(entered, 1000);
    EXPECT_GT(rejected, 1000);
}

TEST(Enter, GivesUpTheFarthestFiller) {
    PointStore store(2);
    NodeId owner = store.add({0, 0});
    NodeId left = store.add({-5, 0});
    NodeId near = store.add({1, 0});
    NodeId filler = store.add({2, 0});
    NodeId far_filler = store.add({3, 0});
    NodeId node = store.add({0, 6});
    store.set_links(owner, 0, {near, left, filler, far_filler}, 2);
    LinkList list = store.lists[{owner, 0}];
    // Farther than everything in the list, but in a direction of its own.
    EXPECT_TRUE(enter_node(store, owner, &list, 4, node));
    EXPECT_EQ(nodes_of(list), (std::vector<NodeId>{near, left, node, filler}));
    EXPECT_EQ(list.strict, 3);
}

TEST(Enter, GivesUpTheFarthestStrictLinkWithoutFillers) {
    PointStore store(2);
    NodeId owner = store.add({0, 0});
    NodeId right = store.add({4, 0});
    NodeId left = store.add({-5, 0});
    NodeId node = store.add({0, 3});
    NodeId far = store.add({0, -6});
    store.set_links(owner, 0, {right, left}, 2);
    LinkList list = store.lists[{owner, 0}];
    EXPECT_TRUE(enter_node(store, owner, &list, 2, node));
    EXPECT_EQ(nodes_of(list), (std::vector<NodeId>{node, right}));
    EXPECT_EQ(list.strict, 2);
    EXPECT_FALSE(enter_node(store, owner, &list, 2, far));
    EXPECT_EQ(nodes_of(list), (std::vector<NodeId>{node, right})) << "a rejected node changed the list";
}

TEST(Enter, TurnsWhatItPrunesIntoAFiller) {
    PointStore store(2);
    NodeId owner = store.add({0, 0});
    NodeId left = store.add({-1, 0});
    NodeId right = store.add({4, 0});
    NodeId node = store.add({3, 0});
    store.set_links(owner, 0, {left, right}, 2);
    LinkList list = store.lists[{owner, 0}];
    EXPECT_TRUE(enter_node(store, owner, &list, 3, node));
    EXPECT_EQ(nodes_of(list), (std::vector<NodeId>{left, node, right}));
    EXPECT_EQ(list.strict, 2);
}

TEST(Enter, GivesUpOnlyWhatMayBeDropped) {
    PointStore store(2);
    NodeId owner = store.add({0, 0});
    NodeId near = store.add({1, 0});
    NodeId left = store.add({-5, 0});
    NodeId filler = store.add({2, 0});
    NodeId far_filler = store.add({3, 0});
    NodeId node = store.add({0, 6});
    store.set_links(owner, 0, {near, left, filler, far_filler}, 2);
    const LinkList full = store.lists[{owner, 0}];
    auto distance = [&](int i) { return between(store, node, full.links[i].node); };
    auto entered = [&](std::vector<NodeId> kept) {
        LinkList list = full;
        bool held = enter(&list, 4, store.candidate(owner, node), distance,
                          [&](NodeId dropped) { return std::find(kept.begin(), kept.end(), dropped) == kept.end(); });
        EXPECT_EQ(list.count, 4);
        std::vector<NodeId> nodes = nodes_of(list);
        EXPECT_EQ(std::count(nodes.begin(), nodes.end(), node), held ? 1 : 0);
        EXPECT_TRUE(std::is_sorted(list.links, list.links + list.strict));
        EXPECT_TRUE(std::is_sorted(list.links + list.strict, list.links + list.count));
        return nodes;
    };
    EXPECT_EQ(entered({}), (std::vector<NodeId>{near, left, node, filler}));
    EXPECT_EQ(entered({far_filler}), (std::vector<NodeId>{near, left, node, far_filler}));
    EXPECT_EQ(entered({filler, far_filler}), nodes_of(full)) << "the farthest strict link is the node itself";
    EXPECT_EQ(entered({filler, far_filler, node}), (std::vector<NodeId>{near, node, filler, far_filler}));
    EXPECT_EQ(entered({filler, far_filler, node, near, left}), nodes_of(full));
}

// -- add_link()

class AddLink : public testing::Test {
 protected:
    AddLink() : store(4) {
        owner = store.add({0, 0});
        for (int i = 1; i <= 3; ++i) others.push_back(store.add({static_cast<float>(-i * i), static_cast<float>(i)}));
        node = store.add({1, 0});
        store.set_links(owner, 0, {others[0]}, 1);
    }
    bool add() { return add_link(store, owner, 0, store.candidate(owner, node), store.payload(node)); }
    bool holds(NodeId wanted) {
        std::vector<NodeId> nodes = store.linked(owner, 0);
        return std::count(nodes.begin(), nodes.end(), wanted) == 1;
    }

    PointStore store;
    NodeId owner;
    NodeId node;
    std::vector<NodeId> others;
};

TEST_F(AddLink, StartsAgainWhenTheListHasChanged) {
    // Another inserter gets in before it twice.
    store.before_replace = [this](NodeId, int) {
        if (store.replacements == 1) store.set_links(owner, 0, {others[0], others[1]}, 1);
        if (store.replacements == 2) store.set_links(owner, 0, {others[0], others[1], others[2]}, 1);
    };
    EXPECT_TRUE(add());
    EXPECT_EQ(store.replacements, 3);
    EXPECT_GE(store.interrupt_checks, 2) << "a loop that cannot be cancelled";
    EXPECT_TRUE(holds(node));
    for (NodeId other : others) EXPECT_TRUE(holds(other)) << "the other inserter's link was lost";
}

TEST_F(AddLink, IsContentWithAnotherThatAddedTheSame) {
    store.before_replace = [this](NodeId, int) { store.set_links(owner, 0, {node, others[0]}, 2); };
    EXPECT_TRUE(add());
    EXPECT_EQ(store.replacements, 1);
    EXPECT_EQ(store.linked(owner, 0), (std::vector<NodeId>{node, others[0]}));
}

TEST_F(AddLink, LeavesANodeAloneThatIsGone) {
    store.before_replace = [this](NodeId, int) { store.live[owner] = false; };
    EXPECT_FALSE(add());
    EXPECT_EQ(store.replacements, 1);
    EXPECT_EQ(store.linked(owner, 0), (std::vector<NodeId>{others[0]}));
}

TEST_F(AddLink, AddsNothingTwice) {
    EXPECT_TRUE(add());
    std::vector<NodeId> once = store.linked(owner, 0);
    EXPECT_TRUE(add());
    EXPECT_EQ(store.linked(owner, 0), once);
    EXPECT_EQ(store.replacements, 1);
}

TEST_F(AddLink, DoesNotWriteWhenTheNodeDoesNotEnter) {
    // Eight places, all taken by strict links nearer than the node.
    for (int i = 0; i < 8; ++i) {
        constexpr Point kAround[] = {{.5F, 0},  {.4F, .4F},   {0, .5F},  {-.4F, .4F},
                                     {-.5F, 0}, {-.4F, -.4F}, {0, -.5F}, {.4F, -.4F}};
        others.push_back(store.add(kAround[i]));
    }
    store.set_links(owner, 0, {others.begin() + 3, others.end()}, 8);
    EXPECT_FALSE(add());
    EXPECT_EQ(store.replacements, 0);
}

// An owner with a full list of four, and a node that is to enter it.
struct FullList {
    FullList() : store(2) {
        owner = store.add({0, 0});
        for (int i = 1; i <= 4; ++i) links.push_back(store.add({static_cast<float>(i), 0}));
        node = store.add({-.5F, 0});
        for (int level : {0, 1}) store.set_links(owner, level, links, 1);
    }
    Candidate candidate() const { return store.candidate(owner, node); }
    bool add(int level = 0) { return add_link(store, owner, level, candidate(), store.payload(node)); }
    bool adopted(int most) { return adopt(store, owner, candidate(), store.payload(node), most); }
    bool holds(NodeId wanted, int level = 0) {
        std::vector<NodeId> nodes = store.linked(owner, level);
        return std::count(nodes.begin(), nodes.end(), wanted) == 1;
    }

    PointStore store;
    NodeId owner;
    NodeId node;
    std::vector<NodeId> links;
};

TEST(AddLinkToFullList, GivesUpNoChild) {
    FullList full;
    full.store.parents[full.links[3]] = full.owner;
    EXPECT_TRUE(full.add());
    EXPECT_TRUE(full.holds(full.node));
    EXPECT_TRUE(full.holds(full.links[3]));
    EXPECT_FALSE(full.holds(full.links[2]));
}

TEST(AddLinkToFullList, LeavesAListOfChildrenAlone) {
    FullList full;
    for (NodeId link : full.links) full.store.parents[link] = full.owner;
    EXPECT_FALSE(full.add());
    EXPECT_EQ(full.store.linked(full.owner, 0), full.links);
}

TEST(AddLinkToFullList, GivesUpAnyLinkOnUpperLevels) {
    FullList full;
    for (NodeId link : full.links) full.store.parents[link] = full.owner;
    EXPECT_TRUE(full.add(1));
    EXPECT_FALSE(full.holds(full.links[3], 1));
}

TEST(Adopt, KeepsANodeThatIsFarther) {
    FullList full;
    full.store.points[full.node] = {9, 0};
    EXPECT_FALSE(full.add());
    EXPECT_TRUE(full.adopted(2));
    EXPECT_TRUE(full.holds(full.node));
    EXPECT_FALSE(full.holds(full.links[3]));
    EXPECT_EQ(full.store.parent(full.node), full.owner);
}

TEST(Adopt, TakesNoMoreChildrenThanAllowed) {
    FullList full;
    for (int i : {1, 3}) full.store.parents[full.links[static_cast<std::size_t>(i)]] = full.owner;
    EXPECT_FALSE(full.adopted(2));
    EXPECT_EQ(full.store.parent(full.node), kNoNode);
    EXPECT_EQ(full.store.replacements, 0);
    EXPECT_TRUE(full.adopted(4));
    EXPECT_EQ(full.store.linked(full.owner, 0),
              (std::vector<NodeId>{full.node, full.links[0], full.links[1], full.links[3]}));
}

TEST(Adopt, TakesANodeThatIsLinkedAlready) {
    FullList full;
    full.store.set_links(full.owner, 0, {full.node, full.links[0]}, 2);
    EXPECT_TRUE(full.adopted(2));
    EXPECT_EQ(full.store.linked(full.owner, 0), (std::vector<NodeId>{full.node, full.links[0]}));
    EXPECT_EQ(full.store.parent(full.node), full.owner);
}

TEST(Adopt, StartsAgainWhenTheListHasChanged) {
    // The places are taken by children meanwhile.
    FullList full;
    full.store.before_replace = [&](NodeId, int) {
        for (NodeId link : full.links) full.store.parents[link] = full.owner;
        full.store.set_links(full.owner, 0, {full.links[3], full.links[2], full.links[1], full.links[0]}, 0);
    };
    EXPECT_FALSE(full.adopted(4));
    EXPECT_FALSE(full.holds(full.node));
    EXPECT_EQ(full.store.parent(full.node), kNoNode);
}

TEST(Adopt, TakesThePlaceThatIsLeftWhenTheListHasChanged) {
    FullList full;
    full.store.before_replace = [&](NodeId, int) {
        if (full.store.replacements == 1) full.store.set_links(full.owner, 0, {full.links[0], full.links[1]}, 0);
    };
    EXPECT_TRUE(full.adopted(2));
    EXPECT_EQ(full.store.replacements, 2);
    EXPECT_TRUE(full.holds(full.node));
    EXPECT_TRUE(full.holds(full.links[1]));
    EXPECT_EQ(full.store.parent(full.node), full.owner);
}

// Vacuum makes children of all links just after they have been counted.
class OvertakenStore : public PointStore {
 public:
    using PointStore::PointStore;
    NodeId parent(NodeId) const { return ++asked <= 2 ? kNoNode : 0; }
    mutable int asked = 0;
};

TEST(Adopt, TakesNobodyIntoAListThatChildrenHaveFilledMeanwhile) {
    OvertakenStore store(1);
    for (int i = 0; i <= 3; ++i) store.add({static_cast<float>(i), 0});
    store.set_links(0, 0, {1, 2});
    EXPECT_FALSE(adopt(store, 0, store.candidate(0, 3), store.payload(3), 2));
    EXPECT_EQ(store.asked, 4);
    EXPECT_EQ(store.replacements, 0);
    EXPECT_EQ(store.parents[3], kNoNode);
}

// A chain of nodes with two links each, as long as it takes to find one with a place.
TEST(LinkToParent, GoesOnUntilThereIsAPlace) {
    PointStore store(1);
    for (int i = 0; i < 9; ++i) store.add({static_cast<float>(i), 0});
    for (NodeId node = 0; node < 4; ++node) {
        store.set_links(node, 0, {2 * node + 1, 2 * node + 2}, 0);
        store.parents[2 * node + 1] = store.parents[2 * node + 2] = node;
    }
    for (NodeId node = 4; node < 7; ++node) store.live[node] = false;
    NodeId node = store.add({-1, 0});
    LinkPlan plan(store.options(), std::pmr::new_delete_resource());
    plan.reset(0);
    plan.nearest.assign(1, store.candidate(node, 0));
    EXPECT_TRUE(link_to_parent(store, node, store.payload(node), plan));
    EXPECT_EQ(store.parent(node), 7U);
    EXPECT_EQ(store.linked(7, 0), (std::vector<NodeId>{node}));
    for (NodeId dead = 7; dead < 9; ++dead) store.live[dead] = false;
    NodeId last = store.add({-2, 0});
    store.live[node] = false;
    plan.nearest.assign(1, store.candidate(last, 0));
    EXPECT_FALSE(link_to_parent(store, last, store.payload(last), plan));
}

TEST(LinkBack, LinksTheLowestLevelFirst) {
    PointStore store(4);
    GraphOptions options = store.options();
    NodeId node = store.add({0, 0}, 2);
    NodeId low = store.add({1, 0}, 0);
    NodeId high = store.add({2, 0}, 2);
    LinkPlan plan(options, std::pmr::new_delete_resource());
    plan.reset(2);
    auto plan_link = [&](int level, NodeId other) {
        LinkList& list = plan.neighbours(level);
        list.links[list.count++] = store.candidate(node, other);
    };
    plan_link(0, low);
    for (int level : {0, 1, 2}) plan_link(level, high);
    link_back(store, node, store.payload(node), 2, plan);
    EXPECT_EQ(store.replaced, (std::vector<std::pair<NodeId, int>>{{low, 0}, {high, 0}, {high, 1}, {high, 2}}));
    EXPECT_EQ(store.linked(low, 0), (std::vector<NodeId>{node}));
    for (int level : {0, 1, 2}) EXPECT_EQ(store.linked(high, level), (std::vector<NodeId>{node}));
    EXPECT_EQ((store.lists[{high, 0}].links[0].distance), 4);
}

}  // namespace
}  // namespace vectorx
