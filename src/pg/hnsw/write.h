// Writing a graph that was built in memory to the pages of an index.
#pragma once

#include "core/graph/memory_store.h"
#include "pg/boundary.h"
#include "pg/hnsw/page.h"
#include "pg/hnsw/row_id.h"

namespace vectorx::pg::hnsw {

// Appends pages in sequence: those of the nodes, then those of their upper levels, then those of further rows; last it
// fills in the meta page. The index holds nothing but its meta page so far, and its pages are logged by the caller.
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

    // The block and slot of the `index`-th slot when pages of one kind follow each other from `first` on.
    static SlotId slot_at(const SlotGeometry& geometry, BlockNumber first, BlockNumber stride, std::uint32_t index) {
        return geometry.id_at(first + index / geometry.per_page * stride, index % geometry.per_page);
    }
    static BlockNumber pages_for(const SlotGeometry& geometry, std::uint32_t count) {
        return (count + geometry.per_page - 1) / geometry.per_page;
    }

    int row_count(const ArenaNode& header) {
        int count = 1;
        for (NodeId equal = header.next_equal.load(); equal != kNoNode; equal = store_.header(equal).next_equal.load())
            ++count;
        return count;
    }
    static std::uint32_t rows_slots(int rows) {
        return rows <= kInlineRows ? 0 : static_cast<std::uint32_t>((rows - kInlineRows + kRowsPerSlot - 1) / kRowsPerSlot);
    }

    void number_nodes() {
        std::uint32_t count = 0;
        for_each_node([&](NodeId node, ArenaNode& header) {
            header.output_id = slot_at(layout_.nodes, kMetaBlock + 1, layout_.pages_per_group(), count++);
            for (std::uint32_t l = 0; l < header.level; ++l) upper_owners_[header.upper + l] = node;
        });
        node_count_ = count;
        first_upper_block_ = kMetaBlock + 1 + pages_for(layout_.nodes, count) * layout_.pages_per_group();
        first_rows_block_ =
            first_upper_block_ + pages_for(layout_.uppers, static_cast<std::uint32_t>(upper_owners_.size()));
    }

    // A locked new page of the kind; `used` of its slots are going to be filled.
    Buffer new_page(BlockNumber block, PageKind kind, const SlotGeometry& geometry, std::uint32_t used) {
        Buffer buffer = ReadBuffer(index_, block);
        LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
        Page page = BufferGetPage(buffer);
        init_page(page, kind);
        page_tail(page)->used = static_cast<std::uint16_t>(used);
        reinterpret_cast<PageHeader>(page)->pd_lower = static_cast<LocationIndex>(geometry.offset_at(used));
        return buffer;
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
        BlockNumber block = InvalidBlockNumber;
        std::uint32_t written = 0;
        for_each_node([&](NodeId node, ArenaNode& header) {
            std::uint32_t position = written % layout_.nodes.per_page;
            if (position == 0) {
                if (BufferIsValid(buffer)) close_page(buffer);
                std::uint32_t used = std::min(layout_.nodes.per_page, node_count_ - written);
                block = extend(index_, MAIN_FORKNUM, layout_.pages_per_group());
                buffer = new_page(block, layout_.grouped() ? PageKind::kLinks : PageKind::kNodes, layout_.nodes, used);
            }
            ++written;
            NodeId id = header.output_id;
            write_links(at<LinksHeader>(BufferGetPage(buffer), layout_.links_place(id).offset), node, 0);
            Buffer header_buffer = buffer;
            if (layout_.grouped()) {
                header_buffer = new_page(layout_.header_place(id).block, PageKind::kNodes, layout_.nodes, 1);
                reinterpret_cast<PageHeader>(BufferGetPage(header_buffer))->pd_lower = BLCKSZ - sizeof(PageTail);
            }
            write_header(at<NodeHeader>(BufferGetPage(header_buffer), layout_.header_place(id).offset), node, header);
            if (layout_.grouped()) close_page(header_buffer);
        });
        if (BufferIsValid(buffer)) close_page(buffer);
        // Pages without content are not logged, but the whole group must be there on a standby, too.
        if (layout_.grouped() && node_count_ % layout_.nodes.per_page != 0)
            close_page(new_page(layout_.last_of_group(block), PageKind::kNodes, layout_.nodes, 0));
    }

    void write_header(NodeHeader* out, NodeId node, const ArenaNode& header) {
        *out = {};
        out->state = NodeState::kLive;
        out->level = header.level;
        out->upper = header.level == 0 ? kNoSlot : upper_slot(header.upper);
        out->more_rows = kNoSlot;
        out->rows[out->row_count++] = decode_row(header.row);
        NodeId equal = header.next_equal.load();
        while (equal != kNoNode && out->row_count < kInlineRows) {
            out->rows[out->row_count++] = decode_row(store_.header(equal).row);
            equal = store_.header(equal).next_equal.load();
        }
        if (equal != kNoNode) {
            out->more_rows = rows_slot(rows_slot_count_);
            rows_slot_count_ += rows_slots(row_count(header));
        }
        std::memcpy(payload_of(out), store_.payload(node), store_.codec().payload_size());
    }

