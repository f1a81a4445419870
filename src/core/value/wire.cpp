#include "vectorx/wire.h"

#include <cmath>
#include <limits>
#include <string>

#include "vectorx/elementwise.h"
#include "vectorx/sparse.h"

namespace vectorx {
namespace {

[[noreturn]] void fail_short() { throw Error(ErrorCode::kProtocolViolation, "insufficient data left in message"); }

void check_unused(std::int32_t unused) {
    if (unused != 0) {
        throw Error(ErrorCode::kDataException, "expected unused to be 0, not " + std::to_string(unused));
    }
}

template <typename Element>
void read_dense_elements(WireReader* reader, const VectorType& type, std::size_t dim, Element* out) {
    const std::size_t there = reader->available(dim, sizeof(Element));
    decode_big_endian(reader->take(there * sizeof(Element)), there, out);
    check_finite(out, there, type.name);
    if (there < dim) fail_short();
}

void check_sparse_values(const float* values, std::size_t count) {
    int valid = 1;
    for (std::size_t i = 0; i < count; ++i) {
        const float magnitude = std::fabs(values[i]);
        valid &= (magnitude > 0) & (magnitude < std::numeric_limits<float>::infinity());
    }
    if (valid != 0) return;
    for (std::size_t i = 0; i < count; ++i) {
        if (values[i] == 0) {
            throw Error(ErrorCode::kDataException, "binary representation of sparsevec cannot contain zero values");
        }
        check_finite(values + i, 1, kSparsevecType.name);
    }
}

}  // namespace

const unsigned char* WireReader::take(std::size_t size) {
    if (size > size_ - position_) fail_short();
    const unsigned char* taken = bytes_ + position_;
    position_ += size;
    return taken;
}

std::uint16_t WireReader::read_uint16() {
    const unsigned char* bytes = take(2);
    return static_cast<std::uint16_t>((bytes[0] << 8) | bytes[1]);
}

std::int32_t WireReader::read_int32() {
    std::int32_t value;
    decode_big_endian(take(4), 1, &value);
    return value;
}

std::int32_t read_dense_header(WireReader* reader, const VectorType& type, std::int32_t expected_dim) {
    // Both are int16; read as unsigned, a negative dimension is too large.
    std::int32_t dim = reader->read_uint16();
    std::int32_t unused = reader->read_uint16();
    check_dimensions(type, dim);
    check_expected_dimensions(expected_dim, dim);
    check_unused(unused);
    return dim;
}

void read_elements(WireReader* reader, const VectorType& type, std::size_t dim, float* out) {
    read_dense_elements(reader, type, dim, out);
}

void read_elements(WireReader* reader, const VectorType& type, std::size_t dim, Half* out) {
    read_dense_elements(reader, type, dim, out);
}

SparseHeader read_sparse_header(WireReader* reader, std::int32_t expected_dim) {
    std::int32_t dim = reader->read_int32();
    std::int32_t nnz = reader->read_int32();
    std::int32_t unused = reader->read_int32();
    check_dimensions(kSparsevecType, dim);
    if (nnz < 0) throw Error(ErrorCode::kDataException, "sparsevec cannot have negative number of elements");
    check_non_zero_count(nnz);
    if (nnz > dim) {
        throw Error(ErrorCode::kProgramLimitExceeded, "sparsevec cannot have more elements than dimensions");
    }
    check_expected_dimensions(expected_dim, dim);
    check_unused(unused);
    return {dim, nnz};
}

void read_sparse_elements(WireReader* reader, const SparseHeader& header, std::int32_t* indices, float* values) {
    const auto nnz = static_cast<std::size_t>(header.nnz);
    std::size_t there = reader->available(nnz, 4);
    decode_big_endian(reader->take(there * 4), there, indices);
    check_sparse_indices(indices, there, header.dim);
    if (there < nnz) fail_short();

    there = reader->available(nnz, 4);
    decode_big_endian(reader->take(there * 4), there, values);
    check_sparse_values(values, there);
    if (there < nnz) fail_short();
}

}  // namespace vectorx
