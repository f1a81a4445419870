#include "pg/hnsw/sample.h"

#include <algorithm>
#include <cmath>

#include "pg/hnsw/codec.h"
#include "vectorx/rotation.h"

extern "C" {
#include <access/tableam.h>
#include <utils/sampling.h>
}

namespace vectorx::pg::hnsw {
namespace {

constexpr std::size_t kBlocks = 100;
constexpr std::size_t kSampledRows = 1000;
constexpr std::size_t kMemory = std::size_t{4} << 20;

struct Sampling {
    const OperatorClass& opclass;
    MemoryContext row_context;
    std::size_t capacity;
    VectorSample* sample;
};

void add_row(Relation, ItemPointer, Datum* values, bool* isnull, bool, void* state) {
    auto* sampling = static_cast<Sampling*>(state);
    VectorSample* sample = sampling->sample;
    if (isnull[0] || sample->count >= sampling->capacity) return;
    // Called by PostgreSQL, which an exception must not cross.
    guard([&] {
        MemoryContext caller = MemoryContextSwitchTo(sampling->row_context);
        float* vector = sample->vectors + sample->count * sample->dimensions;
        sample->count += to_floats(sampling->opclass, static_cast<int>(sample->dimensions), values[0], false, vector);
        MemoryContextSwitchTo(caller);
        MemoryContextReset(sampling->row_context);
    });
}

}  // namespace

VectorSample sample_vectors(Relation heap, Relation index, IndexInfo* info, const OperatorClass& opclass,
                            int dimensions) {
    VectorSample sample;
    sample.dimensions = static_cast<std::size_t>(dimensions);
    std::size_t capacity = std::min(kSampledRows, kMemory / (sample.dimensions * sizeof(float)));
    sample.vectors = static_cast<float*>(palloc(capacity * sample.dimensions * sizeof(float)));
    Sampling sampling = {opclass,
                         AllocSetContextCreate(CurrentMemoryContext, "hnsw sample row", ALLOCSET_DEFAULT_SIZES),
                         capacity, &sample};
    BlockSamplerData sampler;
    BlockSampler_Init(&sampler, RelationGetNumberOfBlocks(heap), kBlocks, 1);
    while (BlockSampler_HasMore(&sampler) && sample.count < capacity) {
        CHECK_FOR_INTERRUPTS();
        BlockNumber block = BlockSampler_Next(&sampler);
        table_index_build_range_scan(heap, index, info, false, true, false, block, 1, add_row, &sampling, nullptr);
    }
    MemoryContextDelete(sampling.row_context);
    return sample;
}

const float* centre_of(const VectorSample& sample, Metric metric) {
    if (sample.count == 0 || metric == Metric::kInnerProduct) return nullptr;
    std::size_t dim = sample.dimensions;
    auto* centre = static_cast<float*>(palloc(dim * sizeof(float)));
    auto* spare = static_cast<float*>(palloc(std::max(dim, sample.count) * sizeof(float)));
    for (std::size_t i = 0; i < dim; ++i) {
        for (std::size_t row = 0; row < sample.count; ++row) spare[row] = sample[row][i];
        std::nth_element(spare, spare + sample.count / 2, spare + sample.count);
        centre[i] = spare[sample.count / 2];
    }
    rotate(centre, spare, dim);
    // Numbers so large that their sums are none.
    bool finite = std::all_of(centre, centre + dim, [](float x) { return std::isfinite(x); });
    return finite ? centre : nullptr;
}

bool codes_tell_apart(const VectorSample& sample, Metric metric, const float* centre) {
    // The few nearest of a sample are as far as many are in the whole, so it takes few of them and few candidates.
    // debian-384 and debian-1536 reach 1.000; two clusters of L2 at +-1 in each of 64 dimensions, .5 wide, .933, and at
    // +-3, where a search with ef_search 40 finds .65 instead of .97, .773.
    constexpr std::size_t kLeastRows = 100;
    constexpr std::size_t kQueries = 50;
    constexpr std::size_t kNearest = 3;
    constexpr std::size_t kCandidates = 6;
    constexpr double kLeastRecall = 0.95;
    if (sample.count < kLeastRows) return true;

    std::size_t dim = sample.dimensions;
    DenseCodec<float> exact(metric, dim);
    QuantizedCodec<4> codec(metric, dim, centre);
    auto* floats = static_cast<float*>(palloc(2 * dim * sizeof(float)));
    auto* payloads = static_cast<std::byte*>(palloc(sample.count * codec.payload_size()));
    auto* query = static_cast<std::byte*>(palloc(codec.query_size()));
    for (std::size_t i = 0; i < sample.count; ++i) {
        std::copy(sample[i], sample[i] + dim, floats);
        codec.encode(floats, floats + dim, payloads + i * codec.payload_size());
    }
    auto* exact_distances = static_cast<float*>(palloc(sample.count * sizeof(float)));
    auto* sorted = static_cast<float*>(palloc(sample.count * sizeof(float)));
    auto* by_code = static_cast<Candidate*>(palloc(sample.count * sizeof(Candidate)));
    std::size_t hits = 0;
    for (std::size_t q = 0; q < kQueries; ++q) {
        CHECK_FOR_INTERRUPTS();
        // Scattered, as rows may lie in the table by turns.
        std::size_t self = q * 7919 % sample.count;
        std::copy(sample[self], sample[self] + dim, floats);
        codec.encode_query(floats, floats + dim, query);
        for (std::size_t i = 0; i < sample.count; ++i) {
            const std::byte* payload = payloads + i * codec.payload_size();
            exact_distances[i] = exact.distance(reinterpret_cast<const std::byte*>(sample[self]),
                                                reinterpret_cast<const std::byte*>(sample[i]));
            codec.distances(query, &payload, 1, &by_code[i].distance);
            by_code[i].node = static_cast<NodeId>(i);
        }
        std::copy(exact_distances, exact_distances + sample.count, sorted);
        std::nth_element(sorted, sorted + kNearest - 1, sorted + sample.count);
        std::nth_element(by_code, by_code + kCandidates, by_code + sample.count);
        std::size_t near = 0;
        for (std::size_t i = 0; i < kCandidates; ++i) near += exact_distances[by_code[i].node] <= sorted[kNearest - 1];
        hits += std::min(near, kNearest);
    }
    double recall = static_cast<double>(hits) / static_cast<double>(kNearest * kQueries);
    elog(DEBUG1, "among a sample of %zu vectors, codes find %.3f of the nearest", sample.count, recall);
    return recall >= kLeastRecall;
}

}  // namespace vectorx::pg::hnsw
