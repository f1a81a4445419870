// A graph in memory, private or shared between processes: what builds work on, and what unit tests run the algorithms
// on. Memory comes in chunks of equal size, mapped at different addresses in different processes, so everything in
// them refers by number.
//
// Life of the memory: nodes are appended (load), equal vectors are merged, nodes are linked, the graph is written out.
// Nothing is freed. Appending and linking may be done by many threads or processes at once, but not at the same time.
//
// Lists of links change under the node's lock, a spin lock in its header. They are read without it: ids are single
// words, so a reader meets each either before or after a change, and any mixture of the two is a list of nodes that
// are good to visit.
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdint>
#include <cstring>
#include <functional>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "core/prefetch.h"
#include "vectorx/codec.h"
#include "vectorx/graph.h"
#include "vectorx/hash.h"

namespace vectorx {

// A row's address, as its owner encodes it.
using RowId = std::uint64_t;

struct ArenaNode {
    std::atomic<std::uint8_t> lock;
    std::uint8_t level;
    bool merged;                            // its vector equals that of another node, which stands for both
    std::uint8_t strict_count;              // of the links on level 0
    std::atomic<std::uint32_t> link_count;  // on level 0
    std::uint32_t upper;                    // number of the slot of level 1; level l is slot upper + l - 1
    std::uint32_t output_id;                // what the node is called where the graph is written to
    std::atomic<NodeId> parent;             // on level 0; its own number for the root
    std::atomic<NodeId> next_equal;         // chain of the nodes merged into this one
    std::uint32_t hash;                     // of the payload
    RowId row;
};
static_assert(sizeof(ArenaNode) == 40 && std::atomic<NodeId>::is_always_lock_free);

struct ArenaUpper {
    std::atomic<std::uint32_t> link_count;
    std::uint8_t strict_count;
};

// Sizes and places within the chunks. Payloads of one size lie in their nodes; payloads of different sizes lie one
// after the other in chunks of their own, and a node holds the place of its payload.
class ArenaLayout {
 public:
    // `chunk_size` is about the size of a chunk: a power of two, no less than kMinChunkSize.
    template <typename Codec>
    ArenaLayout(const GraphOptions& options, const Codec& codec, std::size_t chunk_size = kChunkSize) : m(options.m) {
        std::size_t payload_size = Codec::kVariableSize ? sizeof(std::uint64_t) : codec.payload_size();
        payload_offset = sizeof(ArenaNode);
        links_offset = payload_offset + (payload_size + 7) / 8 * 8;
        auto links = static_cast<std::size_t>(options.links_at(0));
        node_size = (links_offset + links * 2 * sizeof(std::uint32_t) + 7) / 8 * 8;
        upper_size = sizeof(ArenaUpper) + static_cast<std::size_t>(m) * 2 * sizeof(std::uint32_t);
        node_bits = bits_for(chunk_size / node_size);
        upper_bits = bits_for(chunk_size / upper_size);
        payload_bits = bits_for(chunk_size);
    }

    std::size_t node_chunk_size() const { return node_size << node_bits; }
    std::size_t upper_chunk_size() const { return upper_size << upper_bits; }
    std::size_t payload_chunk_size() const { return std::size_t{1} << payload_bits; }

    static constexpr std::size_t kChunkSize = std::size_t{1} << 20;
    // The least, which holds any payload.
    static constexpr std::size_t kMinChunkSize = std::size_t{1} << 15;

    int m;
    std::size_t payload_offset;
    std::size_t links_offset;  // level-0 ids, then as many distances
    std::size_t node_size;
    std::size_t upper_size;
    int node_bits;  // nodes in a chunk, as a power of two
    int upper_bits;
    int payload_bits;  // bytes in a chunk of payloads

