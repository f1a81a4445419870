// What the pages of an hnsw index hold. src/pg/hnsw/README.md draws the whole picture.
//
// Everything lies in slots of fixed size; a slot's number tells its page: (block << bits) | position. The kinds of
// slots are nodes (one a distinct vector), uppers (a node's links on one upper level), rows (further rows whose vector
// equals a node's), and payloads of several sizes (a node's vector, where it does not lie in the node). A page holds
// slots of one kind, in the order in which they were first used.
#pragma once

#include <bit>
#include <cstddef>

#include "pg/postgres.h"

extern "C" {
#include <storage/block.h>
#include <storage/bufpage.h>
#include <storage/itemptr.h>
}

#include "vectorx/graph.h"

namespace vectorx::pg::hnsw {

// The number of a slot of any kind; for nodes it is the graph's NodeId.
using SlotId = std::uint32_t;
inline constexpr SlotId kNoSlot = 0xFFFFFFFF;
// The owner of a slot that has been claimed for a node which has no number yet.
inline constexpr NodeId kOwnerToCome = 0xFFFFFFFE;

inline constexpr std::uint32_t kMagic = 0x58484856;
inline constexpr std::uint16_t kFormatVersion = 3;
inline constexpr BlockNumber kMetaBlock = 0;

// Kinds of slots; each has a chain of free slots and a page that still takes new ones. Kinds from kPayload on hold
// payloads of different sizes.
using SlotKind = int;
inline constexpr SlotKind kNode = 0;
inline constexpr SlotKind kUpper = 1;
inline constexpr SlotKind kRows = 2;
inline constexpr SlotKind kPayload = 3;

// How many payload slots a page holds, for each of their kinds.
inline constexpr int kPayloadsPerPage[] = {1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 28, 40, 64};
inline constexpr int kPayloadKinds = static_cast<int>(sizeof(kPayloadsPerPage) / sizeof(int));
inline constexpr int kSlotKinds = kPayload + kPayloadKinds;

// A page holds slots of one kind, or a part of the centre of the data, or is the meta page.
enum class PageKind : std::uint16_t { kMeta = 1, kCentre = 2 };
constexpr PageKind page_kind(SlotKind kind) { return static_cast<PageKind>(kind + 3); }

// At the end of every page.
struct PageTail {
    PageKind kind;
    std::uint16_t used;  // slots in use or freed again; the rest of the page has never been used
    std::uint16_t unused;
    std::uint16_t magic;

    static constexpr std::uint16_t kTailMagic = 0x5658;
};
static_assert(sizeof(PageTail) == 8);

inline constexpr std::size_t kPageCapacity = BLCKSZ - MAXALIGN(SizeOfPageHeaderData) - MAXALIGN(sizeof(PageTail));

inline PageTail* page_tail(Page page) { return reinterpret_cast<PageTail*>(PageGetSpecialPointer(page)); }

// What a payload is.
enum class Storage : std::uint8_t {
    kPlain = 0,      // the vector
    kQuantized = 1,  // a code of 4 bits a dimension (vectorx/quantized_codec.h)
};
const char* storage_name(Storage storage);

// The only content of block 0.
struct MetaPage {
    std::uint32_t magic;
    std::uint16_t format_version;
    Storage storage;
    std::uint8_t metric;
    std::uint16_t m;
    std::uint16_t ef_construction;
    std::uint32_t dimensions;
    std::uint32_t payload_size;  // of the largest
    NodeId entry_node;
    std::int32_t entry_level;
    bool has_centre;                      // of the vectors; without one, it is the origin
    SlotId free_slots[kSlotKinds];        // heads of the chains
    BlockNumber open_blocks[kSlotKinds];  // pages with never-used slots, or InvalidBlockNumber

    EntryPoint entry_point() const { return {entry_node, entry_level}; }
};

inline MetaPage* meta_page(Page page) { return reinterpret_cast<MetaPage*>(PageGetContents(page)); }

enum class NodeState : std::uint8_t {
    kFree = 0,  // in the chain of free slots; its links may still be followed by scans that remember it
    kLive = 1,
    kDying = 2,  // has no rows left and gets none; vacuum is routing around it
};

inline constexpr int kInlineRows = 3;

// Start of a node slot; the payload or a PayloadReference follows, and then the links on level 0.
struct NodeHeader {
    NodeState state;
    std::uint8_t level;
    std::uint8_t row_count;  // of `rows`
    std::uint8_t unused;
    SlotId upper;      // links on level 1; in a free slot, the next one of the chain
    SlotId more_rows;  // newest slot of further rows
    NodeId parent;     // whose level-0 list keeps the link to this node; itself for the root, kNoNode until linked
    ItemPointerData rows[kInlineRows];

    SlotId& next_free() { return upper; }
};
static_assert(sizeof(NodeHeader) == 36);

// A node's links on one level.
struct LinksHeader {
    std::uint16_t count;
    std::uint16_t strict;  // of these, how many passed the strict heuristic; they come first
    NodeId ids[FLEXIBLE_ARRAY_MEMBER];
};

// A node's links on one upper level.
struct UpperSlot {
    NodeId owner;  // kNoNode in a free slot
    SlotId above;  // links on the next higher level; in a free slot, the next one of the chain
    std::uint16_t level;
    std::uint16_t unused;
    LinksHeader links;

