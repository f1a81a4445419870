// k-means by a team: a start by k-means|| (Bahmani et al., VLDB 2012), then Lloyd's iterations, first over a part of
// the points, whose assignments are products of matrices. The result depends on the points and the seed, not on how
// many compute.
#pragma once

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory_resource>
#include <numeric>
#include <random>
#include <vector>

#include "core/cluster/space.h"
#include "vectorx/cluster.h"

namespace vectorx::cluster {

// What the participants share besides the arrays below.
struct KMeansShared {
    std::atomic<std::uint32_t> next[2] = {};  // tasks handed out, of this phase and of the next one
    std::uint32_t count = 0;                  // candidates of this round of the start
    std::uint32_t earlier = 0;                // candidates of the rounds before
    bool stop = false;
    KMeansResult result;
};

// The shared memory of a run; bytes() is what it takes, places() cuts it up.
template <typename Element>
struct KMeansArrays {
    Element* points;     // points * stride, given; the run changes their order
    Element* centroids;  // clusters * stride, the result
    float* biases;       // of the centroids
    float* norms;        // of the points
    float* distances;    // of the points to their centroids
    std::uint32_t* assigned;
    std::uint32_t* members;  // point numbers by cluster
    std::uint32_t* offsets;  // of the clusters in `members`, and its end

    static std::size_t bytes(std::size_t points, std::size_t clusters, std::size_t stride) {
        KMeansArrays arrays;
        return static_cast<std::size_t>(arrays.cut(nullptr, points, clusters, stride) -
                                        static_cast<std::byte*>(nullptr));
    }

    KMeansArrays() = default;
    KMeansArrays(std::byte* memory, std::size_t points, std::size_t clusters, std::size_t stride) {
        cut(memory, points, clusters, stride);
    }

 private:
    std::byte* cut(std::byte* at, std::size_t n, std::size_t k, std::size_t stride) {
        auto take = [&at](auto** array, std::size_t count) {
            *array = reinterpret_cast<std::remove_reference_t<decltype(**array)>*>(at);
            at += (count * sizeof(**array) + 63) / 64 * 64;
        };
        take(&points, n * stride);
        take(&centroids, k * stride);
        take(&biases, k);
        take(&norms, n);
        take(&distances, n);
        take(&assigned, n);
        take(&members, n);
        take(&offsets, k + 1);
        return at;
    }
};

template <typename Space>
class KMeans {
 public:
    using Element = typename Space::Element;

    // One of these for each participant. `memory` is private; it takes scratch_bytes() and, of the leader, a few words
    // for each candidate.
    KMeans(const Space& space, const KMeansOptions& options, const KMeansArrays<Element>& arrays,
           std::uint32_t point_count, KMeansShared* shared, Team* team, std::pmr::memory_resource* memory)
        : space_(space),
          options_(options),
          a_(arrays),
          n_(point_count),
          k_(options.clusters),
          shared_(shared),
          team_(team),
          memory_(memory),
          random_(options.seed),
          scratch_(memory),
          sums_(memory) {}

    static std::size_t scratch_bytes(std::size_t clusters) {
        return Space::scratch_size(kBlock, clusters) * sizeof(float);
    }

    void run() {
        if (n_ <= k_) {
            if (team_->leads()) take_distinct();
            team_->wait();
            return;
        }
        sums_.resize(space_.sums_size());
        if (team_->leads()) shuffle();
        team_->wait();
        measure_points();
        std::uint32_t part = first_part();
        seed(part);
        for (;; part = std::min(n_, part > n_ / kGrowth ? n_ : part * kGrowth)) {
            iterate(part);
            if (part == n_) break;
        }
        if (team_->leads()) finish();
        team_->wait();
    }

    // Finds the nearest of centroids that are there for all points, and sorts these by it.
    void assign_all() {
        measure_points();
        assign(n_);
        if (team_->leads()) sort_members(n_);
        team_->wait();
    }

    // The leader's.
    void shuffle() {
        for (std::uint32_t i = n_ - 1; i > 0; --i) {
            swap_points(i, below(i + 1));
            if (i % 1024 == 0) team_->check_for_interrupts();
        }
    }

