// Distances and order of sparse vectors.
#include <algorithm>
#include <cmath>

#include "vectorx/sparse.h"

namespace vectorx {
namespace {

// Above this ratio of elements the shorter list is looked up in the longer one. A step of the merge costs about as much
// as a step of the search, which takes 2 log2(ratio) of them.
constexpr std::size_t kGallopRatio = 16;

bool gallops(const SparseView& few, const SparseView& many) { return many.nnz / kGallopRatio > few.nnz; }

// The first position from `from` on whose index is `index` or more; v.nnz if there is none.
std::size_t gallop(const SparseView& v, std::size_t from, std::int32_t index) {
    std::size_t step = 1;
    std::size_t low = from;
    std::size_t high = from;
    while (high < v.nnz && v.indices[high] < index) {
        low = high + 1;
        high += std::min(step, v.nnz - high);
        step *= 2;
    }
    return static_cast<std::size_t>(std::lower_bound(v.indices + low, v.indices + high, index) - v.indices);
}

// sum of term(x[i]) in independent lanes.
template <typename Term>
float sum_of(const float* x, std::size_t count, Term term) {
    constexpr std::size_t kLanes = 8;
    float sums[kLanes] = {};
    std::size_t i = 0;
    for (; i + kLanes <= count; i += kLanes) {
        for (std::size_t lane = 0; lane < kLanes; ++lane) sums[lane] += term(x[i + lane]);
    }
    float total = 0;
    for (float sum : sums) total += sum;
    for (; i < count; ++i) total += term(x[i]);
    return total;
}

// sum over all indices of term(a's value there - b's value there), where term(x) = term(-x) and term(0) = 0.
template <typename Term>
float sum_by_merge(const SparseView& a, const SparseView& b, Term term) {
    float sum = 0;
    std::size_t i = 0;
    std::size_t j = 0;
    while (i < a.nnz && j < b.nnz) {
        const std::int32_t index_a = a.indices[i];
        const std::int32_t index_b = b.indices[j];
        const float value_a = index_a <= index_b ? a.values[i] : 0.0F;
        const float value_b = index_b <= index_a ? b.values[j] : 0.0F;
        sum += term(value_a - value_b);
        i += index_a <= index_b;
        j += index_b <= index_a;
    }
    for (; i < a.nnz; ++i) sum += term(a.values[i]);
    for (; j < b.nnz; ++j) sum += term(b.values[j]);
    return sum;
}

template <typename Term>
float sum_by_gallop(const SparseView& few, const SparseView& many, Term term) {
    float sum = 0;
    std::size_t j = 0;
    for (std::size_t i = 0; i < few.nnz; ++i) {
        const std::size_t found = gallop(many, j, few.indices[i]);
        sum += sum_of(many.values + j, found - j, term);
        j = found;
        float other = 0;
        if (j < many.nnz && many.indices[j] == few.indices[i]) other = many.values[j++];
        sum += term(few.values[i] - other);
    }
    return sum + sum_of(many.values + j, many.nnz - j, term);
}

template <typename Term>
float sum_of_differences(const SparseView& a, const SparseView& b, Term term) {
    if (gallops(a, b)) return sum_by_gallop(a, b, term);
    if (gallops(b, a)) return sum_by_gallop(b, a, term);
    return sum_by_merge(a, b, term);
}

float inner_product_by_merge(const SparseView& a, const SparseView& b) {
    float sum = 0;
    std::size_t i = 0;
    std::size_t j = 0;
    while (i < a.nnz && j < b.nnz) {
        const std::int32_t index_a = a.indices[i];
        const std::int32_t index_b = b.indices[j];
        const float product = a.values[i] * b.values[j];
        sum += index_a == index_b ? product : 0.0F;
        i += index_a <= index_b;
        j += index_b <= index_a;
    }
    return sum;
}

float inner_product_by_gallop(const SparseView& few, const SparseView& many) {
    float sum = 0;
    std::size_t j = 0;
    for (std::size_t i = 0; i < few.nnz; ++i) {
        j = gallop(many, j, few.indices[i]);
        if (j == many.nnz) break;
        if (many.indices[j] == few.indices[i]) sum += few.values[i] * many.values[j++];
    }
    return sum;
}

constexpr auto kSquare = [](float x) { return x * x; };
constexpr auto kMagnitude = [](float x) { return std::fabs(x); };

// The order of a vector with this value, and one with 0, at the first place where they differ.
int order_of(float value) { return value < 0 ? -1 : 1; }

}  // namespace

float l2_squared(const SparseView& a, const SparseView& b) { return sum_of_differences(a, b, kSquare); }

float l1(const SparseView& a, const SparseView& b) { return sum_of_differences(a, b, kMagnitude); }

float inner_product(const SparseView& a, const SparseView& b) {
    if (gallops(a, b)) return inner_product_by_gallop(a, b);
    if (gallops(b, a)) return inner_product_by_gallop(b, a);
    return inner_product_by_merge(a, b);
}

CosineSums cosine_sums(const SparseView& a, const SparseView& b) {
    return {inner_product(a, b), sum_of(a.values, a.nnz, kSquare), sum_of(b.values, b.nnz, kSquare)};
}

int compare(const SparseView& a, const SparseView& b) {
    const std::size_t common = std::min(a.nnz, b.nnz);
    std::size_t i = 0;
    while (i < common && a.indices[i] == b.indices[i] && a.values[i] == b.values[i]) ++i;
    const bool a_has = i < a.nnz;
    const bool b_has = i < b.nnz;
    if (a_has && b_has && a.indices[i] == b.indices[i]) return a.values[i] < b.values[i] ? -1 : 1;

    // The next element of one stands against a zero of the other, if the other has that dimension at all.
    const bool a_first = a_has && (!b_has || a.indices[i] < b.indices[i]);
    if (a_first && a.indices[i] < b.dim) return order_of(a.values[i]);
    if (!a_first && b_has && b.indices[i] < a.dim) return -order_of(b.values[i]);
    return a.dim == b.dim ? 0 : (a.dim < b.dim ? -1 : 1);
}

}  // namespace vectorx
