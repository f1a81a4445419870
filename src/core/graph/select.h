// Choosing a node's neighbours among candidates: algorithm 4 of arXiv 1603.09320, and its relaxation by a factor alpha
// as in Vamana (NeurIPS 2019), used here in stages.
#pragma once

#include <algorithm>
#include <limits>
#include <memory_resource>
#include <vector>

#include "vectorx/graph.h"

namespace vectorx {

// How the places are filled that the strict heuristic leaves free.
enum class Fill {
    kNearest,  // with the nearest of the candidates that it pruned
    kStaged,   // first relax the heuristic with growing alpha, then with the nearest
};

class NeighbourSelection {
 public:
    explicit NeighbourSelection(std::pmr::memory_resource* memory) : pool_(memory) {}

    // Chooses up to `capacity` of `candidates` (sorted nearest first; distances are those to the node whose neighbours
    // they are to be). A candidate is pruned when one already chosen is nearer to it than the node itself.
    template <GraphStore Store>
    void select(Store& store, const Candidate* candidates, std::size_t count, int capacity, Fill fill, LinkList* list) {
        list->count = list->strict = 0;
        pool_.clear();
        for (std::size_t i = 0; i < count; ++i)
            pool_.push_back({candidates[i], nullptr, std::numeric_limits<float>::infinity(), 0, false});
        choose(store, capacity, 1.0F, list);
        list->strict = list->count;
        if (fill == Fill::kStaged && store.has_ratios()) {
            for (float alpha : {1.1F, 1.2F, 1.4F})
                if (list->count < capacity) choose(store, capacity, alpha, list);
        }
        for (Member& member : pool_) {
            if (list->count == capacity) break;
            if (!member.chosen) list->links[list->count++] = member.candidate;
        }
        std::sort(list->links + list->strict, list->links + list->count);
    }

 private:
    struct Member {
        Candidate candidate;
        const std::byte* payload;
        float nearest_chosen;  // distance to the nearest of the first `compared` chosen ones
        int compared;
        bool chosen;
    };

    template <GraphStore Store>
    void choose(Store& store, int capacity, float alpha, LinkList* list) {
        for (Member& member : pool_) {
            if (list->count == capacity) return;
            if (member.chosen) continue;
            if (member.payload == nullptr) member.payload = store.payload(member.candidate.node);
            bool pruned = alpha * member.nearest_chosen < member.candidate.distance;
            while (!pruned && member.compared < list->count) {
                float d = store.distance(member.payload, chosen_payloads_[member.compared++]);
                if (d < member.nearest_chosen) {
                    member.nearest_chosen = d;
                    pruned = alpha * d < member.candidate.distance;
                }
            }
            if (pruned) continue;
            member.chosen = true;
            chosen_payloads_[list->count] = member.payload;
            list->links[list->count++] = member.candidate;
        }
    }

    std::pmr::vector<Member> pool_;
    const std::byte* chosen_payloads_[kMaxLinks] = {};
};

}  // namespace vectorx
