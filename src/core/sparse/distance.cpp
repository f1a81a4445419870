// Distances and order of sparse vectors.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

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

// x, or 0. A conditional expression would do the same, but compilers make a branch of it.
float kept_if(bool keep, float x) {
    return std::bit_cast<float>(std::bit_cast<std::uint32_t>(x) & -static_cast<std::uint32_t>(keep));
}

// Rows of a table seldom are in a near cache, and short lists end before the CPU sees a pattern to prefetch by.
// Always inline: GCC takes a function that only prefetches for one without effects, and drops calls of it.
[[gnu::always_inline]] inline void prefetch(const SparseView& v) {
    constexpr std::size_t kElements = 16;  // of a cache line
    constexpr std::size_t kMost = 1024;    // as much as pays before the first use
    const std::size_t count = std::min(v.nnz, kMost);
    for (std::size_t i = 0; i < count; i += kElements) {
        __builtin_prefetch(v.indices + i);
        __builtin_prefetch(v.values + i);
    }
}

// Walks both lists from both ends at once: a step waits for the indices that the step before it has moved to, and two
// walks wait at the same time. Adds up what `contribution` makes of the pairs that a step looks at, given whether it
// takes a's element, whether it takes b's (both, if their indices are equal), and their values. What is then left of
// one of the lists goes to `rest`, values and count.
template <typename Contribution, typename Rest>
float merge(const SparseView& a, const SparseView& b, Contribution contribution, Rest rest) {
    const std::int32_t* const a_indices = a.indices;
    const std::int32_t* const b_indices = b.indices;
    const float* const a_values = a.values;
    const float* const b_values = b.values;
    prefetch(a);
    prefetch(b);
    float front_sum = 0;
    float back_sum = 0;
    // What no walk has taken yet: a[i, a_end) and b[j, b_end).
    std::size_t i = 0;
    std::size_t j = 0;
    std::size_t a_end = a.nnz;
    std::size_t b_end = b.nnz;
    const auto step_front = [&] {
        const bool takes_a = a_indices[i] <= b_indices[j];
        const bool takes_b = b_indices[j] <= a_indices[i];
        front_sum += contribution(takes_a, takes_b, a_values[i], b_values[j]);
        i += takes_a;
        j += takes_b;
    };
    const auto step_back = [&] {
        const bool takes_a = a_indices[a_end - 1] >= b_indices[b_end - 1];
        const bool takes_b = b_indices[b_end - 1] >= a_indices[a_end - 1];
        back_sum += contribution(takes_a, takes_b, a_values[a_end - 1], b_values[b_end - 1]);
        a_end -= takes_a;
        b_end -= takes_b;
    };
    while (a_end - i >= 2 && b_end - j >= 2) {
        step_front();
        step_back();
    }
    while (i < a_end && j < b_end) step_front();
    return front_sum + back_sum + rest(a_values + i, a_end - i) + rest(b_values + j, b_end - j);
}

// sum over all indices of term(a's value there - b's value there), where term(x) = term(-x) and term(0) = 0.
template <typename Term>
float sum_by_merge(const SparseView& a, const SparseView& b, Term term) {
    return merge(
        a, b,
        [term](bool takes_a, bool takes_b, float value_a, float value_b) {
            return term(kept_if(takes_a, value_a) - kept_if(takes_b, value_b));
        },
        [term](const float* values, std::size_t count) { return sum_of(values, count, term); });
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
    return merge(
        a, b,
        [](bool takes_a, bool takes_b, float value_a, float value_b) {
            return kept_if(takes_a && takes_b, value_a * value_b);
        },
        [](const float*, std::size_t) { return 0.0F; });
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