 private:
    static constexpr std::uint32_t kBlock = 256;            // points of a task
    static constexpr std::uint32_t kGrowth = 4;             // of the part of the points that is iterated over
    static constexpr std::uint32_t kPointsPerCluster = 16;  // at least, in such a part
    static constexpr int kSeedRounds = 5;
    static constexpr double kOversampling = 0.5;  // candidates of a round for each cluster

    Element* point(std::uint32_t i) const { return a_.points + static_cast<std::size_t>(i) * space_.stride(); }
    Element* centroid(std::uint32_t c) const { return a_.centroids + static_cast<std::size_t>(c) * space_.stride(); }
    static std::uint32_t blocks(std::uint32_t count) { return (count + kBlock - 1) / kBlock; }
    static std::uint32_t end_of(std::uint32_t block, std::uint32_t count) {
        return std::min(count, (block + 1) * kBlock);
    }

    // Calls task(0 .. count - 1), each by one participant, and returns when all are done.
    template <typename Task>
    void each(std::uint32_t count, Task task) {
        std::atomic<std::uint32_t>& next = shared_->next[phase_++ % 2];
        for (std::uint32_t i; (i = next.fetch_add(1)) < count;) {
            task(i);
            team_->check_for_interrupts();
        }
        team_->wait();
        // By the time that it is used again, all have waited once more.
        if (team_->leads()) next.store(0);
    }

    double uniform() { return static_cast<double>(random_() >> 11) * 0x1.0p-53; }
    std::uint32_t below(std::uint32_t bound) {
        return std::min(bound - 1, static_cast<std::uint32_t>(uniform() * static_cast<double>(bound)));
    }

    // A distance as a weight to draw by: finite, whatever overflowed.
    static double weight(float distance) {
        return std::isnan(distance) ? 0.0 : std::min(static_cast<double>(distance), 1e38);
    }

    void swap_points(std::uint32_t i, std::uint32_t j) {
        std::swap_ranges(point(i), point(i) + space_.stride(), point(j));
    }

    std::uint32_t first_part() const {
        std::uint32_t part = n_;
        while (part / kGrowth >= static_cast<std::uint64_t>(kPointsPerCluster) * k_) part /= kGrowth;
        return part;
    }

    // Every distinct point becomes a centroid.
    void take_distinct() {
        std::pmr::vector<std::uint32_t> order(n_, memory_);
        std::iota(order.begin(), order.end(), 0U);
        const std::size_t size = space_.stride() * sizeof(Element);
        std::sort(order.begin(), order.end(), [&](std::uint32_t i, std::uint32_t j) {
            const int difference = std::memcmp(point(i), point(j), size);
            return difference < 0 || (difference == 0 && i < j);
        });
        std::uint32_t count = 0;
        for (std::uint32_t i = 0; i < n_; ++i) {
            if (i > 0 && std::memcmp(point(order[i]), point(order[i - 1]), size) == 0) continue;
            std::memcpy(centroid(count), point(order[i]), size);
            a_.biases[count] = space_.prepare(centroid(count));
            ++count;
        }
        shared_->result = {};
        shared_->result.clusters = count;
    }

    // ---------------------------------------------------------------- start

    // Rounds of k-means||: draws points by their distances from the candidates so far, then lets a weighted k-means++
    // choose among the candidates.
    void seed(std::uint32_t part) {
        std::pmr::vector<std::uint32_t> candidates(memory_);  // the leader's
        if (team_->leads()) {
            candidates.push_back(0);
            offer(candidates, 0);
        }
        team_->wait();
        for (int round = 0; round <= kSeedRounds; ++round) {
            measure_candidates(part, round == 0);
            if (team_->leads() && round < kSeedRounds) {
                const std::size_t known = candidates.size();
                draw(part, kOversampling * k_, k_, &candidates);
                offer(candidates, known);
            }
            team_->wait();
            if (shared_->count == 0) break;
        }
        if (team_->leads()) choose(part, candidates);
        team_->wait();
    }

    // Puts the candidates from `first` on where centroids are, for measure_candidates().
    void offer(const std::pmr::vector<std::uint32_t>& candidates, std::size_t first) {
        shared_->count = static_cast<std::uint32_t>(candidates.size() - first);
        shared_->earlier = static_cast<std::uint32_t>(first);
        for (std::size_t c = first; c < candidates.size(); ++c) {
            auto place = static_cast<std::uint32_t>(c - first);
            std::memcpy(centroid(place), point(candidates[c]), space_.stride() * sizeof(Element));
            a_.biases[place] = space_.prepare(centroid(place));
        }
    }