 private:
    static int bits_for(std::size_t count) {
        return static_cast<int>(std::bit_width(std::max<std::size_t>(count, 1))) - 1;
    }
};

// What all builders share besides the chunks.
struct ArenaState {
    std::atomic<std::uint32_t> node_count{0};
    std::atomic<std::uint32_t> upper_count{0};
    std::atomic<std::uint64_t> payload_end{0};   // place after the last payload, where they are apart
    std::atomic<std::uint64_t> entry{kNoEntry};  // level in the high word, node in the low one

    static constexpr std::uint64_t kNoEntry = ~std::uint64_t{0};
};

template <typename Codec>
class MemoryStore {
 public:
    // The chunk tables belong to the caller, who fills them before nodes in those chunks are used.
    MemoryStore(const GraphOptions& options, const Codec& codec, ArenaState* state, std::byte* const* node_chunks,
                std::byte* const* upper_chunks, std::byte* const* payload_chunks = nullptr,
                std::size_t chunk_size = ArenaLayout::kChunkSize)
        : options_(options),
          codec_(codec),
          layout_(options, codec, chunk_size),
          state_(state),
          node_chunks_(node_chunks),
          upper_chunks_(upper_chunks),
          payload_chunks_(payload_chunks) {}

    // Called now and then in long loops, with `argument`.
    void set_interrupt_check(void (*check)(void*), void* argument) {
        interrupt_check_ = check;
        interrupt_argument_ = argument;
    }

    const GraphOptions& options() const { return options_; }
    const Codec& codec() const { return codec_; }
    const ArenaLayout& layout() const { return layout_; }
    std::uint32_t node_count() const { return state_->node_count.load(std::memory_order_acquire); }

    // -- loading

    // Fills the slot of `node` with a vector. The caller has claimed the node, its upper slots from `upper` on, and,
    // if payloads are apart, `payload_place` with room for this one; their chunks are there.
    void init_node(NodeId node, const std::byte* payload, RowId row, int level, std::uint32_t upper,
                   [[maybe_unused]] std::uint64_t payload_place = 0) {
        auto* header = new (slot(node)) ArenaNode{};
        header->level = static_cast<std::uint8_t>(level);
        header->upper = upper;
        header->output_id = kNoNode;
        header->parent.store(kNoNode, std::memory_order_relaxed);
        header->next_equal.store(kNoNode, std::memory_order_relaxed);
        header->row = row;
        std::size_t size = codec_.size_of(payload);
        if constexpr (Codec::kVariableSize)
            std::memcpy(slot(node) + layout_.payload_offset, &payload_place, sizeof(payload_place));
        std::memcpy(const_cast<std::byte*>(this->payload(node)), payload, size);
        header->hash = hash_bytes(payload, size);
        for (int l = 1; l <= level; ++l) new (upper_slot(upper + static_cast<std::uint32_t>(l) - 1)) ArenaUpper{};
    }

    ArenaNode& header(NodeId node) const { return *reinterpret_cast<ArenaNode*>(slot(node)); }

    // -- merging equal vectors

    // Enters `node` into `table` (`size` entries, a power of two above the number of nodes, all kNoNode at first). If
    // an equal vector is there already, the node is chained to it and takes no part in the graph. Any number of
    // builders may merge different nodes at the same time.
    void merge_equal(NodeId node, std::atomic<NodeId>* table, std::size_t size) {
        ArenaNode& mine = header(node);
        std::size_t slot = mine.hash & (size - 1);
        for (;; slot = (slot + 1) & (size - 1)) {
            NodeId other = kNoNode;
            if (table[slot].compare_exchange_strong(other, node, std::memory_order_acq_rel)) return;
            ArenaNode& theirs = header(other);
            std::size_t payload_size = codec_.size_of(payload(node));
            if (theirs.hash != mine.hash || codec_.size_of(payload(other)) != payload_size ||
                std::memcmp(payload(other), payload(node), payload_size) != 0)
                continue;
            mine.merged = true;
            NodeId first = theirs.next_equal.load(std::memory_order_acquire);
            do {
                mine.next_equal.store(first, std::memory_order_relaxed);
            } while (!theirs.next_equal.compare_exchange_weak(first, node, std::memory_order_acq_rel));
            return;
        }
    }

