// The codec of an index, and how values become its payloads and queries.
#pragma once

#include "pg/hnsw/centre.h"
#include "vectorx/quantized_codec.h"

namespace vectorx::pg::hnsw {

// Whether vectors of this operator class can be kept as codes.
bool can_be_quantized(const OperatorClass& opclass);

// Calls `use(codec)` with the codec of an index of this storage; `centre` as QuantizedCodec has it.
template <typename Use>
auto with_codec_of(const OperatorClass& opclass, Storage storage, int dimensions, const float* centre, Use&& use) {
    if (storage == Storage::kQuantized)
        return use(QuantizedCodec<4>(opclass.metric, static_cast<std::size_t>(dimensions), centre));
    return with_codec(opclass, dimensions, use);
}

// The same for an index; the centre goes to the current memory context.
template <typename Use>
auto with_index_codec(Relation index, const MetaPage& meta, Use&& use) {
    return with_codec_of(operator_class(index), meta.storage, static_cast<int>(meta.dimensions),
                         read_centre(index, meta), use);
}

// Converts a value of type vector or halfvec to floats, of unit length for the cosine metric. Returns false, and leaves
// `out` alone, for a zero vector under the cosine metric that is not a query.
bool to_floats(const OperatorClass& opclass, int dimensions, Datum value, bool is_query, float* out);

// A value as a payload in the current memory context, or nullptr if it is not indexed.
template <typename Codec>
const std::byte* payload_of_value(const OperatorClass& opclass, const MetaPage& meta, const Codec& codec, Datum value) {
    if constexpr (Codec::kQueryIsPayload) {
        return encode_value(opclass, static_cast<int>(meta.dimensions), value);
    } else {
        auto* vector = static_cast<float*>(palloc(2 * codec.dim() * sizeof(float)));
        if (!to_floats(opclass, static_cast<int>(meta.dimensions), value, false, vector)) return nullptr;
        auto* payload = static_cast<std::byte*>(palloc(codec.payload_size()));
        codec.encode(vector, vector + codec.dim(), payload);
        return payload;
    }
}

// A value as a query in the current memory context; NULL is taken for a zero vector.
template <typename Codec>
const std::byte* query_of_value(const OperatorClass& opclass, const MetaPage& meta, const Codec& codec, Datum value,
                                bool is_null) {
    int dimensions = static_cast<int>(meta.dimensions);
    if constexpr (Codec::kQueryIsPayload) {
        return is_null ? encode_zero(opclass, dimensions) : encode_query(opclass, dimensions, value);
    } else {
        auto* vector = static_cast<float*>(palloc0(2 * codec.dim() * sizeof(float)));
        if (!is_null) to_floats(opclass, dimensions, value, true, vector);
        auto* query = static_cast<std::byte*>(palloc(codec.query_size()));
        codec.encode_query(vector, vector + codec.dim(), query);
        return query;
    }
}

}  // namespace vectorx::pg::hnsw
