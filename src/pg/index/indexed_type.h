// What an index of a given operator class stores, and how a column's value becomes a payload.
#pragma once

#include "pg/boundary.h"

extern "C" {
#include <utils/rel.h>
}

#include "vectorx/metric.h"
#include "vectorx/plain_codec.h"
#include "vectorx/sparse_codec.h"

namespace vectorx::pg {

enum class IndexedType { kVector, kHalfvec, kBit, kSparsevec };

// Answers of an operator class's support function 1: a static object for each operator class.
struct OperatorClass {
    IndexedType type;
    Metric metric;
    int max_dimensions;
};

inline constexpr int kSupportProcedure = 1;

const OperatorClass& operator_class(Relation index);

// CREATE INDEX's error for an operator class whose support function 1 is none of ours: operator_class() calls it
// unseen.
void check_support_procedure(Relation index, const char* access_method);

// The column's dimensions (of bit strings, their length); errors of CREATE INDEX for a column without, or with too
// many, which name the access method.
int indexed_dimensions(Relation index, const char* access_method);

// Calls `use(codec)` with the codec of an index of this operator class and dimension.
template <typename Use>
auto with_codec(const OperatorClass& opclass, int dimensions, Use&& use) {
    auto dim = static_cast<std::size_t>(dimensions);
    switch (opclass.type) {
        case IndexedType::kVector:
            return use(DenseCodec<float>(opclass.metric, dim));
        case IndexedType::kHalfvec:
            return use(DenseCodec<Half>(opclass.metric, dim));
        case IndexedType::kBit:
            return use(BitCodec(opclass.metric, dim));
        case IndexedType::kSparsevec:
            return use(SparseCodec(opclass.metric));
    }
    pg_unreachable();
}

// Encodes a column's value as a payload in the current memory context. Returns nullptr if the value is not indexed: a
// zero vector under the cosine metric.
const std::byte* encode_value(const OperatorClass& opclass, int dimensions, Datum value);

// The same for a query, for which a zero vector is as good as any other.
const std::byte* encode_query(const OperatorClass& opclass, int dimensions, Datum value);

// A zero vector.
const std::byte* encode_zero(const OperatorClass& opclass, int dimensions);

}  // namespace vectorx::pg

// Defines support function 1 of an operator class; what follows initialises its OperatorClass.
#define VECTORX_OPERATOR_CLASS(function, ...)                            \
    VECTORX_FUNCTION(function) {                                         \
        static const vectorx::pg::OperatorClass opclass = {__VA_ARGS__}; \
        PG_RETURN_POINTER(&opclass);                                     \
    }
