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
        : pool(memory), dead(memory), selection(memory), search(options, options.ef_construction, memory) {}

    std::pmr::vector<Candidate> pool;  // whom a list is chosen from
    std::pmr::vector<NodeId> dead;     // whose neighbours are looked at
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

// Puts into the pool the live neighbours of the dead among `links`, and where these are few, of the dead behind them.
// `visited` holds whoever is not to be met (again).
template <GraphStore Store, typename IsDead>
void gather_behind(Store& store, const std::byte* query, const LinkList& links, int level, IsDead is_dead,
                   RepairScratch& scratch) {
    // Measured as enough (docs/decisions/0011-repair.md), and bounds for what is read and kept.
    const int capacity = store.options().links_at(level);
    const auto enough = static_cast<std::size_t>(4 * capacity);
    const auto most_read = static_cast<std::size_t>(8 * capacity);
    const int most_met = 16 * capacity;

    std::pmr::vector<NodeId>& dead = scratch.dead;
    dead.clear();
    for (int i = 0; i < links.count; ++i)
        if (is_dead(links.links[i].node)) dead.push_back(links.links[i].node);
    const std::size_t own = dead.size();
    const int share = std::max(1, most_met / static_cast<int>(own));
    NodeId behind[kMaxLinks];
    Candidate found[kMaxLinks];
    bool live[kMaxLinks];
    for (std::size_t next = 0; next < std::min(dead.size(), most_read); ++next) {
        if (next >= own && scratch.pool.size() >= enough) break;
        // A list begins with the links that tell directions apart.
        int count = std::min(store.links(dead[next], level, behind), share);
        int met = scratch.search.visited.insert_new(behind, count);
        store.evaluate(query, behind, met, found, live);
        for (int i = 0; i < met; ++i) {
            if (is_dead(found[i].node))
                dead.push_back(found[i].node);
            else if (live[i])
                scratch.pool.push_back(found[i]);
        }
        store.check_for_interrupts();
    }
}

// If the list of `node` on `level` holds dead nodes, replaces it by one that does not: chosen among its live neighbours
// and those of the dead ones, which keeps links of all lengths, where a search from the node finds what is near
// (docs/decisions/0011-repair.md); only where that leads to too few does a search go farther. The new neighbours link
// back. Returns whether there was anything to repair. `is_dead(NodeId)` must keep its answers while vacuum runs, nobody
// may add links to dead nodes, and these are not live.
template <GraphStore Store, typename IsDead>
bool repair_links(Store& store, NodeId node, const std::byte* payload, int level, IsDead is_dead,
                  RepairScratch& scratch) {
    int capacity = store.options().links_at(level);
    LinkList expected;
    LinkList desired;
    auto& pool = scratch.pool;
    const std::byte* query = store.query(payload, scratch.search.query);
    for (;;) {
        store.read_links(node, payload, level, &expected);
        pool.clear();
        scratch.search.visited.clear();
        scratch.search.visited.insert(node);
        for (int i = 0; i < expected.count; ++i) {
            const Candidate& link = expected.links[i];
            scratch.search.visited.insert(link.node);
            if (!is_dead(link.node)) pool.push_back(link);
        }
        if (pool.size() == static_cast<std::size_t>(expected.count)) return false;

        gather_behind(store, query, expected, level, is_dead, scratch);
        EntryPoint entry = store.entry_point();
        // Where a whole region died, neighbours lead nowhere.
        if (pool.size() < static_cast<std::size_t>(capacity) && entry.node != kNoNode && level <= entry.level) {
            bool live;
            Candidate start = descend(store, query, entry, level, &live);
            auto ef = static_cast<std::size_t>(std::max(store.options().ef_construction, capacity));
            search_level(store, query, &start, &live, 1, level, ef, scratch.search);
            for (const Candidate& found : scratch.search.results) {
                bool known = std::any_of(pool.begin(), pool.end(),
                                         [&](const Candidate& other) { return other.node == found.node; });
                if (found.node != node && !known) pool.push_back(found);
            }
        }
        std::sort(pool.begin(), pool.end());
        scratch.selection.select(store, pool.data(), pool.size(), capacity, Fill::kStaged, &desired);
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
