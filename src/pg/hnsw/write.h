// Writing a graph that was built in memory to the pages of an index.
#pragma once

#include "core/graph/memory_store.h"
#include "pg/boundary.h"
#include "pg/hnsw/page.h"
#include "pg/index/row_id.h"

namespace vectorx::pg::hnsw {

// Appends pages in sequence: those of the nodes, of their upper levels, of further rows, and of payloads that are
// apart, by size; last it fills in the meta page. The index holds nothing but its meta page so far, and its pages are
// logged by the caller.
template <typename Codec>
class GraphWriter {
 public:
    GraphWriter(Relation index, MemoryStore<Codec>& store, const IndexLayout& layout, std::uint32_t upper_count,
                ContextMemory* memory)
        : index_(index), store_(store), layout_(layout), upper_owners_(upper_count, kNoNode, memory) {}

    void write() {
        number_nodes();
        write_nodes();
        write_uppers();
        write_rows();
        if (layout_.payloads_apart())
            for (SlotKind kind = kPayload; kind < kSlotKinds; ++kind) write_payloads(kind);
        write_meta();
    }

 private:
    // Visits the nodes that stand for themselves, in order.
    template <typename Visit>
    void for_each_node(Visit visit) {
        for (NodeId node = 0; node < store_.node_count(); ++node) {
            if (store_.header(node).merged) continue;
            visit(node, store_.header(node));
            CHECK_FOR_INTERRUPTS();
        }
    }

    // The number of the `index`-th slot of a kind; pages of one kind follow each other.
    SlotId slot_number(SlotKind kind, std::uint32_t index) const {
        const SlotGeometry& geometry = layout_.slots(kind);
        return geometry.id_at(first_blocks_[kind] + index / geometry.per_page, index % geometry.per_page);
    }

    int row_count(const ArenaNode& header) {
        int count = 1;
        for (NodeId equal = header.next_equal.load(); equal != kNoNode; equal = store_.header(equal).next_equal.load())
            ++count;
        return count;
    }
    static std::uint32_t rows_slots(int rows) {
        return rows <= kInlineRows ? 0
                                   : static_cast<std::uint32_t>((rows - kInlineRows + kRowsPerSlot - 1) / kRowsPerSlot);
    }

    // Counts the slots of each kind, and so finds the blocks where they will be.
    void number_nodes() {
        first_blocks_[kNode] = kMetaBlock + 1;
        for_each_node([&](NodeId node, ArenaNode& header) {
            header.output_id = slot_number(kNode, counts_[kNode]++);
            for (std::uint32_t l = 0; l < header.level; ++l) upper_owners_[header.upper + l] = node;
            counts_[kRows] += rows_slots(row_count(header));
            if (layout_.payloads_apart()) ++counts_[payload_kind(node)];
        });
        counts_[kUpper] = static_cast<std::uint32_t>(upper_owners_.size());
        for (SlotKind kind = kNode; kind + 1 < kSlotKinds; ++kind) {
            std::uint32_t per_page = layout_.slots(kind).per_page;
            first_blocks_[kind + 1] = first_blocks_[kind] + (counts_[kind] + per_page - 1) / per_page;
        }
    }

    SlotKind payload_kind(NodeId node) const {
        return layout_.payload_kind(store_.codec().size_of(store_.payload(node)));
    }

    // A slot for the `index`-th of its kind. A new page is opened where one begins, and the one before it closed.
    template <typename Slot>
    Slot* next_slot(SlotKind kind, std::uint32_t index, Buffer* buffer) {
        const SlotGeometry& geometry = layout_.slots(kind);
        std::uint32_t position = index % geometry.per_page;
        if (position == 0) {
            if (BufferIsValid(*buffer)) close_page(*buffer);
            *buffer = extend(index_, MAIN_FORKNUM);
            Page page = BufferGetPage(*buffer);
            init_page(page, page_kind(kind));
            std::uint32_t used = std::min(geometry.per_page, counts_[kind] - index);
            page_tail(page)->used = static_cast<std::uint16_t>(used);
            reinterpret_cast<PageHeader>(page)->pd_lower = static_cast<LocationIndex>(geometry.offset_at(used));
        }
        return slot_at<Slot>(BufferGetPage(*buffer), geometry, position);
    }

    // Between pages only no lock is held, and a cancel is noticed.
    static void close_page(Buffer buffer) {
        MarkBufferDirty(buffer);
        UnlockReleaseBuffer(buffer);
        CHECK_FOR_INTERRUPTS();
    }

    void write_links(LinksHeader* links, NodeId node, int level) {
        LinkList list;
        store_.read_links(node, nullptr, level, &list);
        links->count = static_cast<std::uint16_t>(list.count);
        links->strict = static_cast<std::uint16_t>(list.strict);
        for (int i = 0; i < list.count; ++i) links->ids[i] = store_.header(list.links[i].node).output_id;
    }

