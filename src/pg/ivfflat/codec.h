// What an ivfflat index stores of its types: payloads of one size, as they were given (of unit length for the cosine
// metric).
#pragma once

#include <algorithm>
#include <cstring>

#include "pg/index/indexed_type.h"
#include "pg/types/dense.h"
#include "vectorx/centre.h"
#include "vectorx/rotation.h"

extern "C" {
#include <utils/varbit.h>
}

namespace vectorx::pg::ivfflat {

// As with_codec(), for the types that ivfflat indexes.
template <typename Use>
auto with_list_codec(const OperatorClass& opclass, int dimensions, Use&& use) {
    auto dim = static_cast<std::size_t>(dimensions);
    switch (opclass.type) {
        case IndexedType::kVector:
            return use(DenseCodec<float>(opclass.metric, dim));
        case IndexedType::kHalfvec:
            return use(DenseCodec<Half>(opclass.metric, dim));
        case IndexedType::kBit:
            return use(BitCodec(opclass.metric, dim));
        case IndexedType::kSparsevec:
            break;
    }
    elog(ERROR, "ivfflat has no operator class of this type");
    pg_unreachable();
}

inline std::size_t payload_size(const OperatorClass& opclass, int dimensions) {
    return with_list_codec(opclass, dimensions, [](const auto& codec) { return codec.payload_size(); });
}

// encode_query(), whose error about another dimension names that of the index first, as pgvector's does.
inline const std::byte* encode_list_query(const OperatorClass& opclass, int dimensions, Datum value) {
    if (opclass.type == IndexedType::kVector) {
        const auto* vector = dense_from_datum<float>(value);
        check_same_dimensions(kVectorType, dimensions, vector->dim);
        value = PointerGetDatum(vector);
    } else if (opclass.type == IndexedType::kHalfvec) {
        const auto* vector = dense_from_datum<Half>(value);
        check_same_dimensions(kHalfvecType, dimensions, vector->dim);
        value = PointerGetDatum(vector);
    } else {
        const VarBit* bits = DatumGetVarBitP(value);
        if (VARBITLEN(bits) != dimensions) {
            ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION),
                            errmsg("different bit lengths %u and %u", static_cast<unsigned>(dimensions),
                                   static_cast<unsigned>(VARBITLEN(bits)))));
        }
        value = PointerGetDatum(bits);
    }
    return encode_query(opclass, dimensions, value);
}

// A payload of dense vectors as floats.
inline void payload_to_floats(const OperatorClass& opclass, const std::byte* payload, std::size_t dim, float* out) {
    if (opclass.type == IndexedType::kHalfvec)
        kernels().half_to_float(reinterpret_cast<const Half*>(payload), dim, out);
    else
        std::memcpy(out, payload, dim * sizeof(float));
}

// The same as quantized storage has it: rotated and relative to the origin, which is rotated too.
inline void payload_to_point(const OperatorClass& opclass, const std::byte* payload, std::size_t dim,
                             const float* origin, float* out, float* spare) {
    payload_to_floats(opclass, payload, dim, out);
    rotate(out, spare, dim);
    residual(out, origin, dim, out);
}

// How many distances a codec computes at once.
inline constexpr std::uint32_t kBatch = kMaxLinks;

// Distances to `count` payloads that lie one behind the other.
template <typename Codec>
void distances_to_rows(const Codec& codec, const std::byte* query, const std::byte* rows, std::uint32_t count,
                       float* out) {
    const std::byte* pointers[kBatch];
    for (std::uint32_t done = 0; done < count;) {
        std::uint32_t batch = std::min(kBatch, count - done);
        for (std::uint32_t i = 0; i < batch; ++i) pointers[i] = rows + (done + i) * codec.payload_size();
        codec.distances(query, pointers, static_cast<int>(batch), out + done);
        done += batch;
    }
}

}  // namespace vectorx::pg::ivfflat