    SlotId& next_free() { return above; }
};

inline constexpr int kRowsPerSlot = 15;

// Further rows of a node.
struct RowsSlot {
    NodeId owner;  // kNoNode in a free slot
    SlotId next;   // an older slot of the same node; in a free slot, the next one of the chain
    std::uint16_t count;
    ItemPointerData rows[kRowsPerSlot];

    SlotId& next_free() { return next; }
};
static_assert(sizeof(RowsSlot) == 100);

// Where to find a payload that does not lie in its node.
struct PayloadReference {
    SlotId slot;
    std::int32_t kind;
};

struct PayloadSlot {
    NodeId owner;       // kNoNode in a free slot
    SlotId next_free_;  // in a free slot, the next one of the chain

    SlotId& next_free() { return next_free_; }
    std::byte* payload() { return reinterpret_cast<std::byte*>(this + 1); }
};

// Slots of one kind on pages of one kind.
struct SlotGeometry {
    std::size_t size = 0;
    std::uint32_t per_page = 0;
    int bits = 0;

    SlotGeometry() = default;
    explicit SlotGeometry(std::size_t slot_size)
        : size(slot_size),
          per_page(static_cast<std::uint32_t>(kPageCapacity / slot_size)),
          bits(std::bit_width(per_page - 1)) {}

    BlockNumber block_of(SlotId id) const { return id >> bits; }
    std::uint32_t position_of(SlotId id) const { return id & ((1U << bits) - 1); }
    SlotId id_at(BlockNumber block, std::uint32_t position) const { return (block << bits) | position; }
    std::size_t offset_at(std::uint32_t position) const { return MAXALIGN(SizeOfPageHeaderData) + position * size; }
    // The last block whose slots have numbers; the very last number is kNoSlot.
    BlockNumber last_block() const { return (kNoSlot >> bits) - 1; }
};

// Sizes and places of everything in an index with this m and payload.
//
// Payloads lie in their nodes where all are of one size and a page has room for one together with its links. Otherwise
// they have slots of their own.
class IndexLayout {
 public:
    IndexLayout(int m, std::size_t max_payload_size, bool variable_size) {
        std::size_t links_size = offsetof(LinksHeader, ids) + static_cast<std::size_t>(2 * m) * sizeof(NodeId);
        std::size_t inline_size = MAXALIGN(sizeof(NodeHeader) + max_payload_size);
        payloads_apart_ = variable_size || inline_size + links_size > kPageCapacity;
        links_offset_ = payloads_apart_ ? sizeof(NodeHeader) + sizeof(PayloadReference) : inline_size;
        slots_[kNode] = SlotGeometry(MAXALIGN(links_offset_ + links_size));
        slots_[kUpper] = SlotGeometry(MAXALIGN(offsetof(UpperSlot, links) + offsetof(LinksHeader, ids) +
                                               static_cast<std::size_t>(m) * sizeof(NodeId)));
        slots_[kRows] = SlotGeometry(sizeof(RowsSlot));
        for (int i = 0; i < kPayloadKinds; ++i) {
            std::size_t share = kPageCapacity / static_cast<std::size_t>(kPayloadsPerPage[i]);
            slots_[kPayload + i] = SlotGeometry(share / MAXIMUM_ALIGNOF * MAXIMUM_ALIGNOF);
        }
    }

    // The largest payload that there can be.
    static constexpr std::size_t kMaxPayload = kPageCapacity - sizeof(PayloadSlot);

    const SlotGeometry& slots(SlotKind kind) const { return slots_[kind]; }
    bool payloads_apart() const { return payloads_apart_; }
    std::size_t links_offset() const { return links_offset_; }

    // The kind of the smallest slot that holds a payload of `size` bytes.
    SlotKind payload_kind(std::size_t size) const {
        SlotKind kind = kPayload;
        while (kind + 1 < kSlotKinds && payload_capacity(kind + 1) >= size) ++kind;
        return kind;
    }
    std::size_t payload_capacity(SlotKind kind) const { return slots_[kind].size - sizeof(PayloadSlot); }

 private:
    SlotGeometry slots_[kSlotKinds];
    std::size_t links_offset_;
    bool payloads_apart_;
};

template <typename T>
T* at(Page page, std::size_t offset) {
    return reinterpret_cast<T*>(page + offset);
}

// The slot at a position of its page.
template <typename Slot>
Slot* slot_at(Page page, const SlotGeometry& geometry, std::uint32_t position) {
    return at<Slot>(page, geometry.offset_at(position));
}
template <typename Slot>
Slot* slot_in(Page page, const SlotGeometry& geometry, SlotId id) {
    return slot_at<Slot>(page, geometry, geometry.position_of(id));
}

inline std::byte* payload_of(NodeHeader* header) { return reinterpret_cast<std::byte*>(header + 1); }
inline PayloadReference* reference_of(NodeHeader* header) { return reinterpret_cast<PayloadReference*>(header + 1); }
inline LinksHeader* links_of(NodeHeader* header, const IndexLayout& layout) {
    return reinterpret_cast<LinksHeader*>(reinterpret_cast<char*>(header) + layout.links_offset());
}

}  // namespace vectorx::pg::hnsw
