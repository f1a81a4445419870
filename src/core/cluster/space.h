// What k-means needs to know of the points: their elements, which centroid is the nearest, and what a centroid is.
//
// A Space has
//     Element                                    of points and centroids, which are rows of stride() of them
//     prepare(centroid) -> float                 makes a centroid one of the space; returns its bias for assign()
//     norm(point) -> float                       what assign() needs to know of a point
//     assign(rows, norms, count, centroids, biases, centroid_count, scratch, nearest, distances)
//     distances(query, rows, count, out)         squared distances to scattered rows; Hamming distances of bits
//     mean(points, members, count, centroid, sums)
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "vectorx/elementwise.h"
#include "vectorx/kernels.h"

namespace vectorx::cluster {

// Vectors of floats under the Euclidean distance. Spherical: points have unit length, and so have centroids, so that
// the nearest one is that with the largest inner product.
class DenseSpace {
 public:
    using Element = float;

    DenseSpace(std::size_t dim, bool spherical) : dim_(dim), spherical_(spherical) {}

    std::size_t stride() const { return dim_; }
    std::size_t sums_size() const { return dim_; }
    static std::size_t scratch_size(std::size_t rows, std::size_t centroids) { return rows * centroids; }

    float norm(const float* point) const { return kernels_->inner_product(point, point, dim_); }

    float prepare(float* centroid) const {
        if (spherical_) {
            double sum = 0;
            for (std::size_t i = 0; i < dim_; ++i) sum += static_cast<double>(centroid[i]) * centroid[i];
            // The mean of points that cancel out has no direction; any will do.
            if (!(sum > 0)) {
                std::fill(centroid, centroid + dim_, 0.0F);
                centroid[0] = 1;
            } else {
                double scale = 1 / std::sqrt(sum);
                for (std::size_t i = 0; i < dim_; ++i)
                    centroid[i] = static_cast<float>(static_cast<double>(centroid[i]) * scale);
            }
        }
        return norm(centroid) / 2;
    }

    void assign(const float* rows, const float* norms, std::size_t count, const float* centroids, const float* biases,
                std::size_t centroid_count, float* scratch, std::uint32_t* nearest, float* distances) const {
        kernels_->nearest_centroids(rows, count, centroids, biases, centroid_count, dim_, scratch, nearest, distances);
        for (std::size_t i = 0; i < count; ++i) distances[i] = std::max(0.0F, norms[i] + 2 * distances[i]);
    }

    void distances(const float* query, const float* const* rows, std::size_t count, float* out) const {
        kernels_->l2_squared_batch(query, rows, count, dim_, out);
    }

    void mean(const float* points, const std::uint32_t* members, std::size_t count, float* centroid,
              double* sums) const {
        std::fill(sums, sums + dim_, 0.0);
        add_rows(points, members, count, dim_, sums);
        const double scale = 1 / static_cast<double>(count);
        for (std::size_t i = 0; i < dim_; ++i) centroid[i] = static_cast<float>(sums[i] * scale);
    }

 private:
    std::size_t dim_;
    bool spherical_;
    const Kernels* kernels_ = &kernels();
};

// Bit strings under the Hamming distance, as bytes; a centroid has the bits that most of its points have (k-majority).
class BitSpace {
 public:
    using Element = std::uint8_t;

    explicit BitSpace(std::size_t bits) : size_((bits + 7) / 8) {}

    std::size_t stride() const { return size_; }
    std::size_t sums_size() const { return size_ * 8; }
    // Room for a pointer to each centroid and a distance to it.
    static std::size_t scratch_size(std::size_t, std::size_t centroids) {
        return centroids * (sizeof(const std::uint8_t*) + sizeof(std::uint64_t)) / sizeof(float) + 4;
    }

    static float norm(const std::uint8_t*) { return 0; }
    static float prepare(std::uint8_t*) { return 0; }

    void assign(const std::uint8_t* rows, const float*, std::size_t count, const std::uint8_t* centroids, const float*,
                std::size_t centroid_count, float* scratch, std::uint32_t* nearest, float* distances) const {
        auto address = (reinterpret_cast<std::uintptr_t>(scratch) + 7) & ~std::uintptr_t{7};
        auto** pointers = reinterpret_cast<const std::uint8_t**>(address);
        auto* sums = reinterpret_cast<std::uint64_t*>(pointers + centroid_count);
        for (std::size_t c = 0; c < centroid_count; ++c) pointers[c] = centroids + c * size_;
        for (std::size_t i = 0; i < count; ++i) {
            kernels_->hamming_batch(rows + i * size_, pointers, centroid_count, size_, sums);
            const std::uint64_t* least = std::min_element(sums, sums + centroid_count);
            nearest[i] = static_cast<std::uint32_t>(least - sums);
            distances[i] = static_cast<float>(*least);
        }
    }

    void distances(const std::uint8_t* query, const std::uint8_t* const* rows, std::size_t count, float* out) const {
        for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<float>(kernels_->hamming(query, rows[i], size_));
    }

    void mean(const std::uint8_t* points, const std::uint32_t* members, std::size_t count, std::uint8_t* centroid,
              double* sums) const {
        std::fill(sums, sums + size_ * 8, 0.0);
        for (std::size_t m = 0; m < count; ++m) {
            const std::uint8_t* point = points + members[m] * size_;
            for (std::size_t i = 0; i < size_ * 8; ++i) sums[i] += (point[i / 8] >> (i % 8)) & 1;
        }
        std::fill(centroid, centroid + size_, std::uint8_t{0});
        const double half = static_cast<double>(count) / 2;
        for (std::size_t i = 0; i < size_ * 8; ++i)
            if (sums[i] > half) centroid[i / 8] = static_cast<std::uint8_t>(centroid[i / 8] | (1U << (i % 8)));
    }

 private:
    std::size_t size_;
    const Kernels* kernels_ = &kernels();
};

}  // namespace vectorx::cluster
