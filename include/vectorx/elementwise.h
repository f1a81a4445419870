// Arithmetic on the elements of dense vectors, outside the distance kernels.
//
// Conventions: `dim` is the number of elements; inputs need the alignment of their element type only; `out` has room
// for `dim` elements and does not overlap an input, except that sums (add) may go to where an addend of the same type
// is. Errors are those of PostgreSQL's float arithmetic: kNumericValueOutOfRange, "value out of range: overflow" or
// "value out of range: underflow", for the first element that has one. `out` is then unspecified.
#pragma once

#include <cstddef>
#include <cstdint>

namespace vectorx {

// out[i] = a[i] op b[i]. A result that is infinite is an overflow; a product that is zero without a zero factor is an
// underflow.
void add(const float* a, const float* b, std::size_t dim, float* out);
void subtract(const float* a, const float* b, std::size_t dim, float* out);
void multiply(const float* a, const float* b, std::size_t dim, float* out);

// The Euclidean norm, accumulated in double, so that it neither overflows nor underflows.
double norm(const float* x, std::size_t dim);

// out = x / norm(x), each quotient rounded once from double to float; a zero vector stays zero.
void normalize(const float* x, std::size_t dim, float* out);

// Lexicographic order, a prefix before what it is a prefix of: -1, 0 or 1. -0 equals 0.
int compare(const float* a, std::size_t dim_a, const float* b, std::size_t dim_b);

// Throws an Error with kDataException, "NaN not allowed in <type>" or "infinite value not allowed in <type>", for the
// first element that is not finite.
void check_finite(const float* x, std::size_t dim, const char* type_name);

// The nearest floats; a double beyond the range of float becomes infinite.
void convert(const std::int32_t* x, std::size_t dim, float* out);
void convert(const double* x, std::size_t dim, float* out);

// The wire format of elements: IEEE 754 binary32, big endian, at any alignment.
void decode_big_endian(const unsigned char* bytes, std::size_t dim, float* out);
void encode_big_endian(const float* x, std::size_t dim, unsigned char* bytes);

// Sums of vectors in double, of which aggregates are made.
void convert(const float* x, std::size_t dim, double* out);
void add(const double* sums, const float* x, std::size_t dim, double* out);
void add(const double* a, const double* b, std::size_t dim, double* out);
// out[i] = sums[i] / count, rounded to float; not checked for being finite.
void divide(const double* sums, double count, std::size_t dim, float* out);

}  // namespace vectorx
