// Building a graph in a MemoryStore, by any number of threads or processes, once its nodes are loaded: each calls
// merge_share(), then, when all are through, link_share(), and when again all are through, one calls
// link_unreachable().
#pragma once

#include <memory_resource>
#include <numeric>
#include <vector>

#include "core/graph/link.h"
#include "core/graph/memory_store.h"

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
    if (store.entry_point().node == kNoNode && store.raise_entry_point(node, level)) return;
    plan_links(store, store.payload(node), level, kNoNode, plan);
    // Nobody knows the node yet, so its lists are still empty.
    for (int l = 0; l <= level; ++l) store.replace_links(node, l, LinkList{}, plan.neighbours(l));
    link_back(store, node, store.payload(node), level, plan);
    store.raise_entry_point(node, level);
}

// Links nodes until none is left; `next` is shared by all builders, and `linked` counts for progress reports.
template <typename Store>
void link_share(Store& store, std::atomic<std::uint32_t>* next, std::atomic<std::uint32_t>* linked,
                std::pmr::memory_resource* memory) {
    LinkPlan plan(store.options(), memory);
    std::uint32_t count = store.node_count();
    ScatteredOrder order(count);
    for (std::uint32_t i; (i = next->fetch_add(1, std::memory_order_relaxed)) < count;) {
        NodeId node = order.at(i);
        if (!store.header(node).merged) link_node(store, node, plan);
        linked->fetch_add(1, std::memory_order_relaxed);
        store.check_for_interrupts();
    }
}

// Calls visit(node) for every node that can be reached on level 0 from the entry point.
template <typename Store, typename Visit>
void walk_level_zero(Store& store, std::pmr::vector<bool>& reached, std::pmr::vector<NodeId>& queue, NodeId start,
                     Visit visit) {
    NodeId neighbours[kMaxLinks];
    reached[start] = true;
    queue.assign(1, start);
    while (!queue.empty()) {
        NodeId node = queue.back();
        queue.pop_back();
        visit(node);
        int count = store.links(node, 0, neighbours);
        for (int i = 0; i < count; ++i) {
            if (reached[neighbours[i]]) continue;
            reached[neighbours[i]] = true;
            queue.push_back(neighbours[i]);
        }
        store.check_for_interrupts();
    }
}

// The heuristic can drop a node's last incoming link. Gives every node that level 0 does not reach from the entry point
// a link from one of its own neighbours; returns how many there were.
template <typename Store>
std::uint32_t link_unreachable(Store& store, std::pmr::memory_resource* memory) {
    EntryPoint entry = store.entry_point();
    if (entry.node == kNoNode) return 0;
    std::uint32_t count = store.node_count();
    std::pmr::vector<bool> reached(count, false, memory);
    std::pmr::vector<NodeId> queue(memory);
    std::pmr::vector<std::uint32_t> incoming(count, 0, memory);
    NodeId neighbours[kMaxLinks];
    auto count_links = [&](NodeId node) {
        int n = store.links(node, 0, neighbours);
        for (int i = 0; i < n; ++i) ++incoming[neighbours[i]];
    };
    walk_level_zero(store, reached, queue, entry.node, count_links);

    std::uint32_t found = 0;
    LinkList mine;
    for (NodeId node = 0; node < count; ++node) {
        if (reached[node] || store.header(node).merged) continue;
        ++found;
        store.read_links(node, store.payload(node), 0, &mine);
        std::sort(mine.links, mine.links + mine.count);
        for (int i = 0; i < mine.count; ++i) {
            NodeId owner = mine.links[i].node;
            LinkList expected;
            store.read_links(owner, store.payload(owner), 0, &expected);
            LinkList desired = expected;
            int place = desired.count;
            if (!reached[owner]) continue;
            if (desired.count == store.options().links_at(0)) {
                // Only a link whose target others link to as well may go; the farthest of these.
                place = -1;
                for (int j = 0; j < desired.count; ++j) {
                    if (incoming[desired.links[j].node] > 1 && (place < 0 || desired.links[place] < desired.links[j]))
                        place = j;
                }
                if (place < 0) continue;
                --incoming[desired.links[place].node];
            } else {
                ++desired.count;
            }
            desired.links[place] = {mine.links[i].distance, node};
            desired.strict = std::min(desired.strict, place);
            std::sort(desired.links + desired.strict, desired.links + desired.count);
            store.replace_links(owner, 0, expected, desired);
            walk_level_zero(store, reached, queue, node, count_links);
            break;
        }
    }
    return found;
}

}  // namespace vectorx
