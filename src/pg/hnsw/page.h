// Pages: reading the meta page, changing pages with WAL, claiming and freeing slots.
//
// Buffers are locked in this order, and never the other way round: meta page, a node's page, then one page of another
// kind.
#pragma once

#include "pg/hnsw/layout.h"
#include "pg/index/edit.h"

namespace vectorx::pg::hnsw {

void init_page(Page page, PageKind kind);

// Writes block 0 of an empty index.
void init_meta_page(Page page, const GraphOptions& options, Storage storage, int dimensions, std::size_t payload_size,
                    int metric);

// A copy of the meta page; an error if the index is not one of this format.
MetaPage read_meta(Relation index);

// Reads and locks a page and checks that it is one of ours of that kind.
Buffer read_page(Relation index, BlockNumber block, int lock_mode, PageKind kind);

// A slot to be filled: its pages are locked and part of `edit`, and commit_claim() makes it all happen at once.
struct Claim {
    explicit Claim(Relation index, Logging logging) : edit(index, logging) {}

    PageEdit edit;
    SlotId id = kNoSlot;
    Buffer buffers[3] = {InvalidBuffer, InvalidBuffer, InvalidBuffer};  // locked until commit_claim()
    int buffer_count = 0;
    void* slot = nullptr;  // in the image of its page
};

// Takes a slot from the chain of free ones, or a never-used one, if need be on new pages. O(1).
void claim_slot(Relation index, const IndexLayout& layout, SlotKind kind, Claim* claim);
void commit_claim(Claim* claim);

// Puts the slots at these positions of a page in front of the chain of free ones. The caller knows that nothing in the
// index refers to them any more.
void free_slots(Relation index, const IndexLayout& layout, SlotKind kind, BlockNumber block,
                const std::uint32_t* positions, std::size_t count);

void set_entry_point(Relation index, Logging logging, const EntryPoint& entry);

}  // namespace vectorx::pg::hnsw
