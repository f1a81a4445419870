// The codec that keeps vectors as they were given: a payload is the array of elements (of unit length for the cosine
// metric), and distances are exact up to float rounding.
#pragma once

#include <cmath>
#include <cstddef>
#include <limits>

#include "vectorx/graph.h"
#include "vectorx/kernels.h"
#include "vectorx/metric.h"

namespace vectorx {

class PlainFloatCodec {
   public:
    PlainFloatCodec(Metric metric, std::size_t dim) : dim_(dim) {
        const Kernels& k = kernels();
        switch (metric) {
            case Metric::kL2:
                kernel_ = k.l2_squared, batch_ = k.l2_squared_batch;
                break;
            case Metric::kL1:
                kernel_ = k.l1, batch_ = k.l1_batch;
                break;
            case Metric::kInnerProduct:
                kernel_ = k.inner_product, batch_ = k.inner_product_batch, sign_ = -1;
                break;
            case Metric::kCosine:
                kernel_ = k.inner_product, batch_ = k.inner_product_batch, sign_ = -1, offset_ = 1;
                break;
        }
    }

    static constexpr bool kVariableSize = false;

    std::size_t payload_size() const { return dim_ * sizeof(float); }
    std::size_t size_of(const std::byte*) const { return payload_size(); }

    // Whether ratios of distances mean something, as they do not where distances can be negative.
    bool has_ratios() const { return sign_ > 0 || offset_ != 0; }

    float distance(const std::byte* a, const std::byte* b) const {
        return finish(kernel_(reinterpret_cast<const float*>(a), reinterpret_cast<const float*>(b), dim_));
    }

    void distances(const std::byte* query, const std::byte* const* payloads, int count, float* out) const {
        batch_(reinterpret_cast<const float*>(query), reinterpret_cast<const float* const*>(payloads),
               static_cast<std::size_t>(count), dim_, out);
        for (int i = 0; i < count; ++i) out[i] = finish(out[i]);
    }

   private:
    // Products that overflow can make NaN, which has no place in an order: such a node is as far as can be.
    float finish(float raw) const {
        float distance = sign_ * raw + offset_;
        return std::isnan(distance) ? std::numeric_limits<float>::infinity() : distance;
    }

    std::size_t dim_;
    FloatKernel kernel_ = nullptr;
    FloatBatchKernel batch_ = nullptr;
    float sign_ = 1;
    float offset_ = 0;
};

}  // namespace vectorx