    void write_nodes() {
        Buffer buffer = InvalidBuffer;
        std::uint32_t index = 0;
        std::uint32_t rows_slot = 0;
        std::uint32_t payload_slots[kSlotKinds] = {};
        for_each_node([&](NodeId node, ArenaNode& header) {
            auto* out = next_slot<NodeHeader>(kNode, index++, &buffer);
            *out = {};
            out->state = NodeState::kLive;
            out->level = header.level;
            out->upper = header.level == 0 ? kNoSlot : slot_number(kUpper, header.upper);
            out->more_rows = kNoSlot;
            out->parent = store_.header(store_.parent(node)).output_id;
            out->rows[out->row_count++] = decode_row(header.row);
            NodeId equal = header.next_equal.load();
            while (equal != kNoNode && out->row_count < kInlineRows) {
                out->rows[out->row_count++] = decode_row(store_.header(equal).row);
                equal = store_.header(equal).next_equal.load();
            }
            if (equal != kNoNode) {
                out->more_rows = slot_number(kRows, rows_slot);
                rows_slot += rows_slots(row_count(header));
            }
            if (layout_.payloads_apart()) {
                SlotKind kind = payload_kind(node);
                *reference_of(out) = {slot_number(kind, payload_slots[kind]++), kind};
            } else {
                std::memcpy(payload_of(out), store_.payload(node), store_.codec().payload_size());
            }
            write_links(links_of(out, layout_), node, 0);
        });
        if (BufferIsValid(buffer)) close_page(buffer);
    }

    void write_uppers() {
        Buffer buffer = InvalidBuffer;
        for (std::uint32_t index = 0; index < counts_[kUpper]; ++index) {
            CHECK_FOR_INTERRUPTS();
            auto* slot = next_slot<UpperSlot>(kUpper, index, &buffer);
            NodeId owner = upper_owners_[index];
            slot->owner = kNoNode;
            slot->unused = 0;
            if (owner == kNoNode) {  // of a node that was merged into another
                slot->next_free() = free_upper_;
                free_upper_ = slot_number(kUpper, index);
                continue;
            }
            const ArenaNode& header = store_.header(owner);
            std::uint32_t level = index - header.upper + 1;
            slot->owner = header.output_id;
            slot->level = static_cast<std::uint16_t>(level);
            slot->above = level == header.level ? kNoSlot : slot_number(kUpper, index + 1);
            write_links(&slot->links, owner, static_cast<int>(level));
        }
        if (BufferIsValid(buffer)) close_page(buffer);
    }

    void write_rows() {
        Buffer buffer = InvalidBuffer;
        std::uint32_t index = 0;
        for_each_node([&](NodeId, ArenaNode& header) {
            NodeId equal = header.next_equal.load();
            for (int skipped = 1; skipped < kInlineRows && equal != kNoNode; ++skipped)
                equal = store_.header(equal).next_equal.load();
            RowsSlot* slot = nullptr;
            for (; equal != kNoNode; equal = store_.header(equal).next_equal.load()) {
                if (slot == nullptr || slot->count == kRowsPerSlot) {
                    if (slot != nullptr) slot->next = slot_number(kRows, index);
                    slot = next_slot<RowsSlot>(kRows, index++, &buffer);
                    *slot = {};
                    slot->owner = header.output_id;
                    slot->next = kNoSlot;
                }
                slot->rows[slot->count++] = decode_row(store_.header(equal).row);
            }
        });
        if (BufferIsValid(buffer)) close_page(buffer);
    }

    void write_payloads(SlotKind kind) {
        Buffer buffer = InvalidBuffer;
        std::uint32_t index = 0;
        for_each_node([&](NodeId node, ArenaNode& header) {
            if (payload_kind(node) != kind) return;
            auto* slot = next_slot<PayloadSlot>(kind, index++, &buffer);
            slot->owner = header.output_id;
            slot->next_free() = kNoSlot;
            std::memcpy(slot->payload(), store_.payload(node), store_.codec().size_of(store_.payload(node)));
        });
        if (BufferIsValid(buffer)) close_page(buffer);
    }

    void write_meta() {
        Buffer buffer = read_page(index_, kMetaBlock, BUFFER_LOCK_EXCLUSIVE, PageKind::kMeta);
        MetaPage* meta = meta_page(BufferGetPage(buffer));
        EntryPoint entry = store_.entry_point();
        if (entry.node != kNoNode) {
            meta->entry_node = store_.header(entry.node).output_id;
            meta->entry_level = entry.level;
        }
        // The last page of a kind is open if it has never-used slots left.
        for (SlotKind kind = kNode; kind < kSlotKinds; ++kind) {
            std::uint32_t per_page = layout_.slots(kind).per_page;
            if (counts_[kind] % per_page != 0) meta->open_blocks[kind] = first_blocks_[kind] + counts_[kind] / per_page;
        }
        meta->free_slots[kUpper] = free_upper_;
        close_page(buffer);
    }

    Relation index_;
    MemoryStore<Codec>& store_;
    const IndexLayout& layout_;
    std::pmr::vector<NodeId> upper_owners_;  // of each upper slot in memory; kNoNode if its node was merged
    std::uint32_t counts_[kSlotKinds] = {};
    BlockNumber first_blocks_[kSlotKinds] = {};
    SlotId free_upper_ = kNoSlot;
};

}  // namespace vectorx::pg::hnsw
