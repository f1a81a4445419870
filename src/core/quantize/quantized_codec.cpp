#include "vectorx/quantized_codec.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "vectorx/centre.h"
#include "vectorx/hash.h"
#include "vectorx/kernels.h"
#include "vectorx/plain_codec.h"
#include "vectorx/rotation.h"

namespace vectorx {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// More than the length of any vector of at most 16,000 dimensions whose squared length is 0 in float.
constexpr float kVanishing = 1e-20F;

// The quantization step that is best for a normal distribution, in standard deviations (Max 1960), and factors around
// it: a vector's coordinates are only nearly normal.
template <int kBits>
constexpr float kNormalStep = kBits == 4 ? 0.3352F : 0.0308F;
constexpr float kStepFactors[] = {1.0F, 0.8F, 0.9F, 1.1F, 1.2F};

template <int kBits>
std::int32_t grid(float x, float inverse_step) {
    constexpr int kHalf = 1 << (kBits - 1);
    float scaled = x * inverse_step + static_cast<float>(kHalf);
    return static_cast<std::int32_t>(std::clamp(scaled, 0.0F, static_cast<float>(2 * kHalf - 1)));
}

// Like the rest of an encoding it is computed here, not by a kernel, and so the same on every CPU: a row's code can be
// compared with the one that another machine wrote.
float squared_norm(const float* r, std::size_t dim) {
    constexpr std::size_t kLanes = 16;
    float sums[kLanes] = {};
    std::size_t i = 0;
    for (; i + kLanes <= dim; i += kLanes)
        for (std::size_t lane = 0; lane < kLanes; ++lane) sums[lane] += r[i + lane] * r[i + lane];
    for (std::size_t lane = 0; i < dim; ++i, ++lane) sums[lane] += r[i] * r[i];
    float sum = 0;
    for (float lane : sums) sum += lane;
    return sum;
}

struct GridSums {
    float product;  // <u, r>
    float norm_squared;
};

template <int kBits>
GridSums sums_on_grid(const float* r, std::size_t dim, float inverse_step) {
    constexpr std::int32_t kMax = (1 << kBits) - 1;
    constexpr std::size_t kLanes = 16;
    float product[kLanes] = {};
    float norm[kLanes] = {};
    auto add = [&](std::size_t i, std::size_t lane) {
        auto u = static_cast<float>(2 * grid<kBits>(r[i], inverse_step) - kMax);
        product[lane] += u * r[i];
        norm[lane] += u * u;
    };
    std::size_t i = 0;
    for (; i + kLanes <= dim; i += kLanes)
        for (std::size_t lane = 0; lane < kLanes; ++lane) add(i + lane, lane);
    for (std::size_t lane = 0; i < dim; ++i, ++lane) add(i, lane);
    GridSums sums = {0, 0};
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
        sums.product += product[lane];
        sums.norm_squared += norm[lane];
    }
    return sums;
}

std::uint8_t* code_of(std::byte* payload) { return reinterpret_cast<std::uint8_t*>(payload + sizeof(CodeHeader)); }
const std::uint8_t* code_of(const std::byte* payload) {
    return reinterpret_cast<const std::uint8_t*>(payload + sizeof(CodeHeader));
}

CodeHeader header_of(const std::byte* payload) {
    CodeHeader header;
    std::memcpy(&header, payload, sizeof(header));
    return header;
}

CodeQuery query_header_of(const std::byte* query) {
    CodeQuery header;
    std::memcpy(&header, query, sizeof(header));
    return header;
}

}  // namespace

template <int kBits>
QuantizedCodec<kBits>::QuantizedCodec(Metric metric, std::size_t dim, const float* centre)
    : metric_(metric),
      dim_(dim),
      bytes_((dim + kCodesPerByte * kCodeAlignment - 1) / (kCodesPerByte * kCodeAlignment) * kCodeAlignment),
      centre_(centre) {}

template <int kBits>
void QuantizedCodec<kBits>::to_residual(float* vector, float* spare) const {
    rotate(vector, spare, dim_);
    if (centre_ != nullptr) residual(vector, centre_, dim_, vector);
}

template <int kBits>
void QuantizedCodec<kBits>::encode(float* vector, float* spare, std::byte* payload) const {
    std::uint32_t hash = hash_bytes(reinterpret_cast<const std::byte*>(vector), dim_ * sizeof(float));
    to_residual(vector, spare);
    encode_residual(vector, hash, payload);
}

