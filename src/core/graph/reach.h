// Keeping everybody within reach: the tree of parents on level 0 (vectorx/graph.h), when nodes of it go or its root
// moves.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory_resource>
#include <vector>

#include "core/graph/link.h"
#include "core/graph/search.h"
#include "vectorx/graph.h"

namespace vectorx {

// The tree, for the one who mends it. Others may insert meanwhile: they give new nodes a parent, and put a new root
// above the old one, but change no other parent; so what is anchored stays so.
template <GraphStore Store>
class ParentTree {
 public:
    ParentTree(Store& store, std::pmr::memory_resource* memory)
        : store_(store),
          anchored_(memory),
          path_(memory),
          queue_(memory),
          search_(store.options(), store.options().ef_construction, memory) {}

    // Whether parents lead from the node to the root over live nodes only.
    bool anchored(NodeId node) {
        path_.clear();
        while (!is_marked(node)) {
            NodeId parent = store_.is_live(node) ? store_.parent(node) : kNoNode;
            if (parent == kNoNode) return false;
            path_.push_back(node);
            if (parent == node) break;
            node = parent;
            store_.check_for_interrupts();
        }
        for (NodeId met : path_) mark(met);
        return true;
    }

    // Gives a node that is not anchored, with everybody below it, a parent that is: one of the node's own neighbours,
    // or what a search for it finds, or whoever has a place. A parent that is anchored is not below the node, so there
    // is no circle. Returns false if nobody has a place.
    bool attach(NodeId node) {
        bool attached = try_attach(node);
        store_.release_payloads();
        if (attached) mark(node);
        return attached;
    }

 private:
    bool try_attach(NodeId node) {
        const std::byte* payload = store_.payload(node);
        int capacity = store_.options().links_at(0);
        LinkList own;
        store_.read_links(node, payload, 0, &own);
        std::sort(own.links, own.links + own.count);
        if (attach_to_any(own.links, own.links + own.count, node, payload, capacity / 2)) return true;
        search_graph(store_, payload, static_cast<std::size_t>(store_.options().ef_construction), search_);
        const Candidate* found = search_.results.data();
        for (int most : {capacity / 2, capacity})
            if (attach_to_any(found, found + search_.results.size(), node, payload, most)) return true;
        return attach_below_root(node, payload, capacity);
    }

    bool attach_to_any(const Candidate* begin, const Candidate* end, NodeId node, const std::byte* payload, int most) {
        return std::any_of(begin, end, [&](const Candidate& candidate) {
            return candidate.node != node && anchored(candidate.node) &&
                   adopt(store_, candidate.node, {candidate.distance, node}, payload, most);
        });
    }

    // Goes through the tree from its root. Its leaves have places.
    bool attach_below_root(NodeId node, const std::byte* payload, int capacity) {
        NodeId root = store_.entry_point().node;
        if (root == kNoNode || !anchored(root)) return false;
        queue_.assign(1, root);
        for (std::size_t next = 0; next < queue_.size(); ++next) {
            NodeId owner = queue_[next];
            Candidate candidate;
            bool live;
            store_.evaluate(payload, &owner, 1, &candidate, &live);
            if (attach_to_any(&candidate, &candidate + 1, node, payload, capacity)) return true;
            NodeId links[kMaxLinks];
            int count = store_.links(owner, 0, links);
            for (int i = 0; i < count; ++i)
                if (store_.parent(links[i]) == owner && store_.is_live(links[i])) queue_.push_back(links[i]);
            store_.check_for_interrupts();
        }
        return false;
    }

    bool is_marked(NodeId node) const { return node < anchored_.size() && anchored_[node]; }
    void mark(NodeId node) {
        if (node >= anchored_.size()) anchored_.resize(std::size_t{node} + node / 8 + 1, false);
        anchored_[node] = true;
    }

    Store& store_;
    std::pmr::vector<bool> anchored_;
    std::pmr::vector<NodeId> path_;
    std::pmr::vector<NodeId> queue_;
    SearchScratch search_;
};

}  // namespace vectorx
