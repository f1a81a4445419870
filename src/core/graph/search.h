// Searching the graph: greedy descent through the upper levels, best-first search of one level.
// Algorithms 2 and 5 of arXiv 1603.09320.
#pragma once

#include <algorithm>
#include <functional>
#include <memory_resource>
#include <vector>

#include "core/graph/visited_set.h"
#include "vectorx/graph.h"

namespace vectorx {

// The working memory of searches, kept from one to the next.
class SearchScratch {
   public:
    // `ef` is the largest that will be searched with; memory grows beyond the estimate when it must.
    SearchScratch(const GraphOptions& options, int ef, std::pmr::memory_resource* memory)
        : visited(static_cast<std::size_t>(ef) * static_cast<std::size_t>(options.m) * 2, memory),
          frontier(memory),
          results(memory) {
        results.reserve(static_cast<std::size_t>(ef) + 1);
        frontier.reserve(4 * static_cast<std::size_t>(ef) + kMaxLinks);
    }

    VisitedSet visited;
    std::pmr::vector<Candidate> frontier;  // min-heap: nodes to expand
    std::pmr::vector<Candidate> results;   // max-heap while searching, afterwards sorted nearest first
};

// Finds (nearly) the `ef` live nodes of `level` nearest to the query, starting from `entries`. The result is
// scratch.results, nearest first. `entries` must not be scratch.results.
template <SearchStore Store>
void search_level(Store& store, const std::byte* query, const Candidate* entries, const bool* entries_live,
                  std::size_t entry_count, int level, std::size_t ef, SearchScratch& scratch) {
    auto& frontier = scratch.frontier;
    auto& results = scratch.results;
    scratch.visited.clear();
    frontier.clear();
    results.clear();

    auto offer = [&](const Candidate& candidate, bool live) {
        if (results.size() >= ef && !(candidate < results.front())) return;
        frontier.push_back(candidate);
        std::push_heap(frontier.begin(), frontier.end(), std::greater<>());
        if (!live) return;
        results.push_back(candidate);
        std::push_heap(results.begin(), results.end());
        if (results.size() > ef) {
            std::pop_heap(results.begin(), results.end());
            results.pop_back();
        }
    };

    for (std::size_t i = 0; i < entry_count; ++i)
        if (scratch.visited.insert(entries[i].node)) offer(entries[i], entries_live[i]);

    NodeId neighbours[kMaxLinks];
    Candidate found[kMaxLinks];
    bool live[kMaxLinks];
    while (!frontier.empty()) {
        Candidate nearest = frontier.front();
        if (results.size() >= ef && nearest.distance > results.front().distance) break;
        std::pop_heap(frontier.begin(), frontier.end(), std::greater<>());
        frontier.pop_back();

        int links = store.links(nearest.node, level, neighbours);
        int count = 0;
        for (int i = 0; i < links; ++i)
            if (scratch.visited.insert(neighbours[i])) neighbours[count++] = neighbours[i];
        store.evaluate(query, neighbours, count, found, live);
        for (int i = 0; i < count; ++i) offer(found[i], live[i]);
        store.check_for_interrupts();
    }
    std::sort_heap(results.begin(), results.end());
}

// Walks greedily from `nearest`, a node on the level `from`, down to the level above `to`; returns where it arrived.
template <SearchStore Store>
Candidate walk_down(Store& store, const std::byte* query, int from, int to, Candidate nearest, bool* live) {
    NodeId neighbours[kMaxLinks];
    Candidate found[kMaxLinks];
    bool found_live[kMaxLinks];
    for (int l = from; l > to; --l) {
        for (bool moved = true; moved;) {
            moved = false;
            int count = store.links(nearest.node, l, neighbours);
            store.evaluate(query, neighbours, count, found, found_live);
            for (int i = 0; i < count; ++i) {
                if (found[i] < nearest) nearest = found[i], *live = found_live[i], moved = true;
            }
            store.check_for_interrupts();
        }
    }
    return nearest;
}

// Walks down from the entry point to the level above `level`. The node need not be live. `entry` must not be empty.
template <SearchStore Store>
Candidate descend(Store& store, const std::byte* query, const EntryPoint& entry, int level, bool* live) {
    Candidate start;
    store.evaluate(query, &entry.node, 1, &start, live);
    return walk_down(store, query, entry.level, level, start, live);
}

// The whole search: the `ef` nearest live nodes, in scratch.results, nearest first. On level 0 it starts from the entry
// point too: everybody can be reached from there (reach.h), so a search with `ef` large enough returns all live nodes.
template <SearchStore Store>
void search_graph(Store& store, const std::byte* query, std::size_t ef, SearchScratch& scratch) {
    scratch.results.clear();
    EntryPoint entry = store.entry_point();
    if (entry.node == kNoNode) return;
    Candidate starts[2];
    bool live[2];
    store.evaluate(query, &entry.node, 1, &starts[1], &live[1]);
    live[0] = live[1];
    starts[0] = walk_down(store, query, entry.level, 0, starts[1], &live[0]);
    search_level(store, query, starts, live, 2, 0, ef, scratch);
}

}  // namespace vectorx
