// What a codec is: how a store keeps vectors (payloads), and what their distances are. Stores take it as a template
// parameter. plain_codec.h and sparse_codec.h keep vectors as they are given, quantized_codec.h codes of them.
#pragma once

#include <concepts>
#include <cstddef>
#include <memory_resource>
#include <vector>

namespace vectorx {

template <typename C>
concept Codec = requires(const C& codec, const std::byte* payload, const std::byte* query,
                         const std::byte* const* payloads, int count, float* out) {
    // Whether payloads differ in size. If so, payload_size() is the largest.
    { C::kVariableSize } -> std::convertible_to<bool>;
    { codec.payload_size() } -> std::same_as<std::size_t>;
    { codec.size_of(payload) } -> std::same_as<std::size_t>;
    // Whether a query has the form of a payload. If not, the codec has query_size(), make_query(payload, query) and
    // payload_distances(payload, payloads, count, out).
    { C::kQueryIsPayload } -> std::convertible_to<bool>;
    // Whether ratios of distances mean something, as they do not where distances can be negative.
    { codec.has_ratios() } -> std::same_as<bool>;
    // Never NaN. All three ways to compute a distance give the same bits.
    { codec.distance(payload, payload) } -> std::same_as<float>;
    codec.distances(query, payloads, count, out);
};

// A payload as a query, in `room` if it has another form.
template <Codec C>
const std::byte* query_of(const C& codec, const std::byte* payload, std::pmr::vector<std::byte>& room) {
    if constexpr (C::kQueryIsPayload) {
        return payload;
    } else {
        room.resize(codec.query_size());
        codec.make_query(payload, room.data());
        return room.data();
    }
}

// Distances from one payload to others.
template <Codec C>
void payload_distances(const C& codec, const std::byte* from, const std::byte* const* payloads, int count, float* out) {
    if constexpr (C::kQueryIsPayload)
        codec.distances(from, payloads, count, out);
    else
        codec.payload_distances(from, payloads, count, out);
}

}  // namespace vectorx
