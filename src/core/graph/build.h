// Building a graph in a MemoryStore, by any number of threads or processes, once its nodes are loaded: each calls
// merge_share(), then, when all are through, link_share(), and when again all are through, one calls
// move_root().
#pragma once

#include <algorithm>
#include <atomic>
#include <memory_resource>
#include <numeric>

#include "core/graph/link.h"
#include "core/graph/memory_store.h"
#include "core/graph/reach.h"

namespace vectorx {

// Nodes are linked in a scattered order, node i * stride mod n: rows often lie sorted in a table, and a graph grown in
// sorted order is a poor one.
class ScatteredOrder {
 public:
    explicit ScatteredOrder(std::uint32_t count) : count_(count) {
        stride_ = static_cast<std::uint32_t>(count * 0.6180339887);
        while (count > 1 && std::gcd(stride_, count) != 1) ++stride_;
    }
    NodeId at(std::uint32_t position) const { return static_cast<NodeId>(std::uint64_t{position} * stride_ % count_); }

 private:
    std::uint32_t count_;
    std::uint32_t stride_;
};

// Merges the nodes of equal vectors until none is left; `next` is shared by all builders.
template <typename Store>
void merge_share(Store& store, std::atomic<std::uint32_t>* next, std::atomic<NodeId>* table, std::size_t table_size) {
    constexpr std::uint32_t kBatch = 256;
    std::uint32_t count = store.node_count();
    for (std::uint32_t begin; (begin = next->fetch_add(kBatch, std::memory_order_relaxed)) < count;) {
        for (NodeId node = begin; node < std::min(begin + kBatch, count); ++node)
            store.merge_equal(node, table, table_size);
        store.check_for_interrupts();
    }
}

// Links one node that has been loaded and is not merged.
template <typename Store>
void link_node(Store& store, NodeId node, LinkPlan& plan) {
    int level = store.header(node).level;
    // The first node has nobody to link to. Of several that find the graph empty only one is the first; the others must
    // not become the entry point, however high, before they are linked.
    if (store.entry_point().node == kNoNode && store.claim_entry_point(node, level)) {
        store.set_parent(node, node);
        return;
    }
    plan_links(store, store.payload(node), level, kNoNode, plan);
    // Nobody knows the node yet, so its lists are still empty.
    for (int l = 0; l <= level; ++l) store.replace_links(node, l, LinkList{}, plan.neighbours(l));
    // There are more places than nodes; only others who take them all meanwhile can make this fail.
    while (!link_to_parent(store, node, store.payload(node), plan)) store.check_for_interrupts();
    link_back(store, node, store.payload(node), level, plan);
    store.raise_entry_point(node, level);
}

// Links nodes until none is left; `next` is shared by all builders, and `linked` counts for progress reports.
template <typename Store>
void link_share(Store& store, std::atomic<std::uint32_t>* next, std::atomic<std::uint32_t>* linked,
                std::pmr::memory_resource* memory) {
    LinkPlan plan(store.options(), memory);
    std::uint32_t count = store.node_count();
    plan.scratch.visited.number_nodes(count);
    ScatteredOrder order(count);
    for (std::uint32_t i; (i = next->fetch_add(1, std::memory_order_relaxed)) < count;) {
        NodeId node = order.at(i);
        if (!store.header(node).merged) link_node(store, node, plan);
        linked->fetch_add(1, std::memory_order_relaxed);
        store.check_for_interrupts();
    }
}

// Makes the entry point the root of the tree of parents, as which the first node that was linked began.
template <typename Store>
void move_root(Store& store, std::pmr::memory_resource* memory) {
    NodeId entry = store.entry_point().node;
    if (entry == kNoNode) return;
    NodeId root = entry;
    while (store.parent(root) != root) root = store.parent(root);
    if (root == entry) return;
    store.set_parent(root, kNoNode);
    store.set_parent(entry, entry);
    ParentTree(store, memory).attach(root);
}

}  // namespace vectorx
