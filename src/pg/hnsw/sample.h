// A sample of the vectors that an index is built on: where their middle is, and whether codes tell them apart.
#pragma once

#include "pg/index/indexed_type.h"

extern "C" {
#include <nodes/execnodes.h>
}

namespace vectorx::pg::hnsw {

struct VectorSample {
    std::size_t dimensions;
    float* vectors = nullptr;  // count x dimensions, as to_floats() gives them
    std::size_t count = 0;
};

// Some hundred rows of some blocks, in the current memory context; always the same ones of the same table.
VectorSample sample_vectors(Relation heap, Relation index, IndexInfo* info, const OperatorClass& opclass,
                            int dimensions);

// The median of each coordinate, rotated, which a few vectors far away do not move; nullptr if there is no vector, or
// if the metric is the inner product, which has no centre.
const float* centre_of(const VectorSample& sample, Metric metric);

// Whether codes suit these vectors (recall_of_codes()).
bool codes_tell_apart(const VectorSample& sample, Metric metric, const float* centre);

}  // namespace vectorx::pg::hnsw
