// Sparse vectors: views of their non-zero elements, distances, order, conversions, text input.
//
// Distances walk both index lists at once, from both ends towards the middle, without a branch on which is ahead
// (unlike indices give a branch predictor nothing to learn). Where one list is much shorter than the other, they
// gallop: the shorter one's indices are looked up in the longer one by doubling steps (Bentley and Yao, "An almost
// optimal algorithm for unbounded searching", 1976).
//
// Conventions: indices count from 0 and ascend; values are finite and not zero. Functions that take views never read
// outside them, whatever the indices are. Sums are in float; their order depends on the indices only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "vectorx/kernels.h"
#include "vectorx/text.h"

namespace vectorx {

struct SparseView {
    const std::int32_t* indices;
    const float* values;
    std::size_t nnz;
    std::int32_t dim;
};

// Raw sums, as those of the dense kernels: L2 is squared, the inner product is not negated. Both have the same `dim`.
float l2_squared(const SparseView& a, const SparseView& b);
float inner_product(const SparseView& a, const SparseView& b);
float l1(const SparseView& a, const SparseView& b);
CosineSums cosine_sums(const SparseView& a, const SparseView& b);

// The order of the dense vectors that they stand for (compare in elementwise.h): -1, 0 or 1.
int compare(const SparseView& a, const SparseView& b);

// How many of x are not zero; NaN is not zero.
std::size_t count_non_zero(const float* x, std::size_t dim);

// Writes index and value of those that count_non_zero has counted.
void gather_non_zero(const float* x, std::size_t dim, std::int32_t* indices, float* values);

// Copies those elements whose value is not zero to the output, which has room for them.
void copy_non_zero(const std::int32_t* indices, const float* values, std::size_t nnz, std::int32_t* indices_out,
                   float* values_out);

// Writes all v.dim elements to `out`. Throws an Error with kInternalError, "index out of bounds", for an index that is
// not within the dimension, so that a corrupt value cannot write elsewhere.
void scatter(const SparseView& v, float* out);

// Throws an Error with kDataException: "sparsevec index out of bounds", "sparsevec indices must be in ascending order",
// "sparsevec indices must not contain duplicates".
void check_sparse_indices(const std::int32_t* indices, std::size_t nnz, std::int32_t dim);

// Text input: "{index:value,...}/dim", indices from 1 on, in any order; elements with the value 0 are left out.
// Integers are those of C's strtol in base 10, values those of text.h, except that a number too small for a denormal is
// out of range.
struct SparseElement {
    std::int32_t index;  // from 0 on
    float value;
};

struct ParsedSparse {
    std::int32_t dim;  // checked against the type's limits
    std::size_t nnz;
};

// How many elements parse_sparse needs room for. Throws an Error with kProgramLimitExceeded, "sparsevec cannot have
// more than N non-zero elements", if the text has commas for more.
std::size_t sparse_text_capacity(std::string_view text);

// Parses `text`, writes its elements to `out`, sorted by index, but does not check the indices: the caller does that
// (check_sparse_indices) once it has checked `dim` against its type modifier. Throws an Error; what `out` then holds is
// unspecified. `capacity` is that of sparse_text_capacity; with less, texts are refused with "ran out of buffer".
ParsedSparse parse_sparse(std::string_view text, SparseElement* out, std::size_t capacity);

// Elements as a value holds them: indices apart from values.
void split_elements(const SparseElement* elements, std::size_t nnz, std::int32_t* indices, float* values);

}  // namespace vectorx
