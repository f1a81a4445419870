// Codes of a few bits a dimension with an unbiased estimate of distances and a bound on its error: extended RaBitQ (Gao
// and Long, SIGMOD 2024, arXiv 2405.12497; Gao, Gou, Xu and others, SIGMOD 2025, arXiv 2409.09913).
//
// A vector is rotated (rotation.h), the centre of the data is taken off, and the residual r is replaced by a multiple
// of the grid point u that is nearest to its direction: u has the odd numbers -(2^bits - 1) … 2^bits - 1 as
// coordinates, and r is taken for scale * u with scale = |r|^2 / <u, r>. For a query q, scale * <u, q> then is an
// unbiased estimate of <r, q>, whose error is normally distributed with a standard deviation of about |q| * error.
#pragma once

#include <cstddef>
#include <cstdint>

#include "vectorx/graph.h"
#include "vectorx/metric.h"

namespace vectorx {

// Start of a payload; the code follows.
struct CodeHeader {
    float scale;
    float norm_squared;  // of the residual
    float error;         // standard deviation of an inner product with a query of length 1
    std::int32_t sum;    // of the coordinates c = (u + 2^bits - 1) / 2
    std::uint32_t hash;  // of the vector, so that different vectors with the same code are not taken for equal
};
static_assert(sizeof(CodeHeader) == 20);

// Start of a query; one signed byte a dimension follows.
//
// Either a vector, rounded to multiples of `scale`, or a code, whose numbers are exact.
struct CodeQuery {
    float scale;
    float norm_squared;
    float norm;
    float rounding;       // standard deviation of a coordinate's rounding
    std::int32_t sum;     // of the bytes
    std::int32_t factor;  // each coordinate stands for scale * (factor * byte + addend)
    std::int32_t addend;
    float centre_norm;  // of what was taken off the vector
};
static_assert(sizeof(CodeQuery) == 32);

// How many standard deviations of its error an estimate is lowered by to bound the distance from below: it is higher
// three times in a million. A node whose bound fails is returned late or, where order is promised, not at all.
inline constexpr float kErrorBound = 4.5F;

// Codes of float vectors under L2, inner product and cosine (of vectors of unit length).
template <int kBits>
class QuantizedCodec {
 public:
    static_assert(kBits == 4 || kBits == 8);

    // `centre` (rotated, dim floats, not copied) is taken off each vector; nullptr for the origin, as it must be for
    // the inner product.
    QuantizedCodec(Metric metric, std::size_t dim, const float* centre);

    static constexpr bool kVariableSize = false;
    static constexpr bool kQueryIsPayload = false;
    std::size_t payload_size() const { return sizeof(CodeHeader) + bytes_; }
    std::size_t size_of(const std::byte*) const { return payload_size(); }
    std::size_t query_size() const { return sizeof(CodeQuery) + kCodesPerByte * bytes_; }
    bool has_ratios() const { return metric_ != Metric::kInnerProduct; }
    std::size_t dim() const { return dim_; }

    // Encodes a vector as a payload or as a query. `vector` (of unit length for the cosine metric) is overwritten, and
    // so is `spare`; both have dim floats.
    void encode(float* vector, float* spare, std::byte* payload) const;
    void encode_query(float* vector, float* spare, std::byte* query) const;
    // The same of a residual that is at hand, rotated and with its centre taken off. `hash` is the vector's, if
    // payloads are compared.
    void encode_residual(const float* residual, std::uint32_t hash, std::byte* payload) const;
    // A node's payload as a query.
    void make_query(const std::byte* payload, std::byte* query) const;

    // Estimates; bit for bit the same whether one side is a payload or the query made of it.
    float distance(const std::byte* a, const std::byte* b) const;
    void distances(const std::byte* query, const std::byte* const* payloads, int count, float* out) const;
    // From a payload to others.
    void payload_distances(const std::byte* from, const std::byte* const* payloads, int count, float* out) const {
        for (int i = 0; i < count; ++i) out[i] = distance(from, payloads[i]);
    }

    // What the distance to the query, as estimated, may be less than estimated: kErrorBound standard deviations, and
    // what float arithmetic may be off, in the estimate as in an exact distance. The query is one of encode_query().
    float error_bound(const std::byte* query, const std::byte* payload) const;

 private:
    static constexpr int kCodesPerByte = 8 / kBits;
    static constexpr std::int32_t kMax = (1 << kBits) - 1;

    void to_residual(float* vector, float* spare) const;
    float arithmetic_error(const CodeQuery& query, float norm) const;
    float finish(float norms_squared, float product) const;

    Metric metric_;
    std::size_t dim_;
    std::size_t bytes_;  // of a code
    const float* centre_;
};

extern template class QuantizedCodec<4>;
extern template class QuantizedCodec<8>;

}  // namespace vectorx
