// Inserting a node: finding its neighbours, and linking them back. Algorithm 1 of arXiv 1603.09320.
#pragma once

#include <algorithm>
#include <memory_resource>
#include <vector>

#include "core/graph/search.h"
#include "core/graph/select.h"
#include "vectorx/graph.h"

namespace vectorx {

// The neighbours that a new node is to have, and the working memory for finding them; kept from one node to the next.
class LinkPlan {
 public:
    LinkPlan(const GraphOptions& options, std::pmr::memory_resource* memory)
        : scratch(options, options.ef_construction, memory),
          selection(memory),
          entries(memory),
          nearest(memory),
          neighbours_(memory) {}

    // Lists for levels 0 … `level`, all empty.
    void reset(int level) {
        if (static_cast<int>(neighbours_.size()) <= level) neighbours_.resize(static_cast<std::size_t>(level) + 1);
        for (LinkList& list : neighbours_) list.count = list.strict = 0;
        nearest.clear();
    }
    LinkList& neighbours(int level) { return neighbours_[static_cast<std::size_t>(level)]; }

    SearchScratch scratch;
    NeighbourSelection selection;
    std::pmr::vector<Candidate> entries;
    std::pmr::vector<Candidate> nearest;  // the candidates of level 0, nearest first: among them are equal vectors

