// Reading pages that are in shared buffers without pinning them.
//
// What a search does with a neighbour is to read some hundred bytes of its page. To look the page up, pin and unpin it
// takes several atomic operations on cache lines that all backends share, and as long again. So a backend remembers in
// which buffer it last saw a block, reads there, and then asks the buffer's tag whether it still held that block:
// before and after, as a sequence lock does. Shared buffers are mapped for as long as the server runs, so reading from
// a buffer that has been given to another page is harmless; what was read is thrown away. The same happens to a page
// that is written meanwhile as to one that is read under a pin alone; README.md says what may be.
//
// A buffer that is only read this way would look unused to the clock sweep. So one of kPinned reads takes the ordinary
// way, which also counts as usage.
#pragma once

#include <atomic>

#include "pg/compat.h"

namespace vectorx::pg::hnsw {

class OptimisticReader {
 public:
    explicit OptimisticReader(Relation index);

    // Where a block was last seen, or InvalidBuffer. Valid until the caller next gives up control.
    Buffer remembered(BlockNumber block) {
        if (buffers_ == nullptr || ++reads_ % kPinned == 0) return InvalidBuffer;
        return buffers_[place(block)];
    }

    // Starts to load what holds() is going to look at.
    static void prefetch_tag(Buffer buffer) { __builtin_prefetch(GetBufferDescriptor(buffer - 1)); }

    // Whether a remembered buffer holds the block. If so before and after reading from it, what was read is of that
    // block.
    bool holds(Buffer buffer, BlockNumber block) const {
        std::atomic_thread_fence(std::memory_order_acquire);
        bool held = buffer_holds(buffer, index_, block);
        std::atomic_thread_fence(std::memory_order_acquire);
        return held;
    }

    // Remembers the buffer of a block, which the caller has pinned.
    void remember(BlockNumber block, Buffer buffer) {
        if (buffers_ != nullptr) buffers_[place(block)] = buffer;
    }

    // Counts pages that were read, as ReadBuffer() does.
    void count(int pages) { count_buffer_hits(index_, pages); }

 private:
    static constexpr unsigned kPinned = 64;

    std::size_t place(BlockNumber block) const { return (block + offset_) & mask_; }

    Relation index_;
    Buffer* buffers_;  // nullptr where pages are not in shared buffers
    std::size_t mask_;
    std::size_t offset_;  // so that indexes do not all use the same places
    unsigned reads_ = 0;
};

}  // namespace vectorx::pg::hnsw
