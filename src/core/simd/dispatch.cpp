#include "vectorx/kernels.h"

#include <cmath>

namespace vectorx {
namespace {
float l2(const float* a, const float* b, std::size_t n) {
    float s = 0;
    for (std::size_t i = 0; i < n; ++i) s += (a[i] - b[i]) * (a[i] - b[i]);
    return s;
}
float ip(const float* a, const float* b, std::size_t n) {
    float s = 0;
    for (std::size_t i = 0; i < n; ++i) s += a[i] * b[i];
    return s;
}
float l1(const float* a, const float* b, std::size_t n) {
    float s = 0;
    for (std::size_t i = 0; i < n; ++i) s += std::fabs(a[i] - b[i]);
    return s;
}
CosineSums cosine(const float* a, const float* b, std::size_t n) { return {ip(a, b, n), ip(a, a, n), ip(b, b, n)}; }
template <FloatKernel kernel>
void batch(const float* q, const float* const* v, std::size_t count, std::size_t n, float* out) {
    for (std::size_t i = 0; i < count; ++i) out[i] = kernel(q, v[i], n);
}
const Kernels k{"baseline", l2, ip, l1, cosine, batch<l2>, batch<ip>, batch<l1>};
const Kernels* const all[] = {&k, nullptr};
}  // namespace
const Kernels& kernels() { return k; }
const Kernels* const* supported_kernels() { return all; }
}  // namespace vectorx