template <int kBits>
void QuantizedCodec<kBits>::encode_residual(const float* vector, std::uint32_t hash, std::byte* payload) const {
    std::memset(payload, 0, payload_size());
    float norm_squared = squared_norm(vector, dim_);
    CodeHeader header = {0, norm_squared, 0, 0, hash};
    if (norm_squared == 0) {
        // The origin, or so near to it that squares vanish.
        header.error = kVanishing;
    } else if (!std::isfinite(norm_squared)) {
        // Nothing is known of where it lies.
        header = {0, kInfinity, kInfinity, 0, hash};
    } else {
        float sigma = std::sqrt(norm_squared / static_cast<float>(dim_));
        float best_step = 0;
        float best_cosine_squared = 0;
        GridSums best = {0, 0};
        for (float factor : kStepFactors) {
            float step = 1.0F / (sigma * kNormalStep<kBits> * factor);
            GridSums sums = sums_on_grid<kBits>(vector, dim_, step);
            float cosine_squared = sums.product * (sums.product / (sums.norm_squared * norm_squared));
            if (cosine_squared > best_cosine_squared)
                best_cosine_squared = cosine_squared, best = sums, best_step = step;
        }
        if (best_cosine_squared > 0) {
            std::uint8_t* code = code_of(payload);
            // Of four bits, what is beyond the first bytes_ numbers is in the high halves; of eight, nothing is.
            const std::size_t both = dim_ > bytes_ ? dim_ - bytes_ : 0;
            std::int32_t sum = 0;
            for (std::size_t i = 0; i < both; ++i) {
                std::int32_t low = grid<kBits>(vector[i], best_step);
                std::int32_t high = grid<kBits>(vector[i + bytes_], best_step);
                sum += low + high;
                code[i] = static_cast<std::uint8_t>(low | high << 4);
            }
            for (std::size_t i = both; i < std::min(bytes_, dim_); ++i) {
                std::int32_t low = grid<kBits>(vector[i], best_step);
                sum += low;
                code[i] = static_cast<std::uint8_t>(low);
            }
            header.sum = sum;
            header.scale = norm_squared / best.product;
            float tangent = std::sqrt(std::max(0.0F, 1.0F - best_cosine_squared) / best_cosine_squared);
            header.error = std::sqrt(norm_squared) * tangent / std::sqrt(std::max(1.0F, static_cast<float>(dim_) - 1));
        } else {  // denormal numbers
            header = {0, norm_squared, std::sqrt(norm_squared), 0, hash};
        }
    }
    std::memcpy(payload, &header, sizeof(header));
}

template <int kBits>
void QuantizedCodec<kBits>::encode_query(float* vector, float* spare, std::byte* query) const {
    to_residual(vector, spare);
    std::memset(query, 0, query_size());
    auto* bytes = reinterpret_cast<std::int8_t*>(query + sizeof(CodeQuery));
    float norm_squared = squared_norm(vector, dim_);
    float norm = norm_squared == 0 ? kVanishing : std::sqrt(norm_squared);
    CodeQuery header = {0, norm_squared, norm, 0, 0, 1, 0, 0};
    if (centre_ != nullptr) header.centre_norm = std::sqrt(squared_norm(centre_, dim_));
    float largest = 0;
    for (std::size_t i = 0; i < dim_; ++i) largest = std::max(largest, std::fabs(vector[i]));
    if (!std::isfinite(norm_squared)) {
        header.norm = header.norm_squared = kInfinity;
    } else if (127.0F / largest < kInfinity) {
        float inverse = 127.0F / largest;
        for (std::size_t i = 0; i < dim_; ++i) {
            bytes[i] = static_cast<std::int8_t>(std::lrint(vector[i] * inverse));
            header.sum += bytes[i];
        }
        header.scale = largest / 127.0F;
        header.rounding = header.scale / std::sqrt(12.0F);
    }
    std::memcpy(query, &header, sizeof(header));
}

