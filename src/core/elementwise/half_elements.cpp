// The loops over halves. Arithmetic goes through floats, a block at a time, with the converting kernels: they are
// exact, so that nothing depends on which of them runs. What can be told from the bits alone is.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "core/elementwise/checked.h"
#include "vectorx/elementwise.h"
#include "vectorx/kernels.h"

namespace vectorx {
namespace {

constexpr std::size_t kBlock = 512;
static_assert(kBlock % SumOfSquares::kLanes == 0);

constexpr Half kMagnitudeBits = 0x7fff;

bool is_zero(Half x) { return (x & kMagnitudeBits) == 0; }
bool is_infinite(Half x) { return (x & kMagnitudeBits) == kHalfInfinity; }
bool is_finite(Half x) { return (x & kMagnitudeBits) < kHalfInfinity; }

// Halves as integers of the same order; both zeros are 0.
int order_key(Half x) {
    int magnitude = x & kMagnitudeBits;
    return x > kMagnitudeBits ? -magnitude : magnitude;
}

// body(first, count, floats) for each block of x.
template <typename Body>
void for_blocks(const Half* x, std::size_t dim, Body body) {
    float floats[kBlock];
    for (std::size_t i = 0; i < dim; i += kBlock) {
        std::size_t count = std::min(kBlock, dim - i);
        kernels().half_to_float(x + i, count, floats);
        body(i, count, floats);
    }
}

// out[i] = op(a[i], b[i]), rounded; out may be a or b.
template <typename Operation>
void combine(const Half* a, const Half* b, std::size_t dim, Half* out, Operation op) {
    for_blocks(a, dim, [=](std::size_t first, std::size_t count, float* x) {
        float y[kBlock];
        kernels().half_to_float(b + first, count, y);
        for (std::size_t i = 0; i < count; ++i) x[i] = op(x[i], y[i]);
        kernels().float_to_half(x, count, out + first);
    });
}

void check_overflow(const Half* x, std::size_t dim) {
    int overflow = 0;
    for (std::size_t i = 0; i < dim; ++i) overflow |= is_infinite(x[i]);
    if (overflow != 0) fail_overflow();
}

Half swap_on_little_endian(Half bits) {
    return std::endian::native == std::endian::little ? static_cast<Half>((bits << 8) | (bits >> 8)) : bits;
}

}  // namespace

void add(const Half* a, const Half* b, std::size_t dim, Half* out) {
    combine(a, b, dim, out, [](float x, float y) { return x + y; });
    check_overflow(out, dim);
}

void subtract(const Half* a, const Half* b, std::size_t dim, Half* out) {
    combine(a, b, dim, out, [](float x, float y) { return x - y; });
    check_overflow(out, dim);
}

void multiply(const Half* a, const Half* b, std::size_t dim, Half* out) {
    combine(a, b, dim, out, [](float x, float y) { return x * y; });
    int fault = 0;
    for (std::size_t i = 0; i < dim; ++i) {
        fault |= is_infinite(out[i]);
        fault |= static_cast<int>(is_zero(out[i])) & !is_zero(a[i]) & !is_zero(b[i]);
    }
    if (fault == 0) return;
    for (std::size_t i = 0; i < dim; ++i) {
        if (is_infinite(out[i])) fail_overflow();
        if (is_zero(out[i]) && !is_zero(a[i]) && !is_zero(b[i])) fail_underflow();
    }
}

double norm(const Half* x, std::size_t dim) {
    SumOfSquares sum;
    for_blocks(x, dim, [&sum](std::size_t, std::size_t count, const float* floats) { sum.add(floats, count); });
    return std::sqrt(sum.total());
}

double normalize(const Half* x, std::size_t dim, Half* out) {
    const double divisor = norm(x, dim);
    if (divisor == 0) {
        std::fill_n(out, dim, Half{0});
        return divisor;
    }
    for_blocks(x, dim, [=](std::size_t first, std::size_t count, float* floats) {
        for (std::size_t i = 0; i < count; ++i) floats[i] = static_cast<float>(floats[i] / divisor);
        kernels().float_to_half(floats, count, out + first);
    });
    return divisor;
}

int compare(const Half* a, std::size_t dim_a, const Half* b, std::size_t dim_b) {
    const std::size_t dim = std::min(dim_a, dim_b);
    for (std::size_t i = 0; i < dim; i += kBlock) {
        const std::size_t end = std::min(i + kBlock, dim);
        if (std::memcmp(a + i, b + i, (end - i) * sizeof(Half)) == 0) continue;
        for (std::size_t j = i; j < end; ++j) {
            const int key_a = order_key(a[j]);
            const int key_b = order_key(b[j]);
            if (key_a != key_b) return key_a < key_b ? -1 : 1;
        }
    }
    return dim_a == dim_b ? 0 : (dim_a < dim_b ? -1 : 1);
}

void positive_bits(const Half* x, std::size_t dim, unsigned char* bits) {
    pack_bits(dim, bits, [x](std::size_t i) { return order_key(x[i]) > 0; });
}

void check_finite(const Half* x, std::size_t dim, const char* type_name) {
    int finite = 1;
    for (std::size_t i = 0; i < dim; ++i) finite &= is_finite(x[i]);
    if (finite != 0) return;
    std::size_t i = 0;
    while (is_finite(x[i])) ++i;
    fail_not_finite(!is_infinite(x[i]), type_name);
}

std::size_t first_overflow(const float* x, const Half* rounded, std::size_t dim) {
    int infinite = 0;
    for (std::size_t i = 0; i < dim; ++i) infinite |= is_infinite(rounded[i]);
    std::size_t i = infinite != 0 ? 0 : dim;
    while (i < dim && !(is_infinite(rounded[i]) && std::isfinite(x[i]))) ++i;
    return i;
}

void decode_big_endian(const unsigned char* bytes, std::size_t dim, Half* out) {
    for (std::size_t i = 0; i < dim; ++i) {
        Half bits;
        std::memcpy(&bits, bytes + i * sizeof bits, sizeof bits);
        out[i] = swap_on_little_endian(bits);
    }
}

void encode_big_endian(const Half* x, std::size_t dim, unsigned char* bytes) {
    for (std::size_t i = 0; i < dim; ++i) {
        Half bits = swap_on_little_endian(x[i]);
        std::memcpy(bytes + i * sizeof bits, &bits, sizeof bits);
    }
}

void convert(const Half* x, std::size_t dim, double* out) {
    for_blocks(x, dim,
               [=](std::size_t first, std::size_t count, const float* floats) { convert(floats, count, out + first); });
}

void add(const double* sums, const Half* x, std::size_t dim, double* out) {
    for_blocks(x, dim, [=](std::size_t first, std::size_t count, const float* floats) {
        add(sums + first, floats, count, out + first);
    });
}

}  // namespace vectorx
