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
    Candidate start = descend(store, payload, entry, level, &live);
    plan.entries.assign(1, start);
    auto& results = plan.scratch.results;
    std::pmr::vector<Candidate>& entries = plan.entries;
    bool entries_live[kMaxEfConstruction];
    entries_live[0] = live;
    auto ef = static_cast<std::size_t>(options.ef_construction);
    for (int l = std::min(level, entry.level); l >= 0; --l) {
        search_level(store, payload, entries.data(), entries_live, entries.size(), l, ef, plan.scratch);
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

// Puts `node`, whose distance to each of the list's first `strict` links is in `between`, into the list of its
// neighbour. A full list gives up one that may_drop(NodeId) allows: the farthest of the links that fill it, or of the
// strict ones if it finds none there. That can be `node` itself. Returns whether the list now holds it.
template <typename MayDrop>
bool enter(LinkList* list, int capacity, const Candidate& node, const float* between, MayDrop may_drop) {
    LinkList& l = *list;
    Candidate fill[kMaxLinks + 1];
    int fill_count = 0;
    int strict = 0;
    Candidate kept[kMaxLinks + 1];
    bool pruned = false;
    for (int i = 0; i < l.strict && l.links[i] < node && !pruned; ++i) pruned = between[i] < node.distance;
    bool placed = pruned;
    if (pruned) fill[fill_count++] = node;
    for (int i = 0; i < l.strict; ++i) {
        if (!placed && node < l.links[i]) kept[strict++] = node, placed = true;
        // A link farther than the node is pruned when the node is nearer to it than the owner is.
        if (!pruned && node < l.links[i] && between[i] < l.links[i].distance)
            fill[fill_count++] = l.links[i];
        else
            kept[strict++] = l.links[i];
    }
    if (!placed) kept[strict++] = node;
    for (int i = l.strict; i < l.count; ++i) fill[fill_count++] = l.links[i];
    std::sort(fill, fill + fill_count);
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

inline bool enter(LinkList* list, int capacity, const Candidate& node, const float* between) {
    return enter(list, capacity, node, between, [](NodeId) { return true; });
}

// Whether one of the neighbours of `node`, other than `owner`, links to it on level 0.
template <GraphStore Store>
bool linked_elsewhere(Store& store, NodeId node, NodeId owner) {
    NodeId neighbours[kMaxLinks];
    NodeId theirs[kMaxLinks];
    int count = store.links(node, 0, neighbours);
    for (int i = 0; i < count; ++i) {
        if (neighbours[i] == owner) continue;
        int their_count = store.links(neighbours[i], 0, theirs);
        if (std::find(theirs, theirs + their_count, node) != theirs + their_count) return true;
    }
    return false;
}

// Adds `node` to the neighbours of `owner` on `level`, as enter() does. Returns whether the list now holds `node`; with
// `keep`, that is not what the list gives up.
template <GraphStore Store>
bool add_link(Store& store, NodeId owner, int level, const Candidate& node, const std::byte* node_payload,
              bool keep = false) {
    const std::byte* payload = store.payload(owner);
    int capacity = store.options().links_at(level);
    LinkList expected;
    float between[kMaxLinks];
    // On level 0, where all searches end, no node is to lose its last link.
    auto may_drop = [&](NodeId dropped) {
        if (dropped == node.node) return !keep;
        return level > 0 || Store::kLinksUnreachable || linked_elsewhere(store, dropped, owner);
    };
    // Another inserter may change the list between reading and replacing it; each time, one of the two gets on.
    for (;;) {
        store.read_links(owner, payload, level, &expected);
        for (int i = 0; i < expected.count; ++i)
            if (expected.links[i].node == node.node) return true;
        for (int i = 0; i < expected.strict; ++i)
            between[i] = store.distance(node_payload, store.payload(expected.links[i].node));
        LinkList desired = expected;
        if (!enter(&desired, capacity, node, between, may_drop)) return false;
        LinkUpdate update = store.replace_links(owner, level, expected, desired);
        if (update != LinkUpdate::kChanged) return update == LinkUpdate::kDone;
        store.check_for_interrupts();
    }
}

// Makes the neighbours in `plan` link back to `node`, level 0 first: whoever reaches the node on an upper level must be
// able to go on from it below. On level 0 one of them does so in any case, since all searches end there.
template <GraphStore Store>
void link_back(Store& store, NodeId node, const std::byte* payload, int level, LinkPlan& plan) {
    for (int l = 0; l <= level; ++l) {
        const LinkList& list = plan.neighbours(l);
        bool linked = false;
        for (int i = 0; i < list.count; ++i) {
            linked |= add_link(store, list.links[i].node, l, {list.links[i].distance, node}, payload);
            store.release_payloads();
        }
        for (int i = 0; l == 0 && !linked && i < list.count; ++i)
            linked = add_link(store, list.links[i].node, l, {list.links[i].distance, node}, payload, true);
    }
}

}  // namespace vectorx