    // -- searching and linking (GraphStore)

    EntryPoint entry_point() const {
        std::uint64_t entry = state_->entry.load(std::memory_order_acquire);
        if (entry == ArenaState::kNoEntry) return {};
        return {static_cast<NodeId>(entry), static_cast<int>(entry >> 32)};
    }

    // Makes `node` the entry point if there is none; returns whether it is now.
    bool claim_entry_point(NodeId node, int level) {
        std::uint64_t none = ArenaState::kNoEntry;
        return state_->entry.compare_exchange_strong(none, entry_word(node, level), std::memory_order_acq_rel);
    }

    // Makes `node` the entry point unless there is one on as high a level.
    void raise_entry_point(NodeId node, int level) {
        std::uint64_t current = state_->entry.load(std::memory_order_acquire);
        while (current == ArenaState::kNoEntry || static_cast<int>(current >> 32) < level) {
            if (state_->entry.compare_exchange_weak(current, entry_word(node, level), std::memory_order_acq_rel))
                return;
        }
    }

    void evaluate(const std::byte* query, const NodeId* nodes, int count, Candidate* out, bool* live) const {
        if (count <= 0) return;
        const std::byte* payloads[kMaxLinks];
        float distances[kMaxLinks];
        for (int i = 0; i < count; ++i) {
            payloads[i] = payload(nodes[i]);
            if constexpr (!Codec::kVariableSize) prefetch(payloads[i], codec_.payload_size());
        }
        codec_.distances(query, payloads, count, distances);
        for (int i = 0; i < count; ++i) {
            out[i] = {distances[i], nodes[i]};
            live[i] = true;
        }
    }

    int links(NodeId node, int level, NodeId* out) const {
        List list = list_of(node, level);
        if (list.count == nullptr) return 0;
        auto count = static_cast<int>(list.count->load(std::memory_order_acquire));
        for (int i = 0; i < count; ++i) out[i] = std::atomic_ref<NodeId>(list.ids[i]).load(std::memory_order_relaxed);
        return count;
    }

    const std::byte* payload(NodeId node) const {
        const std::byte* payload = slot(node) + layout_.payload_offset;
        if constexpr (!Codec::kVariableSize) return payload;
        std::uint64_t place;
        std::memcpy(&place, payload, sizeof(place));
        return payload_chunks_[place >> layout_.payload_bits] + (place & (layout_.payload_chunk_size() - 1));
    }
    void release_payloads() {}
    const std::byte* query(const std::byte* payload, std::pmr::vector<std::byte>& room) const {
        return query_of(codec_, payload, room);
    }
    bool is_live(NodeId) const { return true; }
    NodeId parent(NodeId node) const { return header(node).parent.load(std::memory_order_relaxed); }
    void set_parent(NodeId node, NodeId parent) { header(node).parent.store(parent, std::memory_order_relaxed); }
    bool has_ratios() const { return codec_.has_ratios(); }
    float distance(const std::byte* a, const std::byte* b) const { return codec_.distance(a, b); }

    void read_links(NodeId node, const std::byte*, int level, LinkList* out) const {
        List list = list_of(node, level);
        out->count = out->strict = 0;
        if (list.count == nullptr) return;
        Lock lock(header(node));
        out->count = static_cast<int>(list.count->load(std::memory_order_relaxed));
        out->strict = *list.strict;
        for (int i = 0; i < out->count; ++i) out->links[i] = {list.distances[i], list.ids[i]};
    }

    LinkUpdate replace_links(NodeId node, int level, const LinkList& expected, const LinkList& desired) {
        List list = list_of(node, level);
        if (list.count == nullptr) return LinkUpdate::kGone;
        Lock lock(header(node));
        // A node gets its parent before anybody else links to it, so nothing in a list becomes a child meanwhile.
        return swap_list(list, expected, desired);
    }