    void measure_candidates(std::uint32_t part, bool first) {
        const std::uint32_t count = shared_->count;
        const std::uint32_t earlier = shared_->earlier;
        each(blocks(part), [&](std::uint32_t block) {
            std::uint32_t nearest[kBlock];
            float distances[kBlock];
            const std::uint32_t begin = block * kBlock;
            const std::uint32_t rows = end_of(block, part) - begin;
            space_.assign(point(begin), a_.norms + begin, rows, a_.centroids, a_.biases, count, scratch_.data(),
                          nearest, distances);
            for (std::uint32_t i = 0; i < rows; ++i) {
                if (!first && !(distances[i] < a_.distances[begin + i])) continue;
                a_.distances[begin + i] = distances[i];
                a_.assigned[begin + i] = earlier + nearest[i];
            }
        });
    }

    // Appends points, each with a chance in proportion to its distance, about `wanted` of them and at most `limit`.
    void draw(std::uint32_t part, double wanted, std::size_t limit, std::pmr::vector<std::uint32_t>* out) {
        double total = 0;
        for (std::uint32_t i = 0; i < part; ++i) total += weight(a_.distances[i]);
        if (!(total > 0)) return;
        limit += out->size();
        for (std::uint32_t i = 0; i < part && out->size() < limit; ++i)
            if (uniform() * total < wanted * weight(a_.distances[i])) out->push_back(i);
    }

    // k-means++ among the candidates, weighted by the number of points that are nearest to each.
    void choose(std::uint32_t part, std::pmr::vector<std::uint32_t>& candidates) {
        if (candidates.size() < k_) draw(part, 2.0 * k_, k_ - candidates.size(), &candidates);
        const std::size_t count = candidates.size();
        std::pmr::vector<double> weights(count, 0.0, memory_);
        for (std::uint32_t i = 0; i < part; ++i)
            if (a_.assigned[i] < count) weights[a_.assigned[i]] += 1;
        std::pmr::vector<const Element*> rows(count, memory_);
        for (std::size_t c = 0; c < count; ++c) rows[c] = point(candidates[c]);
        std::pmr::vector<float> distances(count, std::numeric_limits<float>::max(), memory_);
        std::pmr::vector<float> from_chosen(count, memory_);
        std::uint32_t chosen = 0;
        std::size_t next = below(static_cast<std::uint32_t>(count));
        while (chosen < k_) {
            std::memcpy(centroid(chosen++), rows[next], space_.stride() * sizeof(Element));
            team_->check_for_interrupts();
            space_.distances(rows[next], rows.data(), count, from_chosen.data());
            double total = 0;
            for (std::size_t c = 0; c < count; ++c) {
                distances[c] = std::min(distances[c], from_chosen[c]);
                total += weights[c] * weight(distances[c]);
            }
            if (!(total > 0)) break;
            double at = uniform() * total;
            next = 0;
            for (std::size_t c = 0; c < count; ++c) {
                const double part_of_total = weights[c] * weight(distances[c]);
                if (!(part_of_total > 0)) continue;
                next = c;
                at -= part_of_total;
                if (at < 0) break;
            }
        }
        // There may be fewer different candidates; what points do not need will be given to others or dropped.
        for (; chosen < k_; ++chosen)
            std::memcpy(centroid(chosen), point(below(part)), space_.stride() * sizeof(Element));
        for (std::uint32_t c = 0; c < k_; ++c) a_.biases[c] = space_.prepare(centroid(c));
    }

    // ---------------------------------------------------------------- iterations

    void measure_points() {
        scratch_.resize(Space::scratch_size(kBlock, k_));
        each(blocks(n_), [&](std::uint32_t block) {
            for (std::uint32_t i = block * kBlock; i < end_of(block, n_); ++i) a_.norms[i] = space_.norm(point(i));
        });
    }

    void assign(std::uint32_t part) {
        each(blocks(part), [&](std::uint32_t block) {
            const std::uint32_t begin = block * kBlock;
            space_.assign(point(begin), a_.norms + begin, end_of(block, part) - begin, a_.centroids, a_.biases, k_,
                          scratch_.data(), a_.assigned + begin, a_.distances + begin);
        });
    }

