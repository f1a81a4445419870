// Codes of the entries of a list: of each vector's residual, its difference from the list's centroid, one bit a
// dimension in blocks of 32 for FastScan, to be compared with a query in passing; and four bits a dimension, to look
// closer at what may be near. Both are RaBitQ (quantized_codec.h): an unbiased estimate of inner products and the
// deviation of its error.
//
// Vectors are rotated and relative to one origin for all lists. With c the centroid, r = x - c the residual and p the
// query, all of them so,
//     |x - p|^2 = |x|^2 + |p|^2 - 2 <c, p> - 2 <r, p>,
// where <r, p> is what is estimated. So one table for p serves all lists. For the inner product the origin is zero, and
// -<x, p> = -<c, p> - <r, p>.
#pragma once

#include <cstddef>
#include <cstdint>

#include "vectorx/kernels.h"
#include "vectorx/quantized_codec.h"

namespace vectorx {

// Of one bit a dimension.
struct BitFactors {
    float norm_squared;  // of the vector, relative to the origin; infinity where there is no entry
    float scale;         // <r, p> is estimated as scale * <u, p>, u the signs of r
    float error;         // deviation of that for a query of length 1
};

class ListCodes {
 public:
    explicit ListCodes(std::size_t dim) : ListCodes(dim, groups_of(dim)) {}
    // Of many dimensions, a block may hold only the first groups of codes; others are kept elsewhere, in pieces.
    ListCodes(std::size_t dim, std::size_t block_groups)
        : dim_(dim), block_groups_(block_groups), wide_(Metric::kL2, dim, nullptr) {}

    static constexpr std::size_t kBlock = kFastScanCodes;

    std::size_t dim() const { return dim_; }
    // Four dimensions each, whose bits are 16 bytes of a block.
    static std::size_t groups_of(std::size_t dim) { return (dim + 3) / 4; }
    std::size_t groups() const { return groups_of(dim_); }
    std::size_t block_groups() const { return block_groups_; }
    // A block: codes, then the factors of its entries, an array each.
    static constexpr std::size_t kFactorsSize = 3 * kBlock * sizeof(float);
    static constexpr std::size_t kGroupSize = 16;
    std::size_t block_size() const { return kGroupSize * block_groups_ + kFactorsSize; }
    std::size_t bits_size() const { return (dim_ + 7) / 8; }
    std::size_t wide_size() const { return wide_.payload_size(); }

    // An entry before it has its place: factors, bits, wide code.
    std::size_t entry_size() const { return sizeof(BitFactors) + bits_size() + wide_size(); }
    const std::byte* wide_of_entry(const std::byte* entry) const { return entry + sizeof(BitFactors) + bits_size(); }

    // `point` relative to the origin, `residual` to the centroid.
    void encode(const float* point, const float* residual, std::byte* entry) const;

    // A block without entries; puts an entry in, takes it out.
    void clear(std::byte* block) const;
    void put(const std::byte* entry, std::byte* block, std::size_t slot) const;
    // Puts the bits of `count` groups from `first` on into a piece that has only these.
    void put_bits(const std::byte* entry, std::size_t first, std::size_t count, std::byte* piece,
                  std::size_t slot) const;
    void remove(std::byte* block, std::size_t slot) const;
    bool empty(const std::byte* block, std::size_t slot) const;

    const QuantizedCodec<4>& wide() const { return wide_; }
    const float* norms_of(const std::byte* block) const {
        return reinterpret_cast<const float*>(block + kGroupSize * block_groups_);
    }

 private:
    float* factors_of(std::byte* block) const { return reinterpret_cast<float*>(block + kGroupSize * block_groups_); }

    std::size_t dim_;
    std::size_t block_groups_;
    QuantizedCodec<4> wide_;
};

// A query against such codes. Distances are squares of Euclidean ones, or negative inner products.
class ListQuery {
 public:
    static std::size_t tables_size(const ListCodes& codes) { return 16 * codes.groups(); }
    static std::size_t bytes_size(const ListCodes& codes) { return 2 * (codes.wide_size() - sizeof(CodeHeader)); }

    // `query` as points are: rotated, relative to the origin. `tables` and `bytes` have room as above, the latter for
    // signed bytes; both are kept, not copied.
    ListQuery(const ListCodes& codes, bool inner_product, const float* query, std::uint8_t* tables, std::int8_t* bytes);

    // What all entries of a list have in common, from the inner product of its centroid with the query.
    float of_list(float centroid_product) const {
        return inner_product_ ? -centroid_product : norm_squared_ - 2 * centroid_product;
    }

    // A lower bound of the distance to each entry of a block, infinity where there is none. It hardly ever fails; then
    // a closer look at the entry comes late.
    // `more`: sums of the pieces that are not in the block, if there are any.
    void lower_bounds(const std::byte* block, float of_list, float* out, const std::uint16_t* more = nullptr) const;

    // Adds a piece of the codes of a block, `count` groups from `first` on, to sums for lower_bounds().
    void add_piece(const std::byte* piece, std::size_t first, std::size_t count, std::uint16_t* sums) const;

    // The same by an entry's wide code, closer to the distance; norm_squared as in BitFactors.
    float lower_bound(const std::byte* wide, float norm_squared, float of_list) const;

 private:
    const ListCodes& codes_;
    bool inner_product_;
    float norm_squared_;
    float norm_;
    float sum_;  // of the query's numbers
    const std::uint8_t* tables_;
    float table_step_;   // what a unit of the tables stands for
    float table_base_;   // and what their sums begin at
    float table_error_;  // deviation of a sum
    const std::int8_t* bytes_;
    float byte_step_;
    std::int32_t byte_sum_;
};

}  // namespace vectorx
