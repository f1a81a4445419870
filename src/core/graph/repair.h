// Routing around dead nodes before they leave the graph: whoever links to one gets its neighbours to choose from
// instead, as in FreshDiskANN (arXiv 2105.09613), with the same selection that inserting uses.
#pragma once

#include <algorithm>
#include <memory_resource>
#include <vector>

#include "core/graph/link.h"
#include "core/graph/search.h"
#include "core/graph/select.h"
#include "vectorx/graph.h"

namespace vectorx {

// Working memory, kept from one node to the next.
class RepairScratch {
 public:
    RepairScratch(const GraphOptions& options, std::pmr::memory_resource* memory)
        : pool(memory), selection(memory), search(options, options.ef_construction, memory) {}

    std::pmr::vector<Candidate> pool;
    NeighbourSelection selection;
    SearchScratch search;
};

// Puts a link into the part of a list that fills it; a full list gives up one that may_drop(NodeId) allows.
template <typename MayDrop>
void fill_in(LinkList* list, int capacity, const Candidate& link, MayDrop may_drop) {
    if (list->count == capacity) {
        int fill_count = list->count - list->strict;
        if (last_droppable(list->links + list->strict, &fill_count, may_drop) == nullptr) {
            if (last_droppable(list->links, &list->strict, may_drop) == nullptr) return;
            std::copy(list->links + list->strict + 1, list->links + list->count, list->links + list->strict);
        }
        --list->count;
    }
    list->links[list->count++] = link;
    std::sort(list->links + list->strict, list->links + list->count);
}

// If the list of `node` on `level` holds dead nodes, replaces it by one that does not: chosen among its live neighbours
// and those that a search finds which begins at its neighbours and goes through dead ones. A search as wide as an
// insert's, or one through the dead alone, costs more and gives less recall (docs/decisions/0011-repair.md). The new
// neighbours link back. Returns whether there was anything to repair. `is_dead(NodeId)` must keep its answers while
// vacuum runs, and nobody may add links to dead nodes.
template <GraphStore Store, typename IsDead>
bool repair_links(Store& store, NodeId node, const std::byte* payload, int level, IsDead is_dead,
                  RepairScratch& scratch) {
    int capacity = store.options().links_at(level);
    auto ef = static_cast<std::size_t>(std::max(store.options().ef_construction * 3 / 4, capacity));
    LinkList expected;
    LinkList desired;
    Candidate starts[kMaxLinks + 1];
    bool live[kMaxLinks + 1];
    auto& results = scratch.search.results;
    const std::byte* query = store.query(payload, scratch.search.query);
    for (;;) {
        store.read_links(node, payload, level, &expected);
        auto count = static_cast<std::size_t>(expected.count);
        std::copy(expected.links, expected.links + count, starts);
        for (std::size_t i = 0; i < count; ++i) live[i] = !is_dead(starts[i].node);
        if (std::all_of(live, live + count, [](bool is_live) { return is_live; })) return false;

        search_level(store, query, starts, live, count, level, ef, scratch.search);
        EntryPoint entry = store.entry_point();
        // Where a whole region died, neighbours lead nowhere.
        if (results.size() < ef && entry.node != kNoNode && level <= entry.level) {
            starts[count] = descend(store, query, entry, level, &live[count]);
            search_level(store, query, starts, live, count + 1, level, ef, scratch.search);
        }
        scratch.pool.clear();
        for (const Candidate& found : results)
            if (found.node != node && !is_dead(found.node)) scratch.pool.push_back(found);
        for (int i = 0; i < expected.count; ++i) {
            bool found = std::any_of(results.begin(), results.end(),
                                     [&](const Candidate& result) { return result.node == expected.links[i].node; });
            if (live[i] && !found) scratch.pool.push_back(expected.links[i]);
        }
        std::sort(scratch.pool.begin(), scratch.pool.end());
        scratch.selection.select(store, scratch.pool.data(), scratch.pool.size(), capacity, Fill::kStaged, &desired);
        // Live children stay; no live node is a child of a dead one.
        auto is_child = [&](NodeId link) { return level == 0 && store.parent(link) == node && !is_dead(link); };
        for (int i = 0; i < expected.count; ++i) {
            if (!holds(desired, expected.links[i].node) && is_child(expected.links[i].node))
                fill_in(&desired, capacity, expected.links[i], [&](NodeId link) { return !is_child(link); });
        }
        LinkUpdate update = store.replace_links(node, level, expected, desired);
        if (update == LinkUpdate::kGone) return true;
        if (update == LinkUpdate::kDone) break;
    }
    for (int i = 0; i < desired.count; ++i) {
        const Candidate& link = desired.links[i];
        if (!holds(expected, link.node)) add_link(store, link.node, level, {link.distance, node}, payload);
    }
    return true;
}

}  // namespace vectorx
