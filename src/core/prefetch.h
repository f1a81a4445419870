// Asking for memory before it is used.
#pragma once

#include <algorithm>
#include <cstddef>

namespace vectorx {

// Starts to load what is about to be read: enough of it for the hardware to go on by itself.
[[gnu::always_inline]] inline void prefetch(const void* start, std::size_t size) {
    const auto* bytes = static_cast<const std::byte*>(start);
    size = std::min<std::size_t>(size, 1024);
    for (std::size_t line = 0; line < size; line += 64) __builtin_prefetch(bytes + line);
}

}  // namespace vectorx