    LinkUpdate adopt(NodeId owner, NodeId node, const LinkList& expected, const LinkList& desired) {
        List list = list_of(owner, 0);
        Lock lock(header(owner));
        LinkUpdate update = swap_list(list, expected, desired);
        // Whoever replaces the list next sees it, for they need the lock.
        if (update == LinkUpdate::kDone) set_parent(node, owner);
        return update;
    }

    void check_for_interrupts() const {
        if (interrupt_check_ != nullptr) interrupt_check_(interrupt_argument_);
    }

 private:
    struct List {
        std::atomic<std::uint32_t>* count;
        std::uint8_t* strict;
        NodeId* ids;
        float* distances;
    };

    // Held for some dozen instructions, in which nothing can throw or ereport.
    class Lock {
     public:
        explicit Lock(ArenaNode& node) : node_(node) {
            while (node_.lock.exchange(1, std::memory_order_acquire) != 0) {
                while (node_.lock.load(std::memory_order_relaxed) != 0) pause();
            }
        }
        ~Lock() { node_.lock.store(0, std::memory_order_release); }
        Lock(const Lock&) = delete;
        Lock& operator=(const Lock&) = delete;

     private:
        static void pause() {
#if defined(__x86_64__)
            _mm_pause();
#endif
        }
        ArenaNode& node_;
    };

    // The list's node is locked.
    static LinkUpdate swap_list(const List& list, const LinkList& expected, const LinkList& desired) {
        if (static_cast<int>(list.count->load(std::memory_order_relaxed)) != expected.count)
            return LinkUpdate::kChanged;
        for (int i = 0; i < expected.count; ++i)
            if (list.ids[i] != expected.links[i].node) return LinkUpdate::kChanged;
        for (int i = 0; i < desired.count; ++i) {
            std::atomic_ref<NodeId>(list.ids[i]).store(desired.links[i].node, std::memory_order_relaxed);
            list.distances[i] = desired.links[i].distance;
        }
        *list.strict = static_cast<std::uint8_t>(desired.strict);
        list.count->store(static_cast<std::uint32_t>(desired.count), std::memory_order_release);
        return LinkUpdate::kDone;
    }

    static std::uint64_t entry_word(NodeId node, int level) { return (static_cast<std::uint64_t>(level) << 32) | node; }

    std::byte* slot(NodeId node) const {
        std::size_t index = node & ((NodeId{1} << layout_.node_bits) - 1);
        return node_chunks_[node >> layout_.node_bits] + index * layout_.node_size;
    }

    std::byte* upper_slot(std::uint32_t upper) const {
        std::size_t index = upper & ((1U << layout_.upper_bits) - 1);
        return upper_chunks_[upper >> layout_.upper_bits] + index * layout_.upper_size;
    }

    List list_of(NodeId node, int level) const {
        ArenaNode& h = header(node);
        if (level > h.level) return {nullptr, nullptr, nullptr, nullptr};
        if (level == 0) {
            auto* ids = reinterpret_cast<NodeId*>(slot(node) + layout_.links_offset);
            return {&h.link_count, &h.strict_count, ids, reinterpret_cast<float*>(ids + options_.links_at(0))};
        }
        std::byte* upper = upper_slot(h.upper + static_cast<std::uint32_t>(level) - 1);
        auto* ids = reinterpret_cast<NodeId*>(upper + sizeof(ArenaUpper));
        auto* head = reinterpret_cast<ArenaUpper*>(upper);
        return {&head->link_count, &head->strict_count, ids, reinterpret_cast<float*>(ids + options_.m)};
    }

    GraphOptions options_;
    Codec codec_;
    ArenaLayout layout_;
    ArenaState* state_;
    std::byte* const* node_chunks_;
    std::byte* const* upper_chunks_;
    std::byte* const* payload_chunks_;
    void (*interrupt_check_)(void*) = nullptr;
    void* interrupt_argument_ = nullptr;
};

}  // namespace vectorx