 private:
    std::pmr::vector<LinkList> neighbours_;
};

// Plans the neighbours of a node with this payload on levels 0 … `level`. On levels above the entry point's there is
// nothing to link to and the lists stay empty. `self` is left out of the lists: a node already in the graph that is to
// be linked anew, or kNoNode.
template <GraphStore Store>
void plan_links(Store& store, const std::byte* payload, int level, NodeId self, LinkPlan& plan) {
    const GraphOptions& options = store.options();
    plan.reset(level);
    EntryPoint entry = store.entry_point();
    if (entry.node == kNoNode) return;

    bool live = false;
    const std::byte* query = store.query(payload, plan.scratch.query);
    Candidate start = descend(store, query, entry, level, &live);
    plan.entries.assign(1, start);
    auto& results = plan.scratch.results;
    std::pmr::vector<Candidate>& entries = plan.entries;
    bool entries_live[kMaxEfConstruction];
    entries_live[0] = live;
    auto ef = static_cast<std::size_t>(options.ef_construction);
    for (int l = std::min(level, entry.level); l >= 0; --l) {
        search_level(store, query, entries.data(), entries_live, entries.size(), l, ef, plan.scratch);
        if (self != kNoNode) {
            results.erase(
                std::remove_if(results.begin(), results.end(), [self](const Candidate& c) { return c.node == self; }),
                results.end());
        }
        plan.selection.select(store, results.data(), results.size(), options.links_at(l), Fill::kStaged,
                              &plan.neighbours(l));
        if (l == 0) {
            plan.nearest = results;
        } else if (!results.empty()) {
            entries = results;
            std::fill_n(entries_live, entries.size(), true);
        }
    }
}

// Moves the last of `links` that may be dropped behind the others, shortens them by it, and returns it.
template <typename MayDrop>
Candidate* last_droppable(Candidate* links, int* count, MayDrop may_drop) {
    for (int i = *count - 1; i >= 0; --i) {
        if (!may_drop(links[i].node)) continue;
        std::rotate(links + i, links + i + 1, links + *count);
        return &links[--*count];
    }
    return nullptr;
}

// Puts `node`, whose distance to strict link i of the list is between(i), into the list of its neighbour. A full list
// gives up one that may_drop(NodeId) allows: the farthest of the links that fill it, or of the strict ones if it finds
// none there. That can be `node` itself. Returns whether the list now holds it. Most nodes are pruned by one of the
// first links, so few distances are asked for, in order and each once.
template <typename Between, typename MayDrop>
bool enter(LinkList* list, int capacity, const Candidate& node, Between between, MayDrop may_drop) {
    LinkList& l = *list;
    Candidate fallen[kMaxLinks + 1];  // now among those that fill the list
    int fallen_count = 0;
    int strict = 0;
    Candidate kept[kMaxLinks + 1];
    bool pruned = false;
    for (int i = 0; i < l.strict && l.links[i] < node && !pruned; ++i) pruned = between(i) < node.distance;
    bool placed = pruned;
    if (pruned) fallen[fallen_count++] = node;
    for (int i = 0; i < l.strict; ++i) {
        if (!placed && node < l.links[i]) kept[strict++] = node, placed = true;
        // A link farther than the node is pruned when the node is nearer to it than the owner is.
        if (!pruned && node < l.links[i] && between(i) < l.links[i].distance)
            fallen[fallen_count++] = l.links[i];
        else
            kept[strict++] = l.links[i];
    }
    if (!placed) kept[strict++] = node;
    Candidate fill[kMaxLinks + 1];
    std::merge(fallen, fallen + fallen_count, l.links + l.strict, l.links + l.count, fill);
    int fill_count = fallen_count + l.count - l.strict;
    if (strict + fill_count > capacity) {
        Candidate* dropped = last_droppable(fill, &fill_count, may_drop);
        if (dropped == nullptr) dropped = last_droppable(kept, &strict, may_drop);
        if (dropped == nullptr || dropped->node == node.node) return false;
    }
    std::copy(kept, kept + strict, l.links);
    std::copy(fill, fill + fill_count, l.links + strict);
    l.strict = strict;
    l.count = strict + fill_count;
    return true;
}

// The list of `owner` with `node` in it, as enter() does it; false if it does not get in, which `keep` forbids as long
// as the list can give up another. On level 0 no list gives up a child.
template <GraphStore Store>
bool enter_list(Store& store, NodeId owner, int level, const Candidate& node, const std::byte* node_payload, bool keep,
                LinkList* list) {
    auto between = [&](int i) { return store.distance(node_payload, store.payload(list->links[i].node)); };
    auto may_drop = [&](NodeId dropped) {
        if (dropped == node.node) return !keep;
        return level > 0 || store.parent(dropped) != owner;
    };
    return enter(list, store.options().links_at(level), node, between, may_drop);
}

inline bool holds(const LinkList& list, NodeId node) {
    return std::any_of(list.links, list.links + list.count,
                       [node](const Candidate& link) { return link.node == node; });
}

// Adds `node` to the neighbours of `owner` on `level`, if it is near enough. Returns whether the list now holds it.
template <GraphStore Store>
bool add_link(Store& store, NodeId owner, int level, const Candidate& node, const std::byte* node_payload) {
    const std::byte* payload = store.payload(owner);
    LinkList expected;
    // Another inserter may change the list between reading and replacing it; each time, one of the two gets on.
    for (;;) {
        store.read_links(owner, payload, level, &expected);
        if (holds(expected, node.node)) return true;
        LinkList desired = expected;
        if (!enter_list(store, owner, level, node, node_payload, false, &desired)) return false;
        LinkUpdate update = store.replace_links(owner, level, expected, desired);
        if (update != LinkUpdate::kChanged) return update == LinkUpdate::kDone;
        store.check_for_interrupts();
    }
}

// Makes `owner` the parent of `node`, unless it has `most` children already. Returns whether it is.
template <GraphStore Store>
bool adopt(Store& store, NodeId owner, const Candidate& node, const std::byte* node_payload, int most) {
    const std::byte* payload = store.payload(owner);
    LinkList expected;
    for (;;) {
        store.read_links(owner, payload, 0, &expected);
        int children = 0;
        for (int i = 0; i < expected.count && expected.count >= most; ++i)
            children += store.parent(expected.links[i].node) == owner;
        if (children >= most) return false;
        LinkList desired = expected;
        if (!holds(expected, node.node) && !enter_list(store, owner, 0, node, node_payload, true, &desired))
            return false;
        LinkUpdate update = store.adopt(owner, node.node, expected, desired);
        if (update != LinkUpdate::kChanged) return update == LinkUpdate::kDone;
        store.check_for_interrupts();
    }
}

// Finds a parent for a new node: the nearest of the candidates with less than a quarter of its links taken by children
// (or a half, or any left), so that lists stay free to follow what is near. Nobody knows the node before, so it has no
// children and there is no circle. Returns false if no node that the candidates lead to has a place, which takes a
// graph of dying nodes.
template <GraphStore Store>
bool link_to_parent(Store& store, NodeId node, const std::byte* payload, LinkPlan& plan) {
    int capacity = store.options().links_at(0);
    for (int most : {capacity / 4, capacity / 2, capacity}) {
        for (const Candidate& candidate : plan.nearest) {
            if (adopt(store, candidate.node, {candidate.distance, node}, payload, most)) return true;
            store.release_payloads();
        }
    }
    const std::byte* query = store.query(payload, plan.scratch.query);
    VisitedSet& visited = plan.scratch.visited;
    visited.clear();
    visited.insert(node);
    std::pmr::vector<Candidate>& queue = plan.entries;
    queue = plan.nearest;
    for (const Candidate& candidate : queue) visited.insert(candidate.node);
    for (std::size_t next = 0; next < queue.size(); ++next) {
        NodeId neighbours[kMaxLinks];
        Candidate found[kMaxLinks];
        bool live[kMaxLinks];
        int count = visited.insert_new(neighbours, store.links(queue[next].node, 0, neighbours));
        store.evaluate(query, neighbours, count, found, live);
        for (int i = 0; i < count; ++i) {
            queue.push_back(found[i]);
            if (live[i] && adopt(store, found[i].node, {found[i].distance, node}, payload, capacity)) return true;
        }
        store.release_payloads();
        store.check_for_interrupts();
    }
    return false;
}

// Makes the neighbours in `plan` link back to `node`, level 0 first: whoever reaches the node on an upper level must be
// able to go on from it below.
template <GraphStore Store>
void link_back(Store& store, NodeId node, const std::byte* payload, int level, LinkPlan& plan) {
    for (int l = 0; l <= level; ++l) {
        const LinkList& list = plan.neighbours(l);
        for (int i = 0; i < list.count; ++i) {
            add_link(store, list.links[i].node, l, {list.links[i].distance, node}, payload);
            store.release_payloads();
        }
    }
}

}  // namespace vectorx
