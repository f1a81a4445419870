// Codecs that keep values as they were given (of unit length for the cosine metric): distances are exact up to float
// rounding.
#pragma once

#include <cmath>
#include <cstddef>
#include <limits>
#include <type_traits>

#include "vectorx/graph.h"
#include "vectorx/kernels.h"
#include "vectorx/metric.h"

namespace vectorx {

// Products that overflow can make NaN, which has no place in an order: such a node is as far as can be.
inline float ordered_distance(float distance) {
    return std::isnan(distance) ? std::numeric_limits<float>::infinity() : distance;
}

// Dense vectors of float or Half; a payload is the array of elements.
template <typename Element>
class DenseCodec {
 public:
    DenseCodec(Metric metric, std::size_t dim) : dim_(dim) {
        const Kernels& k = kernels();
        if (metric == Metric::kInnerProduct || metric == Metric::kCosine) sign_ = -1;
        if (metric == Metric::kCosine) offset_ = 1;
        if constexpr (std::is_same_v<Element, float>) {
            kernel_ = choose(metric, k.l2_squared, k.inner_product, k.l1);
            batch_ = choose(metric, k.l2_squared_batch, k.inner_product_batch, k.l1_batch);
        } else {
            kernel_ = choose(metric, k.half_l2_squared, k.half_inner_product, k.half_l1);
            batch_ = choose(metric, k.half_l2_squared_batch, k.half_inner_product_batch, k.half_l1_batch);
        }
    }

    static constexpr bool kVariableSize = false;
    static constexpr bool kQueryIsPayload = true;
    std::size_t payload_size() const { return dim_ * sizeof(Element); }
    std::size_t size_of(const std::byte*) const { return payload_size(); }

    bool has_ratios() const { return sign_ > 0 || offset_ != 0; }

    float distance(const std::byte* a, const std::byte* b) const {
        return finish(kernel_(reinterpret_cast<const Element*>(a), reinterpret_cast<const Element*>(b), dim_));
    }

    void distances(const std::byte* query, const std::byte* const* payloads, int count, float* out) const {
        batch_(reinterpret_cast<const Element*>(query), reinterpret_cast<const Element* const*>(payloads),
               static_cast<std::size_t>(count), dim_, out);
        for (int i = 0; i < count; ++i) out[i] = finish(out[i]);
    }

 private:
    template <typename Kernel>
    static Kernel choose(Metric metric, Kernel l2_squared, Kernel inner_product, Kernel l1) {
        return metric == Metric::kL2 ? l2_squared : metric == Metric::kL1 ? l1 : inner_product;
    }

    float finish(float raw) const { return ordered_distance(sign_ * raw + offset_); }

    std::size_t dim_;
    DistanceKernel<Element, float> kernel_;
    DistanceBatchKernel<Element, float> batch_;
    float sign_ = 1;
    float offset_ = 0;
};

// Bit strings under the Hamming and Jaccard distances; a payload is their bytes, unused bits of the last one 0.
class BitCodec {
 public:
    BitCodec(Metric metric, std::size_t bits) : size_((bits + 7) / 8), jaccard_(metric == Metric::kJaccard) {}

    static constexpr bool kVariableSize = false;
    static constexpr bool kQueryIsPayload = true;
    std::size_t payload_size() const { return size_; }
    std::size_t size_of(const std::byte*) const { return size_; }
    bool has_ratios() const { return true; }

    float distance(const std::byte* a, const std::byte* b) const {
        float distance;
        distances(a, &b, 1, &distance);
        return distance;
    }

    void distances(const std::byte* query, const std::byte* const* payloads, int count, float* out) const {
        const auto* q = reinterpret_cast<const std::uint8_t*>(query);
        const auto* const* p = reinterpret_cast<const std::uint8_t* const*>(payloads);
        if (jaccard_) {
            JaccardSums sums[kMaxLinks];
            kernels_->jaccard_batch(q, p, static_cast<std::size_t>(count), size_, sums);
            for (int i = 0; i < count; ++i) {
                auto common = static_cast<double>(sums[i].and_count);
                out[i] = common == 0 ? 1.0F : static_cast<float>(1 - common / static_cast<double>(sums[i].or_count));
            }
        } else {
            std::uint64_t differing[kMaxLinks];
            kernels_->hamming_batch(q, p, static_cast<std::size_t>(count), size_, differing);
            for (int i = 0; i < count; ++i) out[i] = static_cast<float>(differing[i]);
        }
    }

 private:
    std::size_t size_;
    bool jaccard_;
    const Kernels* kernels_ = &kernels();
};

}  // namespace vectorx
