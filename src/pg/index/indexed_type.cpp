#include "pg/index/indexed_type.h"

#include <cstring>

#include "pg/types/halfvec.h"
#include "pg/types/sparsevec.h"
#include "pg/types/vector.h"
#include "vectorx/elementwise.h"

extern "C" {
#include <access/amvalidate.h>
#include <access/genam.h>
#include <catalog/pg_type.h>
#include <utils/regproc.h>
#include <utils/varbit.h>
}

namespace vectorx::pg {
namespace {

std::byte* allocate_payload(std::size_t size) { return static_cast<std::byte*>(palloc(size)); }

// Each of these returns nullptr for a zero vector under the cosine metric, unless it is a query.

template <typename Element>
const std::byte* encode_dense(const OperatorClass& opclass, int dimensions, Datum value, bool is_query) {
    const Dense<Element>* vector = dense_from_datum<Element>(value);
    check_same_dimensions(kDenseType<Element>, vector->dim, dimensions);
    std::size_t size = vector->size() * sizeof(Element);
    std::byte* payload = allocate_payload(size);
    if (opclass.metric != Metric::kCosine) {
        std::memcpy(payload, vector->x, size);
    } else if (!(normalize(vector->x, vector->size(), reinterpret_cast<Element*>(payload)) > 0) && !is_query) {
        return nullptr;
    }
    return payload;
}

const std::byte* encode_bits(int dimensions, Datum value) {
    const VarBit* bits = DatumGetVarBitP(value);
    if (VARBITLEN(bits) != dimensions) {
        ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION),
                        errmsg("different bit lengths %u and %u", static_cast<unsigned>(VARBITLEN(bits)),
                               static_cast<unsigned>(dimensions))));
    }
    auto size = static_cast<std::size_t>(VARBITBYTES(bits));
    std::byte* payload = allocate_payload(size);
    std::memcpy(payload, VARBITS(bits), size);
    return payload;
}

const std::byte* encode_sparse(const OperatorClass& opclass, int dimensions, Datum value, bool is_query) {
    const Sparsevec* vector = sparsevec_from_datum(value);
    check_same_dimensions(kSparsevecType, vector->dim, dimensions);
    if (!is_query && vector->nnz > SparseCodec::kMaxNonZero) {
        ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                        errmsg("sparsevec cannot have more than %d non-zero elements for hnsw index",
                               SparseCodec::kMaxNonZero)));
    }
    std::byte* payload = allocate_payload(SparseCodec::size_for(vector->count()));
    std::memcpy(payload, &vector->nnz, sizeof(int32));
    auto* indices = reinterpret_cast<int32*>(payload + sizeof(int32));
    std::memcpy(indices, vector->indices, vector->count() * sizeof(int32));
    auto* values = reinterpret_cast<float*>(indices + vector->nnz);
    if (opclass.metric != Metric::kCosine) {
        std::memcpy(values, vector->values(), vector->count() * sizeof(float));
    } else if (norm(vector->values(), vector->count()) > 0 || is_query) {
        normalize(vector->values(), vector->count(), values);
    } else {
        return nullptr;
    }
    return payload;
}

const std::byte* encode(const OperatorClass& opclass, int dimensions, Datum value, bool is_query) {
    switch (opclass.type) {
        case IndexedType::kVector:
            return encode_dense<float>(opclass, dimensions, value, is_query);
        case IndexedType::kHalfvec:
            return encode_dense<Half>(opclass, dimensions, value, is_query);
        case IndexedType::kBit:
            return encode_bits(dimensions, value);
        case IndexedType::kSparsevec:
            return encode_sparse(opclass, dimensions, value, is_query);
    }
    pg_unreachable();
}

}  // namespace

const OperatorClass& operator_class(Relation index) {
    FmgrInfo* procedure = index_getprocinfo(index, 1, kSupportProcedure);
    return *reinterpret_cast<const OperatorClass*>(DatumGetPointer(FunctionCall1(procedure, PointerGetDatum(nullptr))));
}

void check_support_procedure(Relation index, const char* access_method) {
    Oid procedure = index_getprocid(index, 1, kSupportProcedure);
    // Without one, operator_class() says so.
    if (!OidIsValid(procedure) || check_amproc_signature(procedure, INTERNALOID, true, 1, 1, INTERNALOID)) return;
    ereport(ERROR, (errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
                    errmsg("function %s cannot be the support function of an operator class for %s",
                           format_procedure_qualified(procedure), access_method),
                    errhint("Use one of vectorx's own operator classes, or name its support function.")));
}

int indexed_dimensions(Relation index, const char* access_method) {
    // Operator classes for bit accept bit varying, whose values differ in length.
    if (TupleDescAttr(RelationGetDescr(index), 0)->atttypid == VARBITOID) {
        ereport(ERROR,
                (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("type not supported for %s index", access_method)));
    }
    int dimensions = TupleDescAttr(RelationGetDescr(index), 0)->atttypmod;
    if (dimensions < 0) {
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("column does not have dimensions")));
    }
    return dimensions;
}

void check_dimensions_limit(int dimensions, int max_dimensions, const char* access_method) {
    if (dimensions <= max_dimensions) return;
    ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                    errmsg("column cannot have more than %d dimensions for %s index", max_dimensions, access_method)));
}

const std::byte* encode_value(const OperatorClass& opclass, int dimensions, Datum value) {
    return encode(opclass, dimensions, value, false);
}

const std::byte* encode_query(const OperatorClass& opclass, int dimensions, Datum value) {
    return encode(opclass, dimensions, value, true);
}

const std::byte* encode_zero(const OperatorClass& opclass, int dimensions) {
    std::size_t size = with_codec(opclass, dimensions, [](const auto& codec) { return codec.payload_size(); });
    return static_cast<std::byte*>(palloc0(size));
}

}  // namespace vectorx::pg
