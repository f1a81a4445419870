// The nodes that a search has met: open addressing with linear probing over a power-of-two table that is at most half
// full. Its size follows the search (some thousands of nodes), not the index, so that resetting it stays cheap.
#pragma once

#include <algorithm>
#include <memory_resource>
#include <vector>

#include "vectorx/graph.h"

namespace vectorx {

class VisitedSet {
 public:
    VisitedSet(std::size_t expected, std::pmr::memory_resource* memory) : table_(memory) {
        std::size_t size = 64;
        while (size < 2 * expected) size *= 2;
        table_.assign(size, kNoNode);
    }

    void clear() {
        if (count_ == 0) return;
        std::fill(table_.begin(), table_.end(), kNoNode);
        count_ = 0;
    }

    // Returns whether the node was not yet in the set.
    bool insert(NodeId node) {
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

    std::size_t memory_used() const { return table_.size() * sizeof(NodeId); }

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
};

}  // namespace vectorx
