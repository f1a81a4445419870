#include "pg/hnsw/build_arena.h"

#include <algorithm>
#include <bit>

namespace vectorx::pg::hnsw {
namespace {

// What each node takes besides once it is linked: the search for nodes out of reach notes who reaches it, and has a
// queue. Private memory has room for that where the table of equal vectors was.
constexpr std::size_t kReachBytesPerNode = 3 * sizeof(NodeId);

// Dynamic shared areas hand out large pieces in pages.
constexpr std::size_t kAreaPage = 4096;

std::size_t taken_of_area(std::size_t size) { return (size + kAreaPage - 1) / kAreaPage * kAreaPage; }

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

std::size_t BuildArena::chunk_size(std::size_t budget) {
    return std::bit_floor(std::clamp(budget / 128, ArenaLayout::kMinChunkSize, ArenaLayout::kChunkSize));
}

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
        const std::uint64_t size = layout_.payload_chunk_size();
        std::uint64_t end = shared_->state.payload_end.load(std::memory_order_relaxed);
        for (;;) {
            bool fits = end % size + payload_size <= size;
            std::uint64_t place = fits ? end : (end / size + 1) * size;
            auto chunk = static_cast<std::uint32_t>(place / size);
            if (chunk >= shared_->payload_chunks.load(std::memory_order_acquire) &&
                !grow(&shared_->payload_chunks, payload_directory_, payloads_, size, chunk))
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
        std::size_t nodes = (std::size_t{shared_->node_chunks.load()} + (count == &shared_->node_chunks))
                            << layout_.node_bits;
        std::size_t table = std::bit_ceil(2 * nodes + 1);
        std::size_t besides = table * sizeof(NodeId) + (area_ != nullptr ? nodes * kReachBytesPerNode : 0);
        std::size_t taken = area_ != nullptr ? taken_of_area(chunk_size) : chunk_size;
        bool fits = chunk < shared_->max_chunks && shared_->used + taken + besides <= shared_->budget &&
                    reserve_equal_table(table);
        if (fits && area_ != nullptr) {
            directory[chunk] = dsa_allocate_extended(area_, chunk_size, DSA_ALLOC_HUGE | DSA_ALLOC_NO_OOM);
            grown = DsaPointerIsValid(directory[chunk]);
        } else if (fits) {
            chunks[chunk] = static_cast<std::byte*>(MemoryContextAllocHuge(context_, chunk_size));
            grown = true;
        }
        if (grown) {
            shared_->used += taken;
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

// Under `growing`, or alone. Nothing is in the table yet.
bool BuildArena::reserve_equal_table(std::size_t size) {
    if (size <= shared_->equal_table_size) return true;
    if (area_ != nullptr) {
        dsa_pointer table = dsa_allocate_extended(area_, size * sizeof(NodeId), DSA_ALLOC_HUGE | DSA_ALLOC_NO_OOM);
        if (!DsaPointerIsValid(table)) return false;
        if (DsaPointerIsValid(shared_->equal_table)) dsa_free(area_, shared_->equal_table);
        shared_->equal_table = table;
    } else {
        if (private_equal_table_ != nullptr) pfree(private_equal_table_);
        private_equal_table_ =
            static_cast<std::atomic<NodeId>*>(MemoryContextAllocHuge(context_, size * sizeof(NodeId)));
    }
    shared_->equal_table_size = size;
    return true;
}

void BuildArena::clear_equal_table() {
    std::atomic<NodeId>* table = equal_table();
    for (std::size_t i = 0; i < shared_->equal_table_size; ++i) table[i].store(kNoNode, std::memory_order_relaxed);
}

// nullptr if there are no nodes.
std::atomic<NodeId>* BuildArena::equal_table() {
    if (area_ == nullptr) return private_equal_table_;
    return static_cast<std::atomic<NodeId>*>(dsa_get_address(area_, shared_->equal_table));
}

void BuildArena::free_equal_table() {
    if (shared_->equal_table_size == 0) return;
    if (area_ != nullptr) {
        dsa_free(area_, shared_->equal_table);
        shared_->equal_table = InvalidDsaPointer;
    } else {
        pfree(private_equal_table_);
        private_equal_table_ = nullptr;
    }
    shared_->equal_table_size = 0;
}

}  // namespace vectorx::pg::hnsw
