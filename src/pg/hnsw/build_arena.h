// The memory of a build: chunks of a MemoryStore, private to one backend or shared between parallel workers, and never
// more than maintenance_work_mem allows.
#pragma once

#include <atomic>

#include "core/graph/memory_store.h"
#include "pg/boundary.h"

extern "C" {
#include <storage/lwlock.h>
#include <utils/dsa.h>
}

namespace vectorx::pg::hnsw {

// The part that all participants see.
struct ArenaShared {
    ArenaState state;
    LWLock growing;
    std::atomic<std::uint32_t> node_chunks{0};  // how many there are
    std::atomic<std::uint32_t> upper_chunks{0};
    std::atomic<std::uint32_t> payload_chunks{0};
    std::uint32_t max_chunks = 0;
    std::size_t chunk_size = 0;  // about
    std::size_t budget = 0;      // bytes for chunks, the table of equal vectors, and what else grows with the nodes
    std::size_t used = 0;        // by chunks; changed under `growing`
    std::atomic<bool> full{false};
    dsa_pointer equal_table = InvalidDsaPointer;
    std::size_t equal_table_size = 0;  // entries
};

// One participant's view.
class BuildArena {
 public:
    // Private memory when `area` is nullptr. `directory` has kDirectories * shared->max_chunks entries; in shared
    // memory if `area` is given.
    BuildArena(ArenaShared* shared, dsa_pointer* directory, dsa_area* area, const ArenaLayout& layout,
               MemoryContext context);

    static constexpr std::size_t kDirectories = 3;

    // Small enough that chunks which are not full, and what does not fit at the end of a segment of shared memory, are
    // a small share of the budget.
    static std::size_t chunk_size(std::size_t budget);

    // Whether other processes see it.
    bool shared() const { return area_ != nullptr; }

    // How many chunks of one kind there can be.
    static std::uint32_t max_chunks(std::size_t budget, const ArenaLayout& layout);

    // The most that an area in shared memory may take for this budget; its segments would else double in size.
    static std::size_t area_limit(std::size_t budget) { return budget + budget / 32; }

    // Claims a node with `level` upper slots and, if it is not 0, room for a payload of that size apart from the node.
    // Returns false when memory is used up.
    bool claim(int level, std::size_t payload_size, NodeId* node, std::uint32_t* upper, std::uint64_t* payload_place);

    // Makes all chunks visible here; called when loading is over.
    void map_all();

    std::byte* const* node_chunks() { return nodes_; }
    std::byte* const* upper_chunks() { return uppers_; }
    std::byte* const* payload_chunks() { return payloads_; }

    // The table for merging equal vectors. Its memory grows with the nodes, so that it is there in the end; one
    // participant fills it with kNoNode, then the others look it up.
    void clear_equal_table();
    std::atomic<NodeId>* equal_table();
    void free_equal_table();

 private:
    bool grow(std::atomic<std::uint32_t>* count, dsa_pointer* directory, std::byte** chunks, std::size_t chunk_size,
              std::uint32_t wanted);
    bool reserve_equal_table(std::size_t size);
    std::byte* map(dsa_pointer* directory, std::byte** chunks, std::uint32_t chunk);

    ArenaShared* shared_;
    dsa_pointer* node_directory_;
    dsa_pointer* upper_directory_;
    dsa_pointer* payload_directory_;
    dsa_area* area_;
    ArenaLayout layout_;
    MemoryContext context_;
    std::byte** nodes_;
    std::byte** uppers_;
    std::byte** payloads_;
    std::atomic<NodeId>* private_equal_table_ = nullptr;
};

}  // namespace vectorx::pg::hnsw
