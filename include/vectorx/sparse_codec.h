// The codec of sparse vectors as they were given (of unit length for the cosine metric). A payload is
// {int32 nnz; int32 indices[nnz]; float values[nnz]}; payloads differ in size.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "vectorx/metric.h"
#include "vectorx/plain_codec.h"
#include "vectorx/sparse.h"

namespace vectorx {

class SparseCodec {
 public:
    explicit SparseCodec(Metric metric) : metric_(metric) {}

    // Non-zero elements of a payload; a query may have more.
    static constexpr std::int32_t kMaxNonZero = 1000;

    static constexpr bool kVariableSize = true;
    static constexpr bool kQueryIsPayload = true;
    static constexpr std::size_t size_for(std::size_t nnz) {
        return sizeof(std::int32_t) + nnz * (sizeof(std::int32_t) + sizeof(float));
    }
    std::size_t payload_size() const { return size_for(kMaxNonZero); }
    std::size_t size_of(const std::byte* payload) const { return size_for(view(payload).nnz); }
    bool has_ratios() const { return metric_ != Metric::kInnerProduct; }

    float distance(const std::byte* a, const std::byte* b) const { return distance(view(a), view(b)); }

    void distances(const std::byte* query, const std::byte* const* payloads, int count, float* out) const {
        SparseView q = view_of(query, nnz_of(query));
        for (int i = 0; i < count; ++i) out[i] = distance(q, view(payloads[i]));
    }

 private:
    static std::int32_t nnz_of(const std::byte* payload) {
        std::int32_t nnz;
        std::memcpy(&nnz, payload, sizeof(nnz));
        return nnz;
    }

    // Whatever a payload's count says, no more is read than the largest payload can hold.
    static SparseView view(const std::byte* payload) {
        return view_of(payload, std::clamp(nnz_of(payload), std::int32_t{0}, kMaxNonZero));
    }

    // Dimensions play no part: whoever encodes checks that they are equal.
    static SparseView view_of(const std::byte* payload, std::int32_t nnz) {
        const auto* indices = reinterpret_cast<const std::int32_t*>(payload + sizeof(std::int32_t));
        return {indices, reinterpret_cast<const float*>(indices + nnz), static_cast<std::size_t>(nnz), 0};
    }

    float distance(const SparseView& a, const SparseView& b) const {
        switch (metric_) {
            case Metric::kL2:
                return ordered_distance(l2_squared(a, b));
            case Metric::kL1:
                return ordered_distance(l1(a, b));
            case Metric::kInnerProduct:
                return ordered_distance(-inner_product(a, b));
            default:
                return ordered_distance(1 - inner_product(a, b));
        }
    }

    Metric metric_;
};

}  // namespace vectorx
