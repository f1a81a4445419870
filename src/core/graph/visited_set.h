// The nodes that a search has met. A hash table, open addressing with linear probing, that is at most half full: its
// size follows the search (some thousands of nodes), not the index, so that resetting it stays cheap. Or, for those who
// search one graph again and again, a mark for each node, which needs no guess whether a node is new.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory_resource>
#include <utility>
#include <vector>

#include "vectorx/graph.h"

namespace vectorx {

class VisitedSet {
 public:
    VisitedSet(std::size_t expected, std::pmr::memory_resource* memory) : table_(memory), marks_(memory) {
        std::size_t size = 64;
        while (size < 2 * expected) size *= 2;
        table_.assign(size, kNoNode);
    }

    // From now on the set is one of nodes below `nodes`, a byte each. Forgets what is in it.
    void number_nodes(std::size_t nodes) {
        marks_.assign(nodes, 0);
        mark_ = 1;
        table_.clear();
        table_.shrink_to_fit();
    }

    void clear() {
        if (!marks_.empty()) {
            if (++mark_ == 0) {
                std::fill(marks_.begin(), marks_.end(), 0);
                mark_ = 1;
            }
            return;
        }
        if (count_ == 0) return;
        std::fill(table_.begin(), table_.end(), kNoNode);
        count_ = 0;
    }

    // Returns whether the node was not yet in the set.
    bool insert(NodeId node) {
        if (!marks_.empty()) return std::exchange(marks_[node], mark_) != mark_;
        std::size_t mask = table_.size() - 1;
        std::size_t slot = hash(node) & mask;
        while (table_[slot] != kNoNode) {
            if (table_[slot] == node) return false;
            slot = (slot + 1) & mask;
        }
        table_[slot] = node;
        if (2 * ++count_ > table_.size()) grow();
        return true;
    }

    // Inserts all of them, and moves those that were not yet in the set to the front. Returns their number.
    int insert_new(NodeId* nodes, int count) {
        int added = 0;
        if (marks_.empty()) {
            for (int i = 0; i < count; ++i)
                if (insert(nodes[i])) nodes[added++] = nodes[i];
            return added;
        }
        std::uint8_t* marks = marks_.data();
        for (int i = 0; i < count; ++i) {
            NodeId node = nodes[i];
            nodes[added] = node;
            added += marks[node] != mark_;
            marks[node] = mark_;
        }
        return added;
    }

    std::size_t memory_used() const { return table_.size() * sizeof(NodeId) + marks_.size(); }

 private:
    static std::size_t hash(NodeId node) {
        return static_cast<std::size_t>((node * std::uint64_t{0x9E3779B97F4A7C15U}) >> 32);
    }

    void grow() {
        std::pmr::vector<NodeId> old(2 * table_.size(), kNoNode, table_.get_allocator());
        old.swap(table_);
        count_ = 0;
        for (NodeId node : old)
            if (node != kNoNode) insert(node);
    }

    std::pmr::vector<NodeId> table_;
    std::size_t count_ = 0;
    std::pmr::vector<std::uint8_t> marks_;
    std::uint8_t mark_ = 0;  // of nodes in the set
};

}  // namespace vectorx
