#include "vectorx/centre.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "vectorx/elementwise.h"
#include "vectorx/plain_codec.h"
#include "vectorx/quantized_codec.h"

namespace vectorx {

void mean_of(const float* vectors, std::size_t count, std::size_t dim, float* mean, std::pmr::memory_resource* memory) {
    std::pmr::vector<double> sums(dim, 0.0, memory);
    for (std::size_t i = 0; i < count; ++i) add(sums.data(), vectors + i * dim, dim, sums.data());
    divide(sums.data(), static_cast<double>(count), dim, mean);
}

void medians_of(const float* vectors, std::size_t count, std::size_t dim, float* medians, float* spare) {
    for (std::size_t i = 0; i < dim; ++i) {
        for (std::size_t row = 0; row < count; ++row) spare[row] = vectors[row * dim + i];
        std::nth_element(spare, spare + count / 2, spare + count);
        medians[i] = spare[count / 2];
    }
}

void residual(const float* x, const float* centre, std::size_t dim, float* out) {
    for (std::size_t i = 0; i < dim; ++i) out[i] = x[i] - centre[i];
}

bool all_finite(const float* x, std::size_t dim) {
    return std::all_of(x, x + dim, [](float value) { return std::isfinite(value); });
}

double recall_of_codes(const float* vectors, std::size_t count, std::size_t dim, Metric metric, const float* centre,
                       std::pmr::memory_resource* memory) {
    constexpr std::size_t kQueries = 50;
    constexpr std::size_t kNearest = 3;
    constexpr std::size_t kCandidates = 6;
    DenseCodec<float> exact(metric, dim);
    QuantizedCodec<4> codec(metric, dim, centre);
    std::pmr::vector<float> vector(dim, memory), spare(dim, memory);
    std::pmr::vector<std::byte> payloads(count * codec.payload_size(), memory), query(codec.query_size(), memory);
    for (std::size_t i = 0; i < count; ++i) {
        vector.assign(vectors + i * dim, vectors + (i + 1) * dim);
        codec.encode(vector.data(), spare.data(), payloads.data() + i * codec.payload_size());
    }
    std::pmr::vector<float> distances(count, memory), sorted(count, memory);
    std::pmr::vector<Candidate> by_code(count, memory);
    std::size_t hits = 0;
    for (std::size_t q = 0; q < kQueries; ++q) {
        // Scattered, as different kinds of vectors may follow each other by turns.
        const float* self = vectors + q * 7919 % count * dim;
        vector.assign(self, self + dim);
        codec.encode_query(vector.data(), spare.data(), query.data());
        for (std::size_t i = 0; i < count; ++i) {
            const std::byte* payload = payloads.data() + i * codec.payload_size();
            distances[i] = exact.distance(reinterpret_cast<const std::byte*>(self),
                                          reinterpret_cast<const std::byte*>(vectors + i * dim));
            codec.distances(query.data(), &payload, 1, &by_code[i].distance);
            by_code[i].node = static_cast<NodeId>(i);
        }
        sorted = distances;
        std::nth_element(sorted.begin(), sorted.begin() + kNearest - 1, sorted.end());
        std::nth_element(by_code.begin(), by_code.begin() + kCandidates - 1, by_code.end());
        std::size_t near = 0;
        for (std::size_t i = 0; i < kCandidates; ++i) near += distances[by_code[i].node] <= sorted[kNearest - 1];
        hits += std::min(near, kNearest);
    }
    return static_cast<double>(hits) / static_cast<double>(kNearest * kQueries);
}

}  // namespace vectorx
