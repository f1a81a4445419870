// The vocabulary of clustering (src/core/cluster): who computes, what is asked for, what comes out.
#pragma once

#include <cstddef>
#include <cstdint>

namespace vectorx {

// Those who compute together: one thread, several, or processes that share memory. Each of them runs the same code with
// a Team of its own; what they share is written by one between two waits.
class Team {
 public:
    // Whether this participant does what only one may do.
    virtual bool leads() const = 0;
    // Returns when all have come here. Whatever one wrote before is then visible to all.
    virtual void wait() = 0;
    // Called every few milliseconds of work. It may leave without returning (throw, longjmp): nothing then remains that
    // only a destructor would free, except for memory of the resource that was handed in.
    virtual void check_for_interrupts() = 0;

 protected:
    ~Team() = default;
};

// A team of one.
class Solo final : public Team {
 public:
    bool leads() const override { return true; }
    void wait() override {}
    void check_for_interrupts() override {}
};

struct KMeansOptions {
    std::uint32_t clusters = 1;
    std::uint64_t seed = 1;
    // Over all points; there are as many over a part of them before.
    int max_iterations = 20;
    // Stops when an iteration lowers the inertia by less than this part.
    double tolerance = 5e-4;
    // Whether a last pass over the points finds out what the result is worth; without, inertia and imbalance are those
    // before the last iteration.
    bool measures_result = true;
};

struct KMeansResult {
    // At most as many as asked for: no cluster is empty, so there are no more than distinct points.
    std::uint32_t clusters = 0;
    int iterations = 0;  // over all points
    double inertia = 0;  // sum of the squared distances of the points to their centroids; of bits, of the distances
    // How much longer the list is in which a point lies, on average, than if all were equally long: at least 1.
    double imbalance = 1;
};

}  // namespace vectorx
