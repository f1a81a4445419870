#include "vectorx/rotation.h"

#include <bit>
#include <cmath>
#include <cstdint>

#include "vectorx/hash.h"
#include "vectorx/kernels.h"

namespace vectorx {
namespace {

// Multiplies each number by `factor` or, for half of them, by its negative.
void flip(float* x, std::size_t count, std::size_t round, float factor) {
    for (std::size_t begin = 0; begin < count; begin += 64) {
        std::uint64_t bits = random_at((round << 32) + begin);
        std::size_t end = count - begin < 64 ? count - begin : 64;
        std::uint32_t words[2] = {static_cast<std::uint32_t>(bits), static_cast<std::uint32_t>(bits >> 32)};
        for (std::size_t i = 0; i < end; ++i) x[begin + i] *= (words[i / 32] >> (i % 32) & 1U) != 0 ? -factor : factor;
    }
}

}  // namespace

void rotate(float* x, float* spare, std::size_t dim) {
    if (dim < 2) return;
    std::size_t window = std::bit_floor(dim);
    float factor = 1.0F / std::sqrt(static_cast<float>(window));
    std::size_t rounds = window == dim ? 2 : 4;
    for (std::size_t round = 0; round < rounds; ++round) {
        float* start = round % 2 == 0 ? x : x + (dim - window);
        flip(start, window, round, factor);
        kernels().hadamard(start, spare, window);
    }
}

}  // namespace vectorx
