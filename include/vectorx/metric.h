// Distances that an index can order by.
#pragma once

namespace vectorx {

enum class Metric {
    kL2,            // traversal uses the square of the Euclidean distance
    kInnerProduct,  // negated, so that smaller is nearer
    kCosine,        // 1 - cosine; payloads are normalised, so it is 1 - inner product
    kL1,            // taxicab
    kHamming,       // bits that differ
    kJaccard,       // 1 - common bits / bits set in either; 1 where none is common
};

}  // namespace vectorx
