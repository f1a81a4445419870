// What the loops over floats and over halves share.
#pragma once

#include <cmath>
#include <cstddef>
#include <limits>
#include <string>

#include "vectorx/error.h"

// The next loop has no dependence between iterations although its output may be one of its inputs.
#if defined(__clang__)
#define VECTORX_INDEPENDENT_ITERATIONS _Pragma("clang loop vectorize(assume_safety)")
#else
#define VECTORX_INDEPENDENT_ITERATIONS _Pragma("GCC ivdep")
#endif

namespace vectorx {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

[[noreturn]] inline void fail_overflow() {
    throw Error(ErrorCode::kNumericValueOutOfRange, "value out of range: overflow");
}

[[noreturn]] inline void fail_underflow() {
    throw Error(ErrorCode::kNumericValueOutOfRange, "value out of range: underflow");
}

[[noreturn]] inline void fail_not_finite(bool is_nan, const char* type_name) {
    throw Error(ErrorCode::kDataException,
                std::string(is_nan ? "NaN" : "infinite value") + " not allowed in " + type_name);
}

// out[i] = op(a[i], b[i]), which may also be in place; an infinite result is an overflow.
template <typename A, typename B, typename Out, typename Operation>
void combine_checked(const A* a, const B* b, std::size_t dim, Out* out, Operation op) {
    int overflow = 0;
    VECTORX_INDEPENDENT_ITERATIONS
    for (std::size_t i = 0; i < dim; ++i) {
        Out value = op(a[i], b[i]);
        overflow |= std::fabs(value) == std::numeric_limits<Out>::infinity();
        out[i] = value;
    }
    if (overflow != 0) fail_overflow();
}

// Independent sums: the additions need not wait for each other, and the order is the same on every machine. All parts
// but the last that are added must have a multiple of kLanes elements for the order to be that of one part.
class SumOfSquares {
 public:
    static constexpr std::size_t kLanes = 8;

    void add(const float* x, std::size_t count) {
        std::size_t i = 0;
        for (; i + kLanes <= count; i += kLanes) {
            for (std::size_t lane = 0; lane < kLanes; ++lane) {
                double value = x[i + lane];
                sums_[lane] += value * value;
            }
        }
        for (std::size_t lane = 0; i < count; ++i, ++lane) sums_[lane] += static_cast<double>(x[i]) * x[i];
    }

    double total() const {
        double total = 0;
        for (double sum : sums_) total += sum;
        return total;
    }

 private:
    double sums_[kLanes] = {};
};

// bit(i) for each i < dim, the first one highest.
template <typename Bit>
void pack_bits(std::size_t dim, unsigned char* bits, Bit bit) {
    std::size_t i = 0;
    for (; i + 8 <= dim; i += 8) {
        unsigned byte = 0;
        for (std::size_t j = 0; j < 8; ++j) byte |= static_cast<unsigned>(bit(i + j)) << (7 - j);
        *bits++ = static_cast<unsigned char>(byte);
    }
    if (i == dim) return;
    unsigned byte = 0;
    for (std::size_t j = 0; i + j < dim; ++j) byte |= static_cast<unsigned>(bit(i + j)) << (7 - j);
    *bits = static_cast<unsigned char>(byte);
}

}  // namespace vectorx
