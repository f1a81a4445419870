#include "pg/hnsw/build_arena.h"

#include <algorithm>
#include <bit>

namespace vectorx::pg::hnsw {
namespace {

// The table of equal vectors takes at most this many bytes a node: less than four entries, as its size is a power of
// two above twice the number of nodes.
constexpr std::size_t kTableBytesPerNode = 4 * sizeof(NodeId);

std::byte** chunk_table(MemoryContext context, std::uint32_t chunks) {
    return static_cast<std::byte**>(
        MemoryContextAllocExtended(context, chunks * sizeof(std::byte*), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO));
}

}  // namespace

BuildArena::BuildArena(ArenaShared* shared, dsa_pointer* directory, dsa_area* area, const ArenaLayout& layout,
                       MemoryContext context)
    : shared_(shared),
      node_directory_(directory),
      upper_directory_(directory + shared->max_chunks),
      payload_directory_(directory + 2 * std::size_t{shared->max_chunks}),
      area_(area),
      layout_(layout),
      context_(context),
      nodes_(chunk_table(context, shared->max_chunks)),
      uppers_(chunk_table(context, shared->max_chunks)),
      payloads_(chunk_table(context, shared->max_chunks)) {}

std::uint32_t BuildArena::max_chunks(std::size_t budget, const ArenaLayout& layout) {
    std::size_t smallest = std::min({layout.node_chunk_size(), layout.upper_chunk_size(), layout.payload_chunk_size()});
    return static_cast<std::uint32_t>(budget / smallest + 2);
}

bool BuildArena::claim(int level, std::size_t payload_size, NodeId* node, std::uint32_t* upper,
                       std::uint64_t* payload_place) {
    auto levels = static_cast<std::uint32_t>(level);
    *upper = 0;
    if (levels > 0) {
        std::uint32_t first = shared_->state.upper_count.load(std::memory_order_relaxed);
        for (;;) {
            std::uint32_t chunk = (first + levels - 1) >> layout_.upper_bits;
            if (chunk >= shared_->upper_chunks.load(std::memory_order_acquire) &&
                !grow(&shared_->upper_chunks, upper_directory_, uppers_, layout_.upper_chunk_size(), chunk))
                return false;
            if (shared_->state.upper_count.compare_exchange_weak(first, first + levels)) break;
        }
        map(upper_directory_, uppers_, first >> layout_.upper_bits);
        map(upper_directory_, uppers_, (first + levels - 1) >> layout_.upper_bits);
        *upper = first;
    }
    *payload_place = 0;
    if (payload_size > 0) {
        payload_size = MAXALIGN(payload_size);
        std::uint64_t end = shared_->state.payload_end.load(std::memory_order_relaxed);
        for (;;) {
            constexpr std::uint64_t kSize = ArenaLayout::payload_chunk_size();
            bool fits = end % kSize + payload_size <= kSize;
            std::uint64_t place = fits ? end : (end / kSize + 1) * kSize;
            auto chunk = static_cast<std::uint32_t>(place / kSize);
            if (chunk >= shared_->payload_chunks.load(std::memory_order_acquire) &&
                !grow(&shared_->payload_chunks, payload_directory_, payloads_, kSize, chunk))
                return false;
            if (shared_->state.payload_end.compare_exchange_weak(end, place + payload_size)) {
                map(payload_directory_, payloads_, chunk);
                *payload_place = place;
                break;
            }
        }
    }
    std::uint32_t next = shared_->state.node_count.load(std::memory_order_relaxed);
    for (;;) {
        std::uint32_t chunk = next >> layout_.node_bits;
        if (chunk >= shared_->node_chunks.load(std::memory_order_acquire) &&
            !grow(&shared_->node_chunks, node_directory_, nodes_, layout_.node_chunk_size(), chunk))
            return false;
        if (shared_->state.node_count.compare_exchange_weak(next, next + 1)) break;
    }
    map(node_directory_, nodes_, next >> layout_.node_bits);
    *node = next;
    return true;
}

bool BuildArena::grow(std::atomic<std::uint32_t>* count, dsa_pointer* directory, std::byte** chunks,
                      std::size_t chunk_size, std::uint32_t wanted) {
    if (shared_->full.load(std::memory_order_relaxed)) return false;
    if (area_ != nullptr) LWLockAcquire(&shared_->growing, LW_EXCLUSIVE);
    bool grown = count->load(std::memory_order_relaxed) > wanted;
    if (!grown) {
        std::uint32_t chunk = count->load(std::memory_order_relaxed);
        std::size_t nodes = (static_cast<std::size_t>(shared_->node_chunks.load()) + 1) << layout_.node_bits;
        std::size_t table = nodes * kTableBytesPerNode;
        bool fits = chunk < shared_->max_chunks && shared_->used + chunk_size + table <= shared_->budget;
        if (fits && area_ != nullptr) {
            directory[chunk] = dsa_allocate_extended(area_, chunk_size, DSA_ALLOC_HUGE | DSA_ALLOC_NO_OOM);
            grown = DsaPointerIsValid(directory[chunk]);
        } else if (fits) {
            chunks[chunk] = static_cast<std::byte*>(MemoryContextAllocHuge(context_, chunk_size));
            grown = true;
        }
        if (grown) {
            shared_->used += chunk_size;
            count->store(chunk + 1, std::memory_order_release);
        } else {
            shared_->full.store(true);
        }
    }
    if (area_ != nullptr) LWLockRelease(&shared_->growing);
    return grown;
}

std::byte* BuildArena::map(dsa_pointer* directory, std::byte** chunks, std::uint32_t chunk) {
    if (chunks[chunk] == nullptr) chunks[chunk] = static_cast<std::byte*>(dsa_get_address(area_, directory[chunk]));
    return chunks[chunk];
}

void BuildArena::map_all() {
    for (std::uint32_t i = 0; i < shared_->node_chunks.load(); ++i) map(node_directory_, nodes_, i);
    for (std::uint32_t i = 0; i < shared_->upper_chunks.load(); ++i) map(upper_directory_, uppers_, i);
    for (std::uint32_t i = 0; i < shared_->payload_chunks.load(); ++i) map(payload_directory_, payloads_, i);
}

void BuildArena::create_equal_table() {
    std::size_t nodes = shared_->state.node_count.load();
    std::size_t size = std::bit_ceil(2 * nodes + 1);
    shared_->equal_table_size = size;
    if (area_ != nullptr) {
        shared_->equal_table = dsa_allocate_extended(area_, size * sizeof(NodeId), DSA_ALLOC_HUGE);
    } else {
        private_equal_table_ =
            static_cast<std::atomic<NodeId>*>(MemoryContextAllocHuge(context_, size * sizeof(NodeId)));
    }
    std::atomic<NodeId>* table = equal_table();
    for (std::size_t i = 0; i < size; ++i) table[i].store(kNoNode, std::memory_order_relaxed);
}

std::atomic<NodeId>* BuildArena::equal_table() {
    if (area_ == nullptr) return private_equal_table_;
    return static_cast<std::atomic<NodeId>*>(dsa_get_address(area_, shared_->equal_table));
}

void BuildArena::free_equal_table() {
    if (area_ != nullptr) {
        dsa_free(area_, shared_->equal_table);
        shared_->equal_table = InvalidDsaPointer;
    } else {
        pfree(private_equal_table_);
        private_equal_table_ = nullptr;
    }
}

}  // namespace vectorx::pg::hnsw
