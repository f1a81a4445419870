// Kernels on matrices, by Eigen. Included once by each translation unit that holds them for an instruction set.
//
// Eigen is made of templates, whose instances are symbols that objects share. Compiled with machine flags they must not
// become the ones that the linker picks for every CPU, so each of these translation units has an Eigen of its own, in a
// namespace that VECTORX_EIGEN names.
#pragma once

#define Eigen VECTORX_EIGEN
#define EIGEN_MPL2_ONLY
#define EIGEN_DONT_PARALLELIZE
#define EIGEN_NO_DEBUG
#define EIGEN_NO_IO
#include <eigen3/Eigen/Core>

#include "vectorx/kernels.h"

namespace vectorx::simd {
namespace {

using Rows = Eigen::Map<const Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>;
using Values = Eigen::Map<Eigen::Array<float, 1, Eigen::Dynamic>>;
using ConstValues = Eigen::Map<const Eigen::Array<float, 1, Eigen::Dynamic>>;
using Products = Eigen::Map<Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>;

void nearest_centroids(const float* rows, std::size_t row_count, const float* centroids, const float* bias,
                       std::size_t centroid_count, std::size_t dim, float* scratch, std::uint32_t* nearest,
                       float* score) {
    const auto n = static_cast<Eigen::Index>(row_count);
    const auto k = static_cast<Eigen::Index>(centroid_count);
    const auto d = static_cast<Eigen::Index>(dim);
    Products products(scratch, n, k);
    products.noalias() = Rows(rows, n, d) * Rows(centroids, k, d).transpose();
    const ConstValues biases(bias, k);
    for (Eigen::Index i = 0; i < n; ++i) {
        float* const values = scratch + i * k;
        Values scores(values, k);
        scores = biases - scores;
        const float least = scores.minCoeff();
        // Nothing equals NaN: then the first one is as good as any.
        Eigen::Index at = 0;
        while (at < k && !(values[at] == least)) ++at;
        nearest[i] = at < k ? static_cast<std::uint32_t>(at) : 0;
        score[i] = at < k ? least : values[0];
    }
}

}  // namespace
}  // namespace vectorx::simd
