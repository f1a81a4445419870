// What the pages of an hnsw index hold. src/pg/hnsw/README.md draws the whole picture.
//
// Everything lies in slots of fixed size; a slot's number tells its page: (block << bits) | position. There are three
// kinds of slots: nodes (one a distinct vector), uppers (a node's links on one upper level) and rows (further rows whose
// vector equals a node's). A page holds slots of one kind, in the order in which they were first used.
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

inline constexpr std::uint32_t kMagic = 0x58484856;
inline constexpr std::uint16_t kFormatVersion = 1;
inline constexpr BlockNumber kMetaBlock = 0;

enum class PageKind : std::uint16_t { kMeta = 1, kNodes, kLinks, kUppers, kRows };

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

// Kinds of slots; each has a chain of free slots and a page that still takes new ones.
enum class SlotKind : int { kNode, kUpper, kRows };
inline constexpr int kSlotKinds = 3;

enum class Storage : std::uint8_t { kPlain = 0 };

// The only content of block 0.
struct MetaPage {
    std::uint32_t magic;
    std::uint16_t format_version;
    Storage storage;
    std::uint8_t metric;
    std::uint16_t m;
    std::uint16_t ef_construction;
    std::uint32_t dimensions;
    std::uint32_t payload_size;
    NodeId entry_node;
    std::int32_t entry_level;
    SlotId free_slots[kSlotKinds];         // heads of the chains
    BlockNumber open_blocks[kSlotKinds];  // pages with never-used slots, or InvalidBlockNumber

    EntryPoint entry_point() const { return {entry_node, entry_level}; }
};

inline MetaPage* meta_page(Page page) { return reinterpret_cast<MetaPage*>(PageGetContents(page)); }

enum class NodeState : std::uint8_t {
    kFree = 0,   // in the chain of free slots; its links may still be followed by scans that remember it
    kLive = 1,
    kDying = 2,  // has no rows left and gets none; vacuum is routing around it
};

inline constexpr int kInlineRows = 3;

// Start of a node slot; the payload follows.
struct NodeHeader {
    NodeState state;
    std::uint8_t level;
    std::uint8_t row_count;  // of `rows`
    std::uint8_t unused;
    SlotId upper;      // links on level 1; in a free slot, the next one of the chain
    SlotId more_rows;  // newest slot of further rows
    std::uint16_t unused2;
    ItemPointerData rows[kInlineRows];

    SlotId& next_free() { return upper; }
};
static_assert(sizeof(NodeHeader) == 32);

// A node's links on level 0: behind the payload, or on a page of their own where both do not fit in one page.
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

// Where a slot begins.
struct Place {
    BlockNumber block;
    std::size_t offset;  // from the start of the page
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
// A node's header and payload are followed by its links. Where both do not fit in one page, nodes come in groups: a page
// with the links of up to kGroupNodes nodes, and after it one page for each of these nodes. The number of a node is
// then that of its links.
class IndexLayout {
   public:
    IndexLayout() = default;
    IndexLayout(int m, std::size_t payload_size) {
        std::size_t node_size = MAXALIGN(sizeof(NodeHeader) + payload_size);
        std::size_t links_size = offsetof(LinksHeader, ids) + static_cast<std::size_t>(2 * m) * sizeof(NodeId);
        links_offset_ = node_size;
        if (node_size + links_size <= kPageCapacity) {
            nodes = SlotGeometry(MAXALIGN(node_size + links_size));
        } else {
            grouped_ = true;
            nodes = SlotGeometry(MAXALIGN(links_size));
            if (nodes.per_page > kGroupNodes) nodes.per_page = kGroupNodes;
            nodes.bits = std::bit_width(nodes.per_page - 1);
        }
        uppers = SlotGeometry(MAXALIGN(offsetof(UpperSlot, links) + offsetof(LinksHeader, ids) +
                                       static_cast<std::size_t>(m) * sizeof(NodeId)));
        rows = SlotGeometry(sizeof(RowsSlot));
    }

    static constexpr std::uint32_t kGroupNodes = 7;
    static_assert(kGroupNodes > 1);  // the first node's page is not the group's last one

    // The largest payload that a node's page can hold.
    static constexpr std::size_t kMaxPayload = kPageCapacity - sizeof(NodeHeader);

    const SlotGeometry& geometry(SlotKind kind) const {
        return kind == SlotKind::kNode ? nodes : kind == SlotKind::kUpper ? uppers : rows;
    }

    bool grouped() const { return grouped_; }
    // Pages that are added at once for new nodes.
    BlockNumber pages_per_group() const { return grouped_ ? nodes.per_page + 1 : 1; }
    BlockNumber last_of_group(BlockNumber first) const { return first + pages_per_group() - 1; }

    Place header_place(NodeId node) const {
        std::uint32_t position = nodes.position_of(node);
        if (grouped_) return {nodes.block_of(node) + 1 + position, nodes.offset_at(0)};
        return {nodes.block_of(node), nodes.offset_at(position)};
    }
    Place links_place(NodeId node) const {
        std::size_t offset = nodes.offset_at(nodes.position_of(node));
        return {nodes.block_of(node), grouped_ ? offset : offset + links_offset_};
    }

    SlotGeometry nodes;   // where a node's links are; with its header and payload unless grouped
    SlotGeometry uppers;
    SlotGeometry rows;

   private:
    std::size_t links_offset_ = 0;
    bool grouped_ = false;
};

template <typename T>
T* at(Page page, std::size_t offset) {
    return reinterpret_cast<T*>(page + offset);
}

inline std::byte* payload_of(NodeHeader* header) { return reinterpret_cast<std::byte*>(header + 1); }

}  // namespace vectorx::pg::hnsw