template <int kBits>
void QuantizedCodec<kBits>::make_query(const std::byte* payload, std::byte* query) const {
    CodeHeader header = header_of(payload);
    const std::uint8_t* code = code_of(payload);
    auto* bytes = reinterpret_cast<std::int8_t*>(query + sizeof(CodeQuery));
    CodeQuery out = {header.scale, header.norm_squared, std::sqrt(header.norm_squared), 0, 0, 1, 0, 0};
    if constexpr (kBits == 4) {
        for (std::size_t i = 0; i < bytes_; ++i) {
            bytes[i] = static_cast<std::int8_t>(2 * (code[i] & 15) - kMax);
            bytes[bytes_ + i] = static_cast<std::int8_t>(2 * (code[i] >> 4) - kMax);
        }
        out.sum = 2 * header.sum - kMax * static_cast<std::int32_t>(dim_);
    } else {
        for (std::size_t i = 0; i < bytes_; ++i) bytes[i] = static_cast<std::int8_t>(code[i] - 128);
        out.sum = header.sum - 128 * static_cast<std::int32_t>(dim_);
        out.factor = 2;
        out.addend = 1;
    }
    std::fill(bytes + dim_, bytes + kCodesPerByte * bytes_, std::int8_t{0});
    std::memcpy(query, &out, sizeof(out));
}

template <int kBits>
float QuantizedCodec<kBits>::finish(float norms_squared, float product) const {
    switch (metric_) {
        case Metric::kInnerProduct:
            return ordered_distance(-product);
        case Metric::kCosine:
            return ordered_distance(0.5F * norms_squared - product);
        default:
            return ordered_distance(norms_squared - 2 * product);
    }
}

template <int kBits>
float QuantizedCodec<kBits>::distance(const std::byte* a, const std::byte* b) const {
    CodeHeader x = header_of(a);
    CodeHeader y = header_of(b);
    const Kernels& k = kernels();
    std::int64_t dot = (kBits == 4 ? k.code4 : k.code8)(code_of(a), code_of(b), bytes_);
    std::int64_t grid_product = 4 * dot - 2 * kMax * (std::int64_t{x.sum} + y.sum) +
                                std::int64_t{kMax} * kMax * static_cast<std::int64_t>(dim_);
    return finish(x.norm_squared + y.norm_squared, x.scale * y.scale * static_cast<float>(grid_product));
}

template <int kBits>
void QuantizedCodec<kBits>::distances(const std::byte* query, const std::byte* const* payloads, int count,
                                      float* out) const {
    const std::uint8_t* codes[kMaxLinks];
    std::int32_t dots[kMaxLinks];
    for (int i = 0; i < count; ++i) codes[i] = code_of(payloads[i]);
    const Kernels& k = kernels();
    const auto* bytes = reinterpret_cast<const std::int8_t*>(query + sizeof(CodeQuery));
    (kBits == 4 ? k.code4_batch : k.code8_batch)(bytes, codes, static_cast<std::size_t>(count), bytes_, dots);
    CodeQuery q = query_header_of(query);
    for (int i = 0; i < count; ++i) {
        CodeHeader x = header_of(payloads[i]);
        std::int64_t grid_product = q.factor * (2 * std::int64_t{dots[i]} - std::int64_t{kMax} * q.sum) +
                                    q.addend * (2 * std::int64_t{x.sum} - kMax * static_cast<std::int64_t>(dim_));
        out[i] = finish(x.norm_squared + q.norm_squared, x.scale * q.scale * static_cast<float>(grid_product));
    }
}

template <int kBits>
float QuantizedCodec<kBits>::error_bound(const std::byte* query, const std::byte* payload) const {
    CodeQuery q = query_header_of(query);
    CodeHeader x = header_of(payload);
    float of_code = q.norm * x.error;
    float bound = kErrorBound * std::sqrt(of_code * of_code + q.rounding * q.rounding * x.norm_squared);
    if (metric_ == Metric::kL2) bound *= 2;
    bound += arithmetic_error(q, std::sqrt(x.norm_squared));
    return std::isnan(bound) ? kInfinity : bound;
}

// Where residuals are much shorter than the vectors, or than the query, this is more than the error of their codes.
template <int kBits>
float QuantizedCodec<kBits>::arithmetic_error(const CodeQuery& query, float norm) const {
    const float unit = std::numeric_limits<float>::epsilon() * (8 + 0.25F * std::sqrt(static_cast<float>(dim_)));
    switch (metric_) {
        case Metric::kInnerProduct:
            return unit * query.norm * norm;
        case Metric::kCosine:  // of vectors of length 1
            return unit;
        default:
            return unit * (query.norm + norm) * (query.norm + norm + query.centre_norm);
    }
}

template class QuantizedCodec<4>;
template class QuantizedCodec<8>;

}  // namespace vectorx
