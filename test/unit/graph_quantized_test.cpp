// Graphs over codes: built on estimates of distances, asked for candidates that are then ranked by the vectors.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "graph_checks.h"
#include "vectorx/quantized_codec.h"

namespace vectorx {
namespace {

using test::expect_built;
using test::Vectors;
using Codec = QuantizedCodec<4>;

double squared_difference(const float* a, const float* b, std::size_t dim) {
    double sum = 0;
    for (std::size_t i = 0; i < dim; ++i) sum += double{a[i] - b[i]} * double{a[i] - b[i]};
    return sum;
}

class QuantizedGraph : public testing::TestWithParam<std::tuple<Metric, int>> {};

// On vectors of unit length all metrics order alike.
TEST_P(QuantizedGraph, FindsNeighboursInTheSample) {
    auto [metric, threads] = GetParam();
    const Vectors& base = test::sample_base();
    const Vectors& queries = test::sample_queries();
    std::size_t dim = base.dim;
    Codec codec(metric, dim, nullptr);
    auto graph = std::make_unique<LocalGraph<Codec>>(GraphOptions(), codec, static_cast<std::uint32_t>(base.count()));
    std::vector<float> vector(dim), spare(dim);
    std::vector<std::byte> payload(codec.payload_size()), query(codec.query_size());
    for (std::size_t i = 0; i < base.count(); ++i) {
        vector.assign(base[i], base[i] + dim);
        codec.encode(vector.data(), spare.data(), payload.data());
        graph->add(payload.data(), i);
    }
    graph->build(threads);
    expect_built(graph->store());

    constexpr std::size_t kWanted = 10, kEf = 40, kRanked = 25;
    SearchScratch scratch(graph->store().options(), kEf, test::memory());
    std::size_t hits = 0;
    for (std::size_t q = 0; q < queries.count(); ++q) {
        std::vector<double> exact;
        for (std::size_t i = 0; i < base.count(); ++i) exact.push_back(squared_difference(queries[q], base[i], dim));
        std::nth_element(exact.begin(), exact.begin() + kWanted - 1, exact.end());
        vector.assign(queries[q], queries[q] + dim);
        codec.encode_query(vector.data(), spare.data(), query.data());
        search_graph(graph->store(), query.data(), kEf, scratch);
        ASSERT_EQ(scratch.results.size(), kEf);
        // Equal vectors share a node, so each candidate stands for all that are as near.
        std::size_t near = 0;
        for (std::size_t i = 0; i < kRanked; ++i) {
            const ArenaNode& node = graph->store().header(scratch.results[i].node);
            for (NodeId row = scratch.results[i].node; row != kNoNode; row = graph->store().header(row).next_equal)
                near += squared_difference(queries[q], base[node.row], dim) <= exact[kWanted - 1] + 1e-6;
        }
        hits += std::min(near, kWanted);
    }
    EXPECT_GE(static_cast<double>(hits) / static_cast<double>(kWanted * queries.count()), 0.975);
}

INSTANTIATE_TEST_SUITE_P(, QuantizedGraph,
                         testing::Combine(testing::Values(Metric::kL2, Metric::kCosine, Metric::kInnerProduct),
                                          testing::Values(1, 4)));

}  // namespace
}  // namespace vectorx
