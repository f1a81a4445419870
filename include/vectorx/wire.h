// The binary formats of the vector types: what send writes and receive reads. All numbers are big endian.
//
//   vector, halfvec:  int16 dim, int16 zero, then dim elements (IEEE 754 binary32, binary16)
//   sparsevec:        int32 dim, int32 nnz, int32 zero, then nnz int32 indices from 0 on, ascending, then nnz binary32
//
// A message comes from a client and may hold anything: nothing beyond its end is read, and what is accepted is a value
// that every function of the type may rely on. Reading is in two steps, header and elements, so that the caller
// allocates what the header asks for only once the header has been checked. The caller checks what is left of the
// message. Errors: kProtocolViolation "insufficient data left in message", and those that the functions name.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "vectorx/error.h"
#include "vectorx/half.h"
#include "vectorx/vector_type.h"

namespace vectorx {

class WireReader {
 public:
    // `bytes` must outlive the reader.
    WireReader(const unsigned char* bytes, std::size_t size) : bytes_(bytes), size_(size) {}

    std::uint16_t read_uint16();
    std::int32_t read_int32();

    // The next `size` bytes.
    const unsigned char* take(std::size_t size);

    // How many of `count` elements of `size` bytes are there to be taken.
    std::size_t available(std::size_t count, std::size_t size) const {
        return std::min(count, (size_ - position_) / size);
    }

    // How many bytes have been read.
    std::size_t position() const { return position_; }

 private:
    const unsigned char* bytes_;
    std::size_t size_;
    std::size_t position_ = 0;
};

// Reads the header of a dense vector and returns its dimension, 1 .. type.max_dim. `expected_dim` is the type modifier,
// or -1. Errors: the checks of vector_type.h; kDataException "expected unused to be 0, not N".
std::int32_t read_dense_header(WireReader* reader, const VectorType& type, std::int32_t expected_dim);

// Reads `dim` elements to `out`. Errors: check_finite's, also where the message ends behind the wrong element.
void read_elements(WireReader* reader, const VectorType& type, std::size_t dim, float* out);
void read_elements(WireReader* reader, const VectorType& type, std::size_t dim, Half* out);

struct SparseHeader {
    std::int32_t dim;
    std::int32_t nnz;  // 0 .. min(dim, kMaxNonZero)
};

// Errors: as for dense vectors; kDataException "sparsevec cannot have negative number of elements",
// kProgramLimitExceeded "sparsevec cannot have more than N non-zero elements", "sparsevec cannot have more elements
// than dimensions".
SparseHeader read_sparse_header(WireReader* reader, std::int32_t expected_dim);

// Reads header.nnz indices and values. Errors, for what is there before those for what is not: kDataException for an
// index out of bounds, not ascending or twice (as check_sparse_indices in sparse.h), for values that are not finite,
// and "binary representation of sparsevec cannot contain zero values".
void read_sparse_elements(WireReader* reader, const SparseHeader& header, std::int32_t* indices, float* values);

}  // namespace vectorx
