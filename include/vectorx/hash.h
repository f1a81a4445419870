// Hashes, the same on every machine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace vectorx {

// splitmix64 (Steele, Lea and Flood 2014): the number of a sequence of random ones that has this place in it.
inline std::uint64_t random_at(std::uint64_t place) {
    std::uint64_t z = (place + 1) * 0x9E3779B97F4A7C15U;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
}

// FNV-1a over words, then mixed: equal bytes collide, others should not.
inline std::uint32_t hash_bytes(const std::byte* bytes, std::size_t size) {
    std::uint64_t h = 0xCBF29CE484222325U;
    for (; size >= 8; bytes += 8, size -= 8) {
        std::uint64_t word;
        std::memcpy(&word, bytes, 8);
        h = (h ^ word) * 0x100000001B3U;
        h ^= h >> 29;
    }
    for (; size > 0; ++bytes, --size) h = (h ^ static_cast<std::uint64_t>(*bytes)) * 0x100000001B3U;
    h = (h ^ (h >> 32)) * 0x9E3779B97F4A7C15U;
    return static_cast<std::uint32_t>(h >> 32);
}

}  // namespace vectorx
