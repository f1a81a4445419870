#include "pg/hnsw/sample.h"

#include <algorithm>

#include "pg/hnsw/codec.h"
#include "vectorx/centre.h"
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
    medians_of(sample.vectors, sample.count, dim, centre, spare);
    rotate(centre, spare, dim);
    // Numbers so large that their sums are none.
    return all_finite(centre, dim) ? centre : nullptr;
}

bool codes_tell_apart(const VectorSample& sample, Metric metric, const float* centre) {
    // debian-384 and debian-1536 reach 1.000; two clusters of L2 at +-1 in each of 64 dimensions, .5 wide, .933, and at
    // +-3, where a search with ef_search 40 finds .65 instead of .97, .773.
    constexpr double kLeastRecall = 0.95;
    // With fewer rows, there is nothing to be told.
    constexpr std::size_t kLeastRows = 100;
    if (sample.count < kLeastRows) return true;
    ContextMemory memory(CurrentMemoryContext);
    double recall = recall_of_codes(sample.vectors, sample.count, sample.dimensions, metric, centre, &memory);
    elog(DEBUG1, "among a sample of %zu vectors, codes find %.3f of the nearest", sample.count, recall);
    return recall >= kLeastRecall;
}

}  // namespace vectorx::pg::hnsw
