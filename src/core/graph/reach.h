// Making sure that searches can find every node. The heuristic that chooses neighbours looks at one list at a time, so
// it can drop the last link to a node, or the only one between two clusters.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory_resource>
#include <vector>

#include "core/graph/search.h"
#include "vectorx/graph.h"

namespace vectorx {

// The nodes that can be reached on level 0 from the entry point, and for each the node over whose link it was met
// first: a tree. As long as no link of the tree is dropped, everybody in it can be reached.
//
// All of it is for one thread. Others may insert meanwhile; they can drop links of the tree.
template <GraphStore Store>
class ReachTree {
 public:
    // Node numbers are expected to be below `count`. The entry point must be that of a graph that is not empty.
    ReachTree(Store& store, std::size_t count, std::pmr::memory_resource* memory)
        : store_(store),
          parents_(count, kNoNode, memory),
          queue_(memory),
          search_(store.options(), store.options().ef_construction, memory) {
        NodeId root = store.entry_point().node;
        walk(root, root);
    }

    bool reaches(NodeId node) const { return node < parents_.size() && parents_[node] != kNoNode; }

    // Gives a node that the tree does not reach a link from one that it does, as near as can be: one of the node's own
    // neighbours, or what a search for it finds, or whoever has a link to spare. Returns whether it is now reached,
    // which it always is unless others change the graph at the same time.
    bool attach(NodeId node) {
        bool attached = try_attach(node);
        store_.release_payloads();
        return attached;
    }

 private:
    bool try_attach(NodeId node) {
        const std::byte* payload = store_.payload(node);
        LinkList own;
        store_.read_links(node, payload, 0, &own);
        std::sort(own.links, own.links + own.count);
        for (int i = 0; i < own.count; ++i)
            if (attach_to(own.links[i], node)) return true;
        search_graph(store_, payload, static_cast<std::size_t>(store_.options().ef_construction), search_);
        for (const Candidate& candidate : search_.results)
            if (attach_to(candidate, node)) return true;
        // A tree has fewer links than nodes, so there is one that does not use all of its links for it.
        for (NodeId owner = 0; owner < parents_.size(); ++owner) {
            if (!reaches(owner)) continue;
            Candidate candidate;
            bool live;
            store_.evaluate(payload, &owner, 1, &candidate, &live);
            if (live && attach_to(candidate, node)) return true;
            store_.check_for_interrupts();
        }
        return false;
    }

    // Meets `node` over a link of `parent`, and everybody whom it leads to.
    void walk(NodeId node, NodeId parent) {
        NodeId neighbours[kMaxLinks];
        meet(node, parent);
        while (!queue_.empty()) {
            NodeId owner = queue_.back();
            queue_.pop_back();
            int count = store_.links(owner, 0, neighbours);
            for (int i = 0; i < count; ++i) meet(neighbours[i], owner);
            store_.check_for_interrupts();
        }
    }

    void meet(NodeId node, NodeId parent) {
        if (reaches(node)) return;
        if (node >= parents_.size()) parents_.resize(std::size_t{node} + node / 8 + 1, kNoNode);
        parents_[node] = parent;
        queue_.push_back(node);
    }

    // Links `owner` to `node` if the tree reaches the one, and it has a place or a link that the tree does not need.
    bool attach_to(const Candidate& owner, NodeId node) {
        LinkList expected;
        while (reaches(owner.node) && owner.node != node) {
            store_.read_links(owner.node, store_.payload(owner.node), 0, &expected);
            LinkList desired = expected;
            // Whoever inserted the node since the walk has linked it already.
            bool linked = std::any_of(expected.links, expected.links + expected.count,
                                      [node](const Candidate& link) { return link.node == node; });
            if (linked) {
                walk(node, owner.node);
                return true;
            }
            if (desired.count >= store_.options().links_at(0) && !drop_spare(owner.node, &desired)) return false;
            desired.links[desired.count++] = {owner.distance, node};
            std::sort(desired.links + desired.strict, desired.links + desired.count);
            LinkUpdate update = store_.replace_links(owner.node, 0, expected, desired);
            if (update == LinkUpdate::kGone) return false;
            if (update == LinkUpdate::kDone) {
                walk(node, owner.node);
                return true;
            }
            store_.check_for_interrupts();
        }
        return false;
    }

    // Drops the farthest filling link, or else the farthest strict one, that is not of the tree. A link to a node that
    // the tree does not reach may be the only one that it has.
    bool drop_spare(NodeId owner, LinkList* list) const {
        for (int i = list->count - 1; i >= 0; --i) {
            NodeId node = list->links[i].node;
            if (!reaches(node) || parents_[node] == owner) continue;
            std::copy(list->links + i + 1, list->links + list->count, list->links + i);
            --list->count;
            if (i < list->strict) --list->strict;
            return true;
        }
        return false;
    }

    Store& store_;
    std::pmr::vector<NodeId> parents_;  // kNoNode: not reached; the root is its own
    std::pmr::vector<NodeId> queue_;
    SearchScratch search_;
};

// Gives every node that cannot be reached on level 0 from the entry point a link from one that can, and returns to how
// many it had to be given. for_each_node(visit) calls visit(node) for all nodes that are to be reached; `count` is
// about one more than the highest of them.
template <GraphStore Store, typename ForEachNode>
std::uint32_t link_unreachable(Store& store, std::size_t count, ForEachNode for_each_node,
                               std::pmr::memory_resource* memory) {
    if (store.entry_point().node == kNoNode) return 0;
    ReachTree tree(store, count, memory);
    std::uint32_t attached = 0;
    for_each_node([&](NodeId node) {
        if (!tree.reaches(node)) attached += tree.attach(node);
    });
    return attached;
}

}  // namespace vectorx
