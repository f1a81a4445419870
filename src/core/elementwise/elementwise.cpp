// Plain loops that the compiler vectorises for the baseline instruction set (this folder is compiled with -O3): all of
// them are bound by memory. A pass that computes only collects whether something went wrong; which element and what is
// found by a second pass, so that the first has no branches.
#include "vectorx/elementwise.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "core/elementwise/checked.h"

namespace vectorx {
namespace {

std::uint32_t swap_on_little_endian(std::uint32_t bits) {
    return std::endian::native == std::endian::little ? __builtin_bswap32(bits) : bits;
}

template <typename Word>
void decode_words(const unsigned char* bytes, std::size_t count, Word* out) {
    for (std::size_t i = 0; i < count; ++i) {
        std::uint32_t bits;
        std::memcpy(&bits, bytes + i * sizeof bits, sizeof bits);
        out[i] = std::bit_cast<Word>(swap_on_little_endian(bits));
    }
}

template <typename Word>
void encode_words(const Word* x, std::size_t count, unsigned char* bytes) {
    for (std::size_t i = 0; i < count; ++i) {
        std::uint32_t bits = swap_on_little_endian(std::bit_cast<std::uint32_t>(x[i]));
        std::memcpy(bytes + i * sizeof bits, &bits, sizeof bits);
    }
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
    VECTORX_INDEPENDENT_ITERATIONS
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
    SumOfSquares sum;
    sum.add(x, dim);
    return std::sqrt(sum.total());
}

double normalize(const float* x, std::size_t dim, float* out) {
    double divisor = norm(x, dim);
    if (divisor == 0) {
        std::fill_n(out, dim, 0.0f);
        return divisor;
    }
    VECTORX_INDEPENDENT_ITERATIONS
    for (std::size_t i = 0; i < dim; ++i) out[i] = static_cast<float>(x[i] / divisor);
    return divisor;
}

void add_rows(const float* rows, const std::uint32_t* numbers, std::size_t count, std::size_t dim, double* sums) {
    std::size_t done = 0;
    // Four at a time, so that sums are read and written less often.
    for (; done + 4 <= count; done += 4) {
        const float* a = rows + numbers[done] * dim;
        const float* b = rows + numbers[done + 1] * dim;
        const float* c = rows + numbers[done + 2] * dim;
        const float* d = rows + numbers[done + 3] * dim;
        VECTORX_INDEPENDENT_ITERATIONS
        for (std::size_t i = 0; i < dim; ++i) {
            sums[i] += (static_cast<double>(a[i]) + static_cast<double>(b[i])) +
                       (static_cast<double>(c[i]) + static_cast<double>(d[i]));
        }
    }
    for (; done < count; ++done) {
        const float* a = rows + numbers[done] * dim;
        VECTORX_INDEPENDENT_ITERATIONS
        for (std::size_t i = 0; i < dim; ++i) sums[i] += static_cast<double>(a[i]);
    }
}

int compare(const float* a, std::size_t dim_a, const float* b, std::size_t dim_b) {
    // Equal bytes are equal elements; unequal bytes can be equal elements (-0 and 0), so they are looked at one by one.
    constexpr std::size_t kBlock = 64;
    std::size_t dim = std::min(dim_a, dim_b);
    for (std::size_t i = 0; i < dim; i += kBlock) {
        std::size_t end = std::min(i + kBlock, dim);
        if (std::memcmp(a + i, b + i, (end - i) * sizeof(float)) == 0) continue;
        for (std::size_t j = i; j < end; ++j) {
            if (a[j] < b[j]) return -1;
            if (a[j] > b[j]) return 1;
        }
    }
    return dim_a == dim_b ? 0 : (dim_a < dim_b ? -1 : 1);
}

void positive_bits(const float* x, std::size_t dim, unsigned char* bits) {
    pack_bits(dim, bits, [x](std::size_t i) { return x[i] > 0; });
}

void check_finite(const float* x, std::size_t dim, const char* type_name) {
    int finite = 1;
    for (std::size_t i = 0; i < dim; ++i) finite &= std::fabs(x[i]) < kInfinity;
    if (finite != 0) return;
    std::size_t i = 0;
    while (std::isfinite(x[i])) ++i;
    fail_not_finite(std::isnan(x[i]), type_name);
}

void convert(const std::int32_t* x, std::size_t dim, float* out) {
    for (std::size_t i = 0; i < dim; ++i) out[i] = static_cast<float>(x[i]);
}

void convert(const double* x, std::size_t dim, float* out) {
    for (std::size_t i = 0; i < dim; ++i) out[i] = static_cast<float>(x[i]);
}

void decode_big_endian(const unsigned char* bytes, std::size_t dim, float* out) { decode_words(bytes, dim, out); }

void decode_big_endian(const unsigned char* bytes, std::size_t dim, std::int32_t* out) {
    decode_words(bytes, dim, out);
}

void encode_big_endian(const float* x, std::size_t dim, unsigned char* bytes) { encode_words(x, dim, bytes); }

void encode_big_endian(const std::int32_t* x, std::size_t dim, unsigned char* bytes) { encode_words(x, dim, bytes); }

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