    void iterate(std::uint32_t part) {
        double before = std::numeric_limits<double>::infinity();
        for (int iteration = 0;; ++iteration) {
            assign(part);
            if (team_->leads()) {
                double inertia = 0;
                for (std::uint32_t i = 0; i < part; ++i) inertia += weight(a_.distances[i]);
                shared_->stop =
                    iteration >= options_.max_iterations || !(before - inertia > options_.tolerance * before);
                // The first one measures the start, or centroids that knew a part of the points only.
                if (std::isinf(before) && iteration < options_.max_iterations) shared_->stop = !(inertia > 0);
                before = inertia;
                sort_members(part);
                if (!shared_->stop && fill_empty(part)) sort_members(part);
                shared_->result.inertia = inertia;
                shared_->result.iterations = iteration;
            }
            team_->wait();
            if (shared_->stop) break;
            each(k_, [&](std::uint32_t c) {
                const std::uint32_t begin = a_.offsets[c];
                const std::uint32_t count = a_.offsets[c + 1] - begin;
                if (count == 0) return;
                space_.mean(a_.points, a_.members + begin, count, centroid(c), sums_.data());
                a_.biases[c] = space_.prepare(centroid(c));
            });
            // What another pass would find out is of no use.
            if ((part < n_ || !options_.measures_result) && iteration + 1 >= options_.max_iterations) {
                if (team_->leads()) shared_->result.iterations = iteration + 1;
                break;
            }
        }
    }

    void sort_members(std::uint32_t part) {
        std::fill(a_.offsets, a_.offsets + k_ + 1, 0U);
        for (std::uint32_t i = 0; i < part; ++i) ++a_.offsets[a_.assigned[i] + 1];
        std::partial_sum(a_.offsets, a_.offsets + k_ + 1, a_.offsets);
        for (std::uint32_t i = 0; i < part; ++i) a_.members[a_.offsets[a_.assigned[i]]++] = i;
        std::copy_backward(a_.offsets, a_.offsets + k_, a_.offsets + k_ + 1);
        a_.offsets[0] = 0;
    }

    // Gives each empty cluster a point drawn by its distance: that splits clusters which are large or wide.
    bool fill_empty(std::uint32_t part) {
        std::pmr::vector<std::uint32_t> empty(memory_);
        for (std::uint32_t c = 0; c < k_; ++c)
            if (a_.offsets[c] == a_.offsets[c + 1]) empty.push_back(c);
        if (empty.empty()) return false;
        double total = 0;
        for (std::uint32_t i = 0; i < part; ++i) total += weight(a_.distances[i]);
        if (!(total > 0)) return false;
        // One pass: a draw in each of as many equal shares of the total.
        const double share = total / static_cast<double>(empty.size());
        std::size_t filled = 0;
        double at = 0;
        double target = uniform() * share;
        for (std::uint32_t i = 0; i < part && filled < empty.size(); ++i) {
            at += weight(a_.distances[i]);
            if (!(at > target) || !(a_.distances[i] > 0)) continue;
            a_.assigned[i] = empty[filled++];
            a_.distances[i] = 0;
            target = (static_cast<double>(filled) + uniform()) * share;
        }
        return filled > 0;
    }

    // Drops clusters without points.
    void finish() {
        KMeansResult& result = shared_->result;
        result.clusters = 0;
        double squares = 0;
        for (std::uint32_t c = 0; c < k_; ++c) {
            const double count = a_.offsets[c + 1] - a_.offsets[c];
            if (count == 0) continue;
            squares += count * count;
            if (result.clusters != c) {
                std::memcpy(centroid(result.clusters), centroid(c), space_.stride() * sizeof(Element));
                a_.biases[result.clusters] = a_.biases[c];
            }
            ++result.clusters;
        }
        const double n = n_;
        result.imbalance = squares * result.clusters / (n * n);
    }

    Space space_;
    KMeansOptions options_;
    KMeansArrays<Element> a_;
    std::uint32_t n_;
    std::uint32_t k_;
    KMeansShared* shared_;
    Team* team_;
    std::pmr::memory_resource* memory_;
    std::mt19937_64 random_;  // the leader's
    std::pmr::vector<float> scratch_;
    std::pmr::vector<double> sums_;
    std::uint32_t phase_ = 0;
};

}  // namespace vectorx::cluster