    SlotId upper_slot(std::uint32_t upper) const { return slot_at(layout_.uppers, first_upper_block_, 1, upper); }
    SlotId rows_slot(std::uint32_t slot) const { return slot_at(layout_.rows, first_rows_block_, 1, slot); }

    void write_uppers() {
        auto count = static_cast<std::uint32_t>(upper_owners_.size());
        const SlotGeometry& geometry = layout_.uppers;
        for (std::uint32_t begin = 0; begin < count; begin += geometry.per_page) {
            CHECK_FOR_INTERRUPTS();
            std::uint32_t used = std::min(geometry.per_page, count - begin);
            Buffer buffer = new_page(extend(index_, MAIN_FORKNUM, 1), PageKind::kUppers, geometry, used);
            for (std::uint32_t i = 0; i < used; ++i) {
                std::uint32_t upper = begin + i;
                auto* slot = at<UpperSlot>(BufferGetPage(buffer), geometry.offset_at(i));
                NodeId owner = upper_owners_[upper];
                if (owner == kNoNode) {  // of a node that was merged into another
                    slot->owner = kNoNode;
                    slot->next_free() = free_upper_;
                    free_upper_ = upper_slot(upper);
                    continue;
                }
                const ArenaNode& header = store_.header(owner);
                std::uint32_t level = upper - header.upper + 1;
                slot->owner = header.output_id;
                slot->level = static_cast<std::uint16_t>(level);
                slot->above = level == header.level ? kNoSlot : upper_slot(upper + 1);
                write_links(&slot->links, owner, static_cast<int>(level));
            }
            close_page(buffer);
        }
    }

    void write_rows() {
        const SlotGeometry& geometry = layout_.rows;
        Buffer buffer = InvalidBuffer;
        RowsSlot* slot = nullptr;
        std::uint32_t written = 0;
        for_each_node([&](NodeId, ArenaNode& header) {
            NodeId equal = header.next_equal.load();
            for (int skipped = 1; skipped < kInlineRows && equal != kNoNode; ++skipped)
                equal = store_.header(equal).next_equal.load();
            for (slot = nullptr; equal != kNoNode; equal = store_.header(equal).next_equal.load()) {
                if (slot == nullptr || slot->count == kRowsPerSlot) {
                    SlotId id = rows_slot(written);
                    if (slot != nullptr) slot->next = id;
                    if (written % geometry.per_page == 0) {
                        if (BufferIsValid(buffer)) close_page(buffer);
                        std::uint32_t used = std::min(geometry.per_page, rows_slot_count_ - written);
                        buffer = new_page(extend(index_, MAIN_FORKNUM, 1), PageKind::kRows, geometry, used);
                    }
                    slot = at<RowsSlot>(BufferGetPage(buffer), geometry.offset_at(geometry.position_of(id)));
                    *slot = {};
                    slot->owner = header.output_id;
                    slot->next = kNoSlot;
                    ++written;
                }
                slot->rows[slot->count++] = decode_row(store_.header(equal).row);
            }
        });
        if (BufferIsValid(buffer)) close_page(buffer);
    }

    // The last page of a kind, if it has never-used slots left.
    static BlockNumber open_block(const SlotGeometry& geometry, BlockNumber first, BlockNumber stride,
                                  std::uint32_t count) {
        return count % geometry.per_page == 0 ? InvalidBlockNumber : first + count / geometry.per_page * stride;
    }

    void write_meta() {
        Buffer buffer = read_page(index_, kMetaBlock, BUFFER_LOCK_EXCLUSIVE, PageKind::kMeta);
        MetaPage* meta = meta_page(BufferGetPage(buffer));
        EntryPoint entry = store_.entry_point();
        if (entry.node != kNoNode) {
            meta->entry_node = store_.header(entry.node).output_id;
            meta->entry_level = entry.level;
        }
        BlockNumber* open = meta->open_blocks;
        open[static_cast<int>(SlotKind::kNode)] =
            open_block(layout_.nodes, kMetaBlock + 1, layout_.pages_per_group(), node_count_);
        open[static_cast<int>(SlotKind::kUpper)] =
            open_block(layout_.uppers, first_upper_block_, 1, static_cast<std::uint32_t>(upper_owners_.size()));
        open[static_cast<int>(SlotKind::kRows)] = open_block(layout_.rows, first_rows_block_, 1, rows_slot_count_);
        meta->free_slots[static_cast<int>(SlotKind::kUpper)] = free_upper_;
        MarkBufferDirty(buffer);
        UnlockReleaseBuffer(buffer);
    }

    Relation index_;
    MemoryStore<Codec>& store_;
    const IndexLayout& layout_;
    std::pmr::vector<NodeId> upper_owners_;  // of each upper slot in memory; kNoNode if its node was merged
    std::uint32_t node_count_ = 0;
    BlockNumber first_upper_block_ = 0;
    BlockNumber first_rows_block_ = 0;
    std::uint32_t rows_slot_count_ = 0;
    SlotId free_upper_ = kNoSlot;
};

}  // namespace vectorx::pg::hnsw
