// Arithmetic on the elements of dense vectors, outside the distance kernels.
//
// Conventions: `dim` is the number of elements; inputs need the alignment of their element type only; `out` has room
// for `dim` elements and does not overlap an input, except that sums (add) may go to where an addend of the same type
// is. Errors are those of PostgreSQL's float arithmetic: kNumericValueOutOfRange, "value out of range: overflow" or
// "value out of range: underflow", for the first element that has one. `out` is then unspecified.
//
// Arithmetic on halves is arithmetic on floats, rounded once more: for one operation that is the correctly rounded
// result (24 >= 2 * 11 + 2 bits; Figueroa, "When is double rounding innocuous?", 1995).
#pragma once

#include <cstddef>
#include <cstdint>

#include "vectorx/half.h"

namespace vectorx {

// out[i] = a[i] op b[i]. A result that is infinite is an overflow; a product that is zero without a zero factor is an
// underflow.
void add(const float* a, const float* b, std::size_t dim, float* out);
void subtract(const float* a, const float* b, std::size_t dim, float* out);
void multiply(const float* a, const float* b, std::size_t dim, float* out);
void add(const Half* a, const Half* b, std::size_t dim, Half* out);
void subtract(const Half* a, const Half* b, std::size_t dim, Half* out);
void multiply(const Half* a, const Half* b, std::size_t dim, Half* out);

// The Euclidean norm, accumulated in double, so that it neither overflows nor underflows.
double norm(const float* x, std::size_t dim);
double norm(const Half* x, std::size_t dim);

// out (which may be x) = x / norm(x), each quotient rounded from double to float (and then to half); a zero vector
// stays zero. Returns the norm of x.
double normalize(const float* x, std::size_t dim, float* out);
double normalize(const Half* x, std::size_t dim, Half* out);

// Adds rows of `dim` numbers, those with the given numbers, to sums.
void add_rows(const float* rows, const std::uint32_t* numbers, std::size_t count, std::size_t dim, double* sums);

// Lexicographic order, a prefix before what it is a prefix of: -1, 0 or 1. -0 equals 0.
int compare(const float* a, std::size_t dim_a, const float* b, std::size_t dim_b);
int compare(const Half* a, std::size_t dim_a, const Half* b, std::size_t dim_b);

// One bit for each element, set if it is greater than zero, from the highest bit of the first byte on. Writes
// (dim + 7) / 8 bytes; unused bits of the last one are 0.
void positive_bits(const float* x, std::size_t dim, unsigned char* bits);
void positive_bits(const Half* x, std::size_t dim, unsigned char* bits);

// Throws an Error with kDataException, "NaN not allowed in <type>" or "infinite value not allowed in <type>", for the
// first element that is not finite.
void check_finite(const float* x, std::size_t dim, const char* type_name);
void check_finite(const Half* x, std::size_t dim, const char* type_name);

// The first i for which x[i] is finite but its rounded value is not; dim if there is none.
std::size_t first_overflow(const float* x, const Half* rounded, std::size_t dim);

// The nearest floats; a double beyond the range of float becomes infinite.
void convert(const std::int32_t* x, std::size_t dim, float* out);
void convert(const double* x, std::size_t dim, float* out);

// The wire format of elements: IEEE 754 binary32 or binary16 or integers, big endian, at any alignment.
void decode_big_endian(const unsigned char* bytes, std::size_t dim, float* out);
void decode_big_endian(const unsigned char* bytes, std::size_t dim, Half* out);
void decode_big_endian(const unsigned char* bytes, std::size_t dim, std::int32_t* out);
void encode_big_endian(const float* x, std::size_t dim, unsigned char* bytes);
void encode_big_endian(const Half* x, std::size_t dim, unsigned char* bytes);
void encode_big_endian(const std::int32_t* x, std::size_t dim, unsigned char* bytes);

// Sums of vectors in double, of which aggregates are made.
void convert(const float* x, std::size_t dim, double* out);
void convert(const Half* x, std::size_t dim, double* out);
void add(const double* sums, const float* x, std::size_t dim, double* out);
void add(const double* sums, const Half* x, std::size_t dim, double* out);
void add(const double* a, const double* b, std::size_t dim, double* out);
// out[i] = sums[i] / count, rounded to float; not checked for being finite.
void divide(const double* sums, double count, std::size_t dim, float* out);

}  // namespace vectorx
