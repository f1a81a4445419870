// k-means for many clusters in two levels: an iteration over all pairs of points and centroids would cost too much, so
// the points are first divided into about the square root of as many cells, and each cell then into clusters of its
// own, in proportion to its points.
#pragma once

#include "core/cluster/kmeans.h"

namespace vectorx::cluster {

template <typename Space>
class Clusterer {
 public:
    using Element = typename Space::Element;

    // As for KMeans.
    Clusterer(const Space& space, const KMeansOptions& options, const KMeansArrays<Element>& arrays,
              std::uint32_t point_count, KMeansShared* shared, Team* team, std::pmr::memory_resource* memory)
        : space_(space),
          options_(options),
          a_(arrays),
          n_(point_count),
          shared_(shared),
          team_(team),
          memory_(memory) {}

    // More than these are found in two levels.
    static constexpr std::uint32_t kFlat = 2048;

    void run() {
        if (options_.clusters <= kFlat || n_ <= options_.clusters) {
            flat(options_.clusters, n_).run();
            return;
        }
        make_cells();
        for (std::uint32_t cell; (cell = shared_->next[0].fetch_add(1)) < cells_;) divide(cell);
        team_->wait();
        if (team_->leads()) {
            shared_->next[0].store(0);
            gather();
        }
        team_->wait();
    }

 private:
    static constexpr std::uint32_t kPointsPerCell = 256;  // that the cells are computed from

    KMeans<Space> flat(std::uint32_t clusters, std::uint32_t points) {
        KMeansOptions options = options_;
        options.clusters = clusters;
        return KMeans<Space>(space_, options, a_, points, shared_, team_, memory_);
    }

    // What is kept of the cells besides their members, behind the offsets of those: where the centroids of each begin.
    std::uint32_t* starts() const { return a_.offsets + cells_ + 1; }

    void make_cells() {
        auto wanted = static_cast<std::uint32_t>(std::sqrt(static_cast<double>(options_.clusters)));
        if (team_->leads()) flat(wanted, n_).shuffle();
        team_->wait();
        flat(wanted, std::min(n_, wanted * kPointsPerCell)).run();
        cells_ = shared_->result.clusters;
        // Whoever has read this may go on and change it.
        team_->wait();
        flat(cells_, n_).assign_all();
        if (team_->leads()) share_out();
        team_->wait();
    }

    // Gives each cell clusters in proportion to its points, rounded so that the sum is that which is wanted.
    void share_out() {
        double share = 0;
        std::uint32_t given = 0;
        for (std::uint32_t cell = 0; cell < cells_; ++cell) {
            starts()[cell] = given;
            share += static_cast<double>(a_.offsets[cell + 1] - a_.offsets[cell]) * options_.clusters / n_;
            given = std::max(given, std::min(options_.clusters, static_cast<std::uint32_t>(share + 0.5)));
            // A cell with points must have a place for them, as long as there are any.
            bool any = a_.offsets[cell + 1] > a_.offsets[cell];
            if (any && given == starts()[cell] && given < options_.clusters) ++given;
        }
        starts()[cells_] = given;
        shared_->result = {};
    }

    // A k-means of its own over the points of a cell, by one participant.
    void divide(std::uint32_t cell) {
        const std::uint32_t* members = a_.members + a_.offsets[cell];
        const std::uint32_t count = a_.offsets[cell + 1] - a_.offsets[cell];
        const std::uint32_t wanted = starts()[cell + 1] - starts()[cell];
        const std::size_t stride = space_.stride();
        KMeansShared result;
        if (count > 0 && wanted > 0) {
            std::pmr::vector<std::byte> bytes(KMeansArrays<Element>::bytes(count, wanted, stride) + 64, memory_);
            auto aligned = (reinterpret_cast<std::uintptr_t>(bytes.data()) + 63) / 64 * 64;
            KMeansArrays<Element> own(reinterpret_cast<std::byte*>(aligned), count, wanted, stride);
            for (std::uint32_t m = 0; m < count; ++m)
                std::copy_n(a_.points + members[m] * stride, stride, own.points + m * stride);
            Alone alone(team_);
            KMeansOptions options = options_;
            options.clusters = wanted;
            options.seed += cell;
            KMeans<Space>(space_, options, own, count, &result, &alone, memory_).run();
            std::copy_n(own.centroids, result.result.clusters * stride, a_.centroids + starts()[cell] * stride);
        }
        // The points' own arrays have served: they take what is known of each cell now.
        a_.assigned[cell] = result.result.clusters;
        a_.distances[cell] = static_cast<float>(result.result.inertia);
        a_.norms[cell] = static_cast<float>(result.result.imbalance);
    }

    // One participant of its own, who still answers interrupts.
    class Alone final : public Team {
     public:
        explicit Alone(Team* team) : team_(team) {}
        bool leads() const override { return true; }
        void wait() override {}
        void check_for_interrupts() override { team_->check_for_interrupts(); }

     private:
        Team* team_;
    };

    // Moves the centroids together, as some cells have fewer than they were given.
    void gather() {
        KMeansResult& result = shared_->result;
        double squares = 0;
        const std::size_t stride = space_.stride();
        for (std::uint32_t cell = 0; cell < cells_; ++cell) {
            const std::uint32_t found = a_.assigned[cell];
            const double count = a_.offsets[cell + 1] - a_.offsets[cell];
            std::copy_n(a_.centroids + starts()[cell] * stride, found * stride,
                        a_.centroids + result.clusters * stride);
            result.clusters += found;
            result.inertia += static_cast<double>(a_.distances[cell]);
            if (found > 0) squares += static_cast<double>(a_.norms[cell]) * count * count / found;
        }
        for (std::uint32_t c = 0; c < result.clusters; ++c) a_.biases[c] = space_.prepare(a_.centroids + c * stride);
        const double n = n_;
        result.imbalance = std::max(1.0, squares * result.clusters / (n * n));
    }

    Space space_;
    KMeansOptions options_;
    KMeansArrays<Element> a_;
    std::uint32_t n_;
    KMeansShared* shared_;
    Team* team_;
    std::pmr::memory_resource* memory_;
    std::uint32_t cells_ = 0;
};

}  // namespace vectorx::cluster
