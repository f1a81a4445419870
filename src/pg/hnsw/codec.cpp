#include "pg/hnsw/codec.h"

#include <cstring>

#include "vectorx/kernels.h"

namespace vectorx::pg::hnsw {

bool can_be_quantized(const OperatorClass& opclass) {
    bool dense = opclass.type == IndexedType::kVector || opclass.type == IndexedType::kHalfvec;
    return dense && (opclass.metric == Metric::kL2 || opclass.metric == Metric::kInnerProduct ||
                     opclass.metric == Metric::kCosine);
}

bool to_floats(const OperatorClass& opclass, int dimensions, Datum value, bool is_query, float* out) {
    const std::byte* plain =
        is_query ? encode_query(opclass, dimensions, value) : encode_value(opclass, dimensions, value);
    if (plain == nullptr) return false;
    if (opclass.type == IndexedType::kHalfvec)
        kernels().half_to_float(reinterpret_cast<const Half*>(plain), static_cast<std::size_t>(dimensions), out);
    else
        std::memcpy(out, plain, static_cast<std::size_t>(dimensions) * sizeof(float));
    return true;
}

}  // namespace vectorx::pg::hnsw
