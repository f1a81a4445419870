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
          results(memory),
          discarded(memory),
          query(memory) {
        results.reserve(static_cast<std::size_t>(ef) + 1);
        frontier.reserve(4 * static_cast<std::size_t>(ef) + kMaxLinks);
    }

    // Forgets the last search, but keeps its memory and the query.
    void clear() {
        visited.clear();
        frontier.clear();
        results.clear();
        discarded.clear();
        evaluated = 0;
    }

    std::size_t memory_used() const {
        return visited.memory_used() +
               (frontier.capacity() + results.capacity() + discarded.capacity()) * sizeof(Candidate);
    }

    VisitedSet visited;
    std::pmr::vector<Candidate> frontier;  // min-heap: nodes to expand
    std::pmr::vector<Candidate> results;   // max-heap while searching, afterwards sorted nearest first

    // For searches that may be resumed: the nodes that were met, but are not (or no longer) among the results. Those
    // that are not live are among them, since they may lead to others.
    bool keep_discarded = false;
    std::pmr::vector<Candidate> discarded;  // min-heap
    std::size_t evaluated = 0;              // nodes whose distance was computed

    std::pmr::vector<std::byte> query;  // room for a query that is made of a payload
};

// Takes the nearest off the min-heap.
inline Candidate pop_nearest(std::pmr::vector<Candidate>& heap) {
    std::pop_heap(heap.begin(), heap.end(), std::greater<>());
    Candidate nearest = heap.back();
    heap.pop_back();
    return nearest;
}

inline void push_nearest(std::pmr::vector<Candidate>& heap, const Candidate& candidate) {
    heap.push_back(candidate);
    std::push_heap(heap.begin(), heap.end(), std::greater<>());
}

// Considers a node for the results, if it is live, and for expansion.
inline void offer(SearchScratch& scratch, std::size_t ef, const Candidate& candidate, bool live) {
    auto& results = scratch.results;
    if (results.size() >= ef && !(candidate < results.front())) {
        if (scratch.keep_discarded) push_nearest(scratch.discarded, candidate);
        return;
    }
    push_nearest(scratch.frontier, candidate);
    if (!live) {
        if (scratch.keep_discarded) push_nearest(scratch.discarded, candidate);
        return;
    }
    results.push_back(candidate);
    std::push_heap(results.begin(), results.end());
    if (results.size() > ef) {
        std::pop_heap(results.begin(), results.end());
        if (scratch.keep_discarded) push_nearest(scratch.discarded, results.back());
        results.pop_back();
    }
}

// Expands the frontier of `scratch` until no node in it is nearer than the farthest of `ef` results.
template <SearchStore Store>
void expand_frontier(Store& store, const std::byte* query, int level, std::size_t ef, SearchScratch& scratch) {
    auto& results = scratch.results;
    NodeId neighbours[kMaxLinks];
    Candidate found[kMaxLinks];
    bool live[kMaxLinks];
    while (!scratch.frontier.empty()) {
        if (results.size() >= ef && scratch.frontier.front().distance > results.front().distance) break;
        Candidate nearest = pop_nearest(scratch.frontier);
        int count = scratch.visited.insert_new(neighbours, store.links(nearest.node, level, neighbours));
        store.evaluate(query, neighbours, count, found, live);
        scratch.evaluated += static_cast<std::size_t>(count);
        for (int i = 0; i < count; ++i) offer(scratch, ef, found[i], live[i]);
        store.check_for_interrupts();
    }
    std::sort_heap(results.begin(), results.end());
}

// Finds (nearly) the `ef` live nodes of `level` nearest to the query, starting from `entries`. The result is
// scratch.results, nearest first. `entries` must not be scratch.results.
template <SearchStore Store>
void search_level(Store& store, const std::byte* query, const Candidate* entries, const bool* entries_live,
                  std::size_t entry_count, int level, std::size_t ef, SearchScratch& scratch) {
    scratch.clear();
    for (std::size_t i = 0; i < entry_count; ++i)
        if (scratch.visited.insert(entries[i].node)) offer(scratch, ef, entries[i], entries_live[i]);
    expand_frontier(store, query, level, ef, scratch);
}

// Goes on with the last search of level 0 from the nearest nodes that it discarded: scratch.results are then the next
// ones, nearest first, and with them nodes that are not live. Returns false if there are none. The search must have
// kept what it discarded.
template <SearchStore Store>
bool resume_search(Store& store, const std::byte* query, std::size_t ef, SearchScratch& scratch) {
    if (scratch.discarded.empty()) return false;
    scratch.frontier.clear();
    scratch.results.clear();
    for (std::size_t i = 0; i < ef && !scratch.discarded.empty(); ++i)
        offer(scratch, ef, pop_nearest(scratch.discarded), true);
    expand_frontier(store, query, 0, ef, scratch);
    return true;
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
    scratch.clear();
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
