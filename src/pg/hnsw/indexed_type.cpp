#include "pg/hnsw/indexed_type.h"

#include <cstring>

extern "C" {
#include <access/genam.h>
}

#include "pg/types/vector.h"
#include "vectorx/elementwise.h"

namespace vectorx::pg::hnsw {
namespace {

const Vector* checked_vector(int dimensions, Datum value) {
    const Vector* vector = vector_from_datum(value);
    if (vector->dim != dimensions) {
        ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION),
                        errmsg("different vector dimensions %d and %d", vector->dim, dimensions)));
    }
    return vector;
}

std::byte* encode(const OperatorClass& opclass, const Vector* vector) {
    std::size_t size = vector->size() * sizeof(float);
    auto* payload = static_cast<std::byte*>(palloc(size));
    if (opclass.metric == Metric::kCosine) {
        normalize(vector->x, vector->size(), reinterpret_cast<float*>(payload));
    } else {
        std::memcpy(payload, vector->x, size);
    }
    return payload;
}

}  // namespace

const OperatorClass& operator_class(Relation index) {
    FmgrInfo* procedure = index_getprocinfo(index, 1, kSupportProcedure);
    return *reinterpret_cast<const OperatorClass*>(DatumGetPointer(FunctionCall1(procedure, PointerGetDatum(nullptr))));
}

int indexed_dimensions(Relation index) {
    const OperatorClass& opclass = operator_class(index);
    int dimensions = TupleDescAttr(RelationGetDescr(index), 0)->atttypmod;
    if (dimensions < 0) {
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("column does not have dimensions")));
    }
    if (dimensions > opclass.max_dimensions) {
        ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                        errmsg("column cannot have more than %d dimensions for hnsw index", opclass.max_dimensions)));
    }
    return dimensions;
}

const std::byte* encode_value(const OperatorClass& opclass, int dimensions, Datum value) {
    const Vector* vector = checked_vector(dimensions, value);
    if (opclass.metric == Metric::kCosine && norm(vector->x, vector->size()) == 0) return nullptr;
    return encode(opclass, vector);
}

const std::byte* encode_query(const OperatorClass& opclass, int dimensions, Datum value) {
    return encode(opclass, checked_vector(dimensions, value));
}

const std::byte* encode_zero(const OperatorClass&, int dimensions) {
    return static_cast<std::byte*>(palloc0(static_cast<std::size_t>(dimensions) * sizeof(float)));
}

}  // namespace vectorx::pg::hnsw

using vectorx::Metric;
using vectorx::pg::hnsw::OperatorClass;

// Support functions 1 of the operator classes.
#define OPERATOR_CLASS(function, ...)                       \
    VECTORX_FUNCTION(function) {                            \
        static const OperatorClass opclass = {__VA_ARGS__}; \
        PG_RETURN_POINTER(&opclass);                        \
    }

OPERATOR_CLASS(hnsw_vector_l2_support, Metric::kL2, "vector", 2000)
OPERATOR_CLASS(hnsw_vector_ip_support, Metric::kInnerProduct, "vector", 2000)
OPERATOR_CLASS(hnsw_vector_cosine_support, Metric::kCosine, "vector", 2000)
OPERATOR_CLASS(hnsw_vector_l1_support, Metric::kL1, "vector", 2000)
