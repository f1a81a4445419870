// Plain loops that the compiler vectorises for the baseline instruction set (this folder is compiled with -O3): all of
// them are bound by memory. A pass that computes only collects whether something went wrong; which element and what is
// found by a second pass, so that the first has no branches.
#include "vectorx/elementwise.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>

#include "vectorx/error.h"

namespace vectorx {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

[[noreturn]] void fail_overflow() { throw Error(ErrorCode::kNumericValueOutOfRange, "value out of range: overflow"); }

[[noreturn]] void fail_underflow() { throw Error(ErrorCode::kNumericValueOutOfRange, "value out of range: underflow"); }

// out[i] = op(a[i], b[i]), which may also be in place; an infinite result is an overflow.
template <typename A, typename B, typename Out, typename Operation>
void combine_checked(const A* a, const B* b, std::size_t dim, Out* out, Operation op) {
    int overflow = 0;
#pragma GCC ivdep
    for (std::size_t i = 0; i < dim; ++i) {
        Out value = op(a[i], b[i]);
        overflow |= std::fabs(value) == std::numeric_limits<Out>::infinity();
        out[i] = value;
    }
    if (overflow != 0) fail_overflow();
}

std::uint32_t swap_on_little_endian(std::uint32_t bits) {
    return std::endian::native == std::endian::little ? __builtin_bswap32(bits) : bits;
}

}  // namespace

void add(const float* a, const float* b, std::size_t dim, float* out) {
    combine_checked(a, b, dim, out, [](float x, float y) { return x + y; });
}

void subtract(const float* a, const float* b, std::size_t dim, float* out) {
    combine_checked(a, b, dim, out, [](float x, float y) { return x - y; });
}

void multiply(const float* a, const float* b, std::size_t dim, float* out) {
    int fault = 0;
#pragma GCC ivdep
    for (std::size_t i = 0; i < dim; ++i) {
        float product = a[i] * b[i];
        fault |= std::fabs(product) == kInfinity;
        fault |= (product == 0) & (a[i] != 0) & (b[i] != 0);
        out[i] = product;
    }
    if (fault == 0) return;
    for (std::size_t i = 0; i < dim; ++i) {
        if (std::isinf(out[i])) fail_overflow();
        if (out[i] == 0 && a[i] != 0 && b[i] != 0) fail_underflow();
    }
}

double norm(const float* x, std::size_t dim) {
    // Independent sums: the additions need not wait for each other, and the order is the same on every machine.
    constexpr std::size_t kLanes = 8;
    double sums[kLanes] = {};
    std::size_t i = 0;
    for (; i + kLanes <= dim; i += kLanes) {
        for (std::size_t lane = 0; lane < kLanes; ++lane) {
            double value = x[i + lane];
            sums[lane] += value * value;
        }
    }
    for (std::size_t lane = 0; i < dim; ++i, ++lane) sums[lane] += static_cast<double>(x[i]) * x[i];
    double total = 0;
    for (double sum : sums) total += sum;
    return std::sqrt(total);
}

void normalize(const float* x, std::size_t dim, float* out) {
    double divisor = norm(x, dim);
    if (divisor == 0) {
        std::fill_n(out, dim, 0.0f);
        return;
    }
#pragma GCC ivdep
    for (std::size_t i = 0; i < dim; ++i) out[i] = static_cast<float>(x[i] / divisor);
}

int compare(const float* a, std::size_t dim_a, const float* b, std::size_t dim_b) {
    constexpr std::size_t kBlock = 16;
    std::size_t dim = dim_a < dim_b ? dim_a : dim_b;
    std::size_t i = 0;
    for (; i + kBlock <= dim; i += kBlock) {
        int differs = 0;
        for (std::size_t j = i; j < i + kBlock; ++j) differs |= a[j] != b[j];
        if (differs != 0) break;
    }
    for (; i < dim; ++i) {
        if (a[i] < b[i]) return -1;
        if (a[i] > b[i]) return 1;
    }
    return dim_a == dim_b ? 0 : (dim_a < dim_b ? -1 : 1);
}

void check_finite(const float* x, std::size_t dim, const char* type_name) {
    int finite = 1;
    for (std::size_t i = 0; i < dim; ++i) finite &= std::fabs(x[i]) < kInfinity;
    if (finite != 0) return;
    std::size_t i = 0;
    while (std::isfinite(x[i])) ++i;
    throw Error(ErrorCode::kDataException,
                std::string(std::isnan(x[i]) ? "NaN" : "infinite value") + " not allowed in " + type_name);
}

void convert(const std::int32_t* x, std::size_t dim, float* out) {
    for (std::size_t i = 0; i < dim; ++i) out[i] = static_cast<float>(x[i]);
}

void convert(const double* x, std::size_t dim, float* out) {
    for (std::size_t i = 0; i < dim; ++i) out[i] = static_cast<float>(x[i]);
}

void decode_big_endian(const unsigned char* bytes, std::size_t dim, float* out) {
    for (std::size_t i = 0; i < dim; ++i) {
        std::uint32_t bits;
        std::memcpy(&bits, bytes + i * sizeof bits, sizeof bits);
        out[i] = std::bit_cast<float>(swap_on_little_endian(bits));
    }
}

void encode_big_endian(const float* x, std::size_t dim, unsigned char* bytes) {
    for (std::size_t i = 0; i < dim; ++i) {
        std::uint32_t bits = swap_on_little_endian(std::bit_cast<std::uint32_t>(x[i]));
        std::memcpy(bytes + i * sizeof bits, &bits, sizeof bits);
    }
}

void convert(const float* x, std::size_t dim, double* out) {
    for (std::size_t i = 0; i < dim; ++i) out[i] = x[i];
}

void add(const double* sums, const float* x, std::size_t dim, double* out) {
    combine_checked(sums, x, dim, out, [](double sum, float value) { return sum + value; });
}

void add(const double* a, const double* b, std::size_t dim, double* out) {
    combine_checked(a, b, dim, out, [](double x, double y) { return x + y; });
}

void divide(const double* sums, double count, std::size_t dim, float* out) {
    for (std::size_t i = 0; i < dim; ++i) out[i] = static_cast<float>(sums[i] / count);
}

}  // namespace vectorx
