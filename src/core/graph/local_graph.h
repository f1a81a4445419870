// A graph that a single process owns: a MemoryStore, the memory behind it, and threads to build it. For unit tests and
// in-process benchmarks; PostgreSQL's builds bring their own memory and workers (src/pg/hnsw/build.h).
#pragma once

#include <cstdint>
#include <memory>
#include <memory_resource>
#include <new>
#include <thread>
#include <vector>

#include "core/graph/build.h"
#include "core/graph/memory_store.h"
#include "vectorx/graph.h"

namespace vectorx {

// Calls work() in `threads` threads at once, this one among them, and waits for all. work() must not throw.
template <typename Work>
void run_in_threads(int threads, Work work) {
    std::vector<std::thread> others;
    for (int i = 1; i < threads; ++i) others.emplace_back(work);
    work();
    for (std::thread& other : others) other.join();
}

template <typename Codec>
class LocalGraph {
 public:
    using Store = MemoryStore<Codec>;

    // Room for `capacity` nodes; memory comes as they are added.
    LocalGraph(const GraphOptions& options, const Codec& codec, std::uint32_t capacity)
        : node_chunks_(chunk_count(capacity, ArenaLayout(options, codec).node_bits)),
          upper_chunks_(chunk_count(std::uint64_t{capacity} * kMaxLevel, ArenaLayout(options, codec).upper_bits)),
          payload_chunks_(Codec::kVariableSize ? std::size_t{capacity} + 1 : 0),
          store_(options, codec, &state_, node_chunks_.data(), upper_chunks_.data(), payload_chunks_.data()) {}
    LocalGraph(const LocalGraph&) = delete;
    LocalGraph& operator=(const LocalGraph&) = delete;

    Store& store() { return store_; }

    // Adds a node that is not linked yet. Its level is drawn from `row`, as every owner of a graph does.
    NodeId add(const std::byte* payload, RowId row) { return add(payload, row, level_for(row, store_.options().m)); }
    NodeId add(const std::byte* payload, RowId row, int level) {
        NodeId node = state_.node_count.load(std::memory_order_relaxed);
        std::uint32_t upper = state_.upper_count.load(std::memory_order_relaxed);
        auto levels = static_cast<std::uint32_t>(level);
        const ArenaLayout& layout = store_.layout();
        allocate(node_chunks_, node >> layout.node_bits, layout.node_chunk_size());
        for (std::uint32_t u = upper; u < upper + levels; ++u)
            allocate(upper_chunks_, u >> layout.upper_bits, layout.upper_chunk_size());
        store_.init_node(node, payload, row, level, upper, claim_payload(payload));
        state_.upper_count.store(upper + levels, std::memory_order_relaxed);
        state_.node_count.store(node + 1, std::memory_order_release);
        return node;
    }

    // Merges equal vectors, by `threads` threads.
    void merge(int threads) {
        std::size_t size = 64;
        while (size < 2 * std::size_t{store_.node_count()}) size *= 2;
        std::vector<std::atomic<NodeId>> table(size);
        for (auto& entry : table) entry.store(kNoNode, std::memory_order_relaxed);
        std::atomic<std::uint32_t> next{0};
        run_in_threads(threads, [&] { merge_share(store_, &next, table.data(), size); });
    }

    // Links all nodes, by `threads` threads.
    void link(int threads) {
        std::atomic<std::uint32_t> next{0};
        std::atomic<std::uint32_t> linked{0};
        run_in_threads(threads, [&] { link_share(store_, &next, &linked, std::pmr::new_delete_resource()); });
    }

    // All that a build does with the nodes added.
    void build(int threads) {
        merge(threads);
        link(threads);
        move_root(store_, std::pmr::new_delete_resource());
    }

 private:
    struct Free {
        void operator()(std::byte* memory) const { ::operator delete (memory, std::align_val_t{64}); }
    };

    static std::size_t chunk_count(std::uint64_t slots, int bits) {
        return static_cast<std::size_t>((slots >> bits) + 1);
    }

    // Where a payload goes whose size is its own: within one chunk.
    std::uint64_t claim_payload(const std::byte* payload) {
        if (!Codec::kVariableSize) return 0;
        const std::uint64_t chunk = store_.layout().payload_chunk_size();
        std::uint64_t size = (store_.codec().size_of(payload) + 7) / 8 * 8;
        std::uint64_t place = state_.payload_end.load(std::memory_order_relaxed);
        if (place % chunk + size > chunk) place = (place / chunk + 1) * chunk;
        allocate(payload_chunks_, place / chunk, chunk);
        state_.payload_end.store(place + size, std::memory_order_relaxed);
        return place;
    }

    void allocate(std::vector<std::byte*>& chunks, std::size_t index, std::size_t size) {
        if (chunks[index] != nullptr) return;
        memory_.emplace_back(static_cast<std::byte*>(::operator new (size, std::align_val_t{64})));
        chunks[index] = memory_.back().get();
    }

    std::vector<std::byte*> node_chunks_;
    std::vector<std::byte*> upper_chunks_;
    std::vector<std::byte*> payload_chunks_;
    std::vector<std::unique_ptr<std::byte, Free>> memory_;
    ArenaState state_;
    Store store_;
};

}  // namespace vectorx
