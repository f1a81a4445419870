// Pages: reading the meta page, changing pages with WAL, claiming and freeing slots.
//
// Buffers are locked in this order, and never the other way round: meta page, a node's page, then one page of another
// kind.
#pragma once

#include "pg/hnsw/layout.h"

extern "C" {
#include <access/generic_xlog.h>
#include <storage/bufmgr.h>
#include <utils/rel.h>
}

namespace vectorx::pg::hnsw {

// How changes reach the WAL.
enum class Logging {
    kEachChange,
    kAtEnd,  // while an index is built: its pages are logged once, when the build is through
};

// One atomic change of up to four pages. The buffers are pinned and exclusively locked by the caller, who unlocks them
// after finish(). Nothing is left behind when an error comes in between.
class PageEdit {
 public:
    PageEdit(Relation index, Logging logging)
        : state_(logging == Logging::kEachChange ? GenericXLogStart(index) : nullptr) {}

    // The page image to change; it takes effect with finish().
    Page page(Buffer buffer) {
        if (state_ != nullptr) return GenericXLogRegisterBuffer(state_, buffer, 0);
        buffers_[count_++] = buffer;
        return BufferGetPage(buffer);
    }

    // The same for a page that is to be written from scratch.
    Page new_page(Buffer buffer, PageKind kind);

    void finish();

 private:
    GenericXLogState* state_;
    Buffer buffers_[MAX_GENERIC_XLOG_PAGES] = {};
    int count_ = 0;
};

void init_page(Page page, PageKind kind);

// Writes block 0 of an empty index.
void init_meta_page(Page page, int m, int ef_construction, int dimensions, std::size_t payload_size, int metric);

// A copy of the meta page; an error if the index is not one of this format.
MetaPage read_meta(Relation index);

// Adds a page without content at the end and returns it pinned and exclusively locked.
Buffer extend(Relation index, ForkNumber fork);

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
