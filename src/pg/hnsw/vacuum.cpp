// Vacuum: rows that are gone leave their nodes, nodes without rows leave the graph, and their slots are used again.
//
// Passes, each over the pages that were there when it began; README.md says why they are safe beside inserts and
// scans:
//   1. remove dead rows; a node that loses its last row is dying
//   2. anchor: whoever is a child of a dying node gets another parent
//   3. repair: whoever links to a dying node gets other neighbours
//   4. free the dying nodes
//   5. free upper and rows slots that no node refers to
#include <algorithm>
#include <vector>

#include "pg/compat.h"
#include "pg/hnsw/callbacks.h"

extern "C" {
#include <commands/vacuum.h>
#include <storage/indexfsm.h>
#include <storage/lmgr.h>
}

#include "core/graph/reach.h"
#include "core/graph/repair.h"
#include "pg/hnsw/codec.h"
#include "pg/hnsw/page_store.h"
#include "pg/index/indexed_type.h"
#include "pg/race_point.h"

namespace vectorx::pg::hnsw {
namespace {

// A set of slots of one kind: a bit for every number up to the highest in it.
class SlotSet {
 public:
    explicit SlotSet(ContextMemory* memory) : bits_(memory) {}

    void insert(SlotId slot) {
        if (slot >= bits_.size()) bits_.resize(std::max<std::size_t>(std::size_t{slot} + 1, bits_.size() * 2));
        bits_[slot] = true;
        empty_ = false;
    }
    bool contains(SlotId slot) const { return slot < bits_.size() && bits_[slot]; }
    bool empty() const { return empty_; }

 private:
    std::pmr::vector<bool> bits_;
    bool empty_ = true;
};

template <typename Codec>
class Vacuum {
 public:
    Vacuum(IndexVacuumInfo* info, IndexBulkDeleteResult* stats, IndexBulkDeleteCallback callback, void* callback_state,
           PageStore<Codec>& store, ContextMemory* memory)
        : index_(info->index),
          strategy_(info->strategy),
          stats_(stats),
          callback_(callback),
          callback_state_(callback_state),
          store_(store),
          memory_(memory),
          dying_(memory),
          referred_uppers_(memory),
          referred_rows_(memory),
          unlinked_rows_(memory),
          nothing_(memory) {}

    void run() {
        remove_dead_rows();
        if (!dying_.empty()) {
            race_point("vacuum_marked");
            replace_root();
            race_point("vacuum_waited");
            bool anchored = anchor();
            race_point("vacuum_anchored");
            repair();
            race_point("vacuum_repaired");
            // Now that no live node links to a dying one, there are places enough.
            if (!anchored) anchor();
            free_dying();
            race_point("vacuum_freed");
        }
        sweep<UpperSlot>(kUpper, referred_uppers_);
        sweep<RowsSlot>(kRows, referred_rows_);
        // A node refers to one payload for as long as it lives, so that is looked up.
        if (layout().payloads_apart())
            for (SlotKind kind = kPayload; kind < kSlotKinds; ++kind) sweep<PayloadSlot>(kind, nothing_);
    }

 private:
    const IndexLayout& layout() const { return store_.layout(); }

    // Calls visit(block, used) for every page whose slots are of that kind. No lock is held.
    template <typename Visit>
    void for_each_page(SlotKind kind, Visit visit) {
        BlockNumber blocks = RelationGetNumberOfBlocks(index_);
        for (BlockNumber block = kMetaBlock + 1; block < blocks; ++block) {
            vacuum_delay();
            Buffer buffer = ReadBufferExtended(index_, MAIN_FORKNUM, block, RBM_NORMAL, strategy_);
            LockBuffer(buffer, BUFFER_LOCK_SHARE);
            Page page = BufferGetPage(buffer);
            // A page can be empty if the server stopped after adding it and before writing to it.
            bool ours = !PageIsNew(page) && page_tail(page)->magic == PageTail::kTailMagic &&
                        page_tail(page)->kind == page_kind(kind);
            std::uint32_t used = ours ? page_tail(page)->used : 0;
            UnlockReleaseBuffer(buffer);
            if (used > 0) visit(block, used);
        }
    }

    template <typename Visit>
    void for_each_node(Visit visit) {
        for_each_page(kNode, [&](BlockNumber block, std::uint32_t used) {
            for (std::uint32_t i = 0; i < used; ++i) visit(layout().slots(kNode).id_at(block, i));
        });
    }

    // -- pass 1

    bool is_dead(ItemPointer row) {
        ++rows_seen_;
        if (!callback_(row, callback_state_)) return false;
        --rows_seen_;
        stats_->tuples_removed += 1;
        return true;
    }

    void remove_dead_rows() {
        for_each_node([&](NodeId node) { remove_dead_rows_of(node); });
        stats_->num_index_tuples = static_cast<double>(rows_seen_);
    }

    void remove_dead_rows_of(NodeId node) {
        Buffer buffer;
        NodeHeader* header = store_.lock_header(node, BUFFER_LOCK_EXCLUSIVE, &buffer);
        SlotId upper = kNoSlot;
        int level = header->level;
        if (header->state == NodeState::kDying) dying_.insert(node);  // an earlier vacuum did not come to its end
        if (header->state == NodeState::kLive) {
            bool dead[kInlineRows];
            int kept = 0;
            for (int i = 0; i < header->row_count; ++i) {
                dead[i] = is_dead(&header->rows[i]);
                kept += !dead[i];
            }
            SlotId more_rows = remove_dead_further_rows(header->more_rows);
            bool dies = kept == 0 && more_rows == kNoSlot;
            if (kept < header->row_count || dies || more_rows != header->more_rows) {
                PageEdit edit(index_, Logging::kEachChange);
                auto offset = static_cast<std::size_t>(reinterpret_cast<char*>(header) - BufferGetPage(buffer));
                auto* changed = at<NodeHeader>(edit.page(buffer), offset);
                int to = 0;
                for (int i = 0; i < header->row_count; ++i)
                    if (!dead[i]) changed->rows[to++] = header->rows[i];
                changed->row_count = static_cast<std::uint8_t>(to);
                changed->more_rows = more_rows;
                if (dies) changed->state = NodeState::kDying;
                edit.finish();
            }
            if (dies)
                dying_.insert(node);
            else
                upper = header->upper;
            if (!dies && level > highest_live_.level) highest_live_ = {node, level};
        }
        UnlockReleaseBuffer(buffer);

        const SlotGeometry& geometry = layout().slots(kUpper);
        while (upper != kNoSlot) {
            referred_uppers_.insert(upper);
            Buffer upper_buffer = read_page(index_, geometry.block_of(upper), BUFFER_LOCK_SHARE, page_kind(kUpper));
            upper = slot_in<UpperSlot>(BufferGetPage(upper_buffer), geometry, upper)->above;
            UnlockReleaseBuffer(upper_buffer);
        }
    }

    // The node is locked, so nobody else changes its chain. Slots that become empty leave the chain, and are freed by
    // the sweep. Returns where the chain now begins.
    SlotId remove_dead_further_rows(SlotId slot) {
        SlotId first = kNoSlot;
        SlotId last_kept = kNoSlot;
        bool unlinked = false;
        while (slot != kNoSlot) {
            SlotId next;
            if (remove_dead_rows_of_slot(slot, &next)) {
                if (unlinked && last_kept != kNoSlot) set_next_rows(last_kept, slot);
                if (first == kNoSlot) first = slot;
                last_kept = slot;
                unlinked = false;
                referred_rows_.insert(slot);
            } else {
                unlinked = true;
                unlinked_rows_.insert(slot);
            }
            slot = next;
        }
        if (unlinked && last_kept != kNoSlot) set_next_rows(last_kept, kNoSlot);
        return first;
    }

    // Returns whether any row is left in the slot.
    bool remove_dead_rows_of_slot(SlotId slot, SlotId* next) {
        const SlotGeometry& geometry = layout().slots(kRows);
        Buffer buffer = read_page(index_, geometry.block_of(slot), BUFFER_LOCK_EXCLUSIVE, page_kind(kRows));
        auto* rows = slot_in<RowsSlot>(BufferGetPage(buffer), geometry, slot);
        bool dead[kRowsPerSlot];
        int kept = 0;
        for (int i = 0; i < rows->count; ++i) {
            dead[i] = is_dead(&rows->rows[i]);
            kept += !dead[i];
        }
        if (kept < rows->count) {
            PageEdit edit(index_, Logging::kEachChange);
            auto* changed = slot_in<RowsSlot>(edit.page(buffer), geometry, slot);
            int to = 0;
            for (int i = 0; i < rows->count; ++i)
                if (!dead[i]) changed->rows[to++] = rows->rows[i];
            changed->count = static_cast<std::uint16_t>(to);
            edit.finish();
        }
        *next = rows->next;
        UnlockReleaseBuffer(buffer);
        return kept > 0;
    }

    void set_next_rows(SlotId slot, SlotId next) {
        const SlotGeometry& geometry = layout().slots(kRows);
        Buffer buffer = read_page(index_, geometry.block_of(slot), BUFFER_LOCK_EXCLUSIVE, page_kind(kRows));
        PageEdit edit(index_, Logging::kEachChange);
        slot_in<RowsSlot>(edit.page(buffer), geometry, slot)->next = next;
        edit.finish();
        UnlockReleaseBuffer(buffer);
    }

    // -- pass 2

    // Waits until no insert is under way that may link to dying nodes; those that begin later will not. From then on
    // the root is live.
    void replace_root() {
        LockPage(index_, kMetaBlock, ExclusiveLock);
        store_.set_entry_point(read_meta(index_).entry_point());
        if (dying_.contains(store_.entry_point().node)) {
            NodeId root = highest_live_.node;
            // None when pass 1 came by, but an insert may have come after it.
            if (root == kNoNode)
                for_each_node([&](NodeId node) {
                    if (root == kNoNode && store_.is_live(node)) root = node;
                });
            if (root == kNoNode) {
                set_entry_point(index_, Logging::kEachChange, {});
                store_.set_entry_point({});
            } else {
                raise_root(store_, root, level_of(root));
            }
        }
        UnlockPage(index_, kMetaBlock, ExclusiveLock);
    }

    // -1 if the node is not live.
    int level_of(NodeId node) {
        Buffer buffer;
        NodeHeader* header = store_.lock_header(node, BUFFER_LOCK_SHARE, &buffer);
        int level = header->state == NodeState::kLive ? header->level : -1;
        UnlockReleaseBuffer(buffer);
        return level;
    }

    // Gives live nodes whose parents are not live others that are. Returns false if some found none that has a place.
    bool anchor() {
        ParentTree tree(store_, memory_);
        bool all = true;
        for_each_node([&](NodeId node) {
            if (!store_.is_live(node)) return;
            NodeId parent = store_.parent(node);
            // None: an insert is at it, or has not come to its end, and then no row in it can be seen. Otherwise nobody
            // but vacuum changes it.
            if (parent == kNoNode || parent == node || store_.is_live(parent)) return;
            all &= tree.attach(node);
        });
        return all;
    }

    // -- pass 3

    void repair() {
        RepairScratch scratch(store_.options(), memory_);
        auto dead = [this](NodeId node) { return dying_.contains(node); };
        for_each_node([&](NodeId node) {
            int level = level_of(node);
            for (int l = 0; l <= level; ++l) {
                if (links_to_dying(node, l)) repair_links(store_, node, store_.payload(node), l, dead, scratch);
                store_.release_payloads();
            }
        });
    }

    bool links_to_dying(NodeId node, int level) {
        NodeId links[kMaxLinks];
        int count = store_.links(node, level, links);
        return std::any_of(links, links + count, [this](NodeId link) { return dying_.contains(link); });
    }

    // -- pass 4

    void free_dying() {
        const SlotGeometry& geometry = layout().slots(kNode);
        for_each_page(kNode, [&](BlockNumber block, std::uint32_t used) {
            std::uint32_t positions[BLCKSZ / sizeof(NodeHeader)];
            std::size_t count = 0;
            for (std::uint32_t i = 0; i < used; ++i)
                if (dying_.contains(geometry.id_at(block, i))) positions[count++] = i;
            free_slots(index_, layout(), kNode, block, positions, count);
        });
    }

    // -- pass 5

    // The upper and payload slots of freed nodes, the rows slots that have left a chain, and what an insert left behind
    // that did not come to its end. `referred` holds slots that nodes referred to in pass 1.
    template <typename Slot>
    void sweep(SlotKind kind, const SlotSet& referred) {
        for_each_page(kind, [&](BlockNumber block, std::uint32_t used) {
            std::uint32_t positions[BLCKSZ / sizeof(UpperSlot)];
            if (find_orphans<Slot>(kind, block, used, referred, positions) == 0) return;
            // An insert claims such slots before its node refers to them; wait until none is at it.
            LockPage(index_, kMetaBlock, ExclusiveLock);
            std::size_t count = find_orphans<Slot>(kind, block, used, referred, positions);
            free_slots(index_, layout(), kind, block, positions, count);
            UnlockPage(index_, kMetaBlock, ExclusiveLock);
        });
    }

    template <typename Slot>
    std::size_t find_orphans(SlotKind kind, BlockNumber block, std::uint32_t used, const SlotSet& referred,
                             std::uint32_t* positions) {
        const SlotGeometry& geometry = layout().slots(kind);
        NodeId owners[BLCKSZ / sizeof(UpperSlot)];
        Buffer buffer = read_page(index_, block, BUFFER_LOCK_SHARE, page_kind(kind));
        for (std::uint32_t i = 0; i < used; ++i) owners[i] = slot_at<Slot>(BufferGetPage(buffer), geometry, i)->owner;
        UnlockReleaseBuffer(buffer);
        std::size_t count = 0;
        for (std::uint32_t i = 0; i < used; ++i) {
            if (owners[i] == kNoNode) continue;
            SlotId slot = geometry.id_at(block, i);
            // A slot that a node with rows referred to in pass 1 has kept its place.
            if (referred.contains(slot)) continue;
            // One that has left its chain never comes back; looking through the chain would take long in a long one.
            bool left = kind == kRows && unlinked_rows_.contains(slot);
            if (left || !refers(owners[i], kind, slot, referred)) positions[count++] = i;
        }
        return count;
    }

    // Whether `owner` refers to the slot, directly or through a chain. What came since pass 1 is at a chain's
    // beginning, so one that was in the chain then ends the search: a vacuum that was cut off can have left many slots
    // of one owner.
    bool refers(NodeId owner, SlotKind kind, SlotId wanted, const SlotSet& referred) {
        if (owner == kOwnerToCome) return false;
        Buffer buffer;
        NodeHeader* header = store_.lock_header(owner, BUFFER_LOCK_SHARE, &buffer);
        SlotId slot = kNoSlot;
        if (header->state == NodeState::kFree) {
        } else if (kind == kUpper) {
            slot = header->upper;
        } else if (kind == kRows) {
            slot = header->more_rows;
        } else if (reference_of(header)->kind == kind) {
            slot = reference_of(header)->slot;
        }
        const SlotGeometry& geometry = layout().slots(kind);
        while (slot != kNoSlot && slot != wanted && !referred.contains(slot)) {
            Buffer slot_buffer = read_page(index_, geometry.block_of(slot), BUFFER_LOCK_SHARE, page_kind(kind));
            Page page = BufferGetPage(slot_buffer);
            if (kind == kUpper)
                slot = slot_in<UpperSlot>(page, geometry, slot)->above;
            else
                slot = kind == kRows ? slot_in<RowsSlot>(page, geometry, slot)->next : kNoSlot;
            UnlockReleaseBuffer(slot_buffer);
        }
        UnlockReleaseBuffer(buffer);
        return slot == wanted;
    }

    Relation index_;
    BufferAccessStrategy strategy_;
    IndexBulkDeleteResult* stats_;
    IndexBulkDeleteCallback callback_;
    void* callback_state_;
    PageStore<Codec>& store_;
    ContextMemory* memory_;
    SlotSet dying_;
    SlotSet referred_uppers_;
    SlotSet referred_rows_;
    SlotSet unlinked_rows_;
    SlotSet nothing_;
    EntryPoint highest_live_;
    std::uint64_t rows_seen_ = 0;
};

IndexBulkDeleteResult* bulk_delete(IndexVacuumInfo* info, IndexBulkDeleteResult* stats,
                                   IndexBulkDeleteCallback callback, void* callback_state) {
    if (stats == nullptr) stats = static_cast<IndexBulkDeleteResult*>(palloc0(sizeof(IndexBulkDeleteResult)));
    MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "hnsw vacuum", ALLOCSET_DEFAULT_SIZES);
    MemoryContext caller = MemoryContextSwitchTo(context);
    MetaPage meta = read_meta(info->index);
    ContextMemory memory(context);
    with_index_codec(info->index, meta, [&](const auto& codec) {
        PageStore store(info->index, meta, codec, Logging::kEachChange, &memory);
        store.set_pause(vacuum_delay);
        Vacuum(info, stats, callback, callback_state, store, &memory).run();
    });
    MemoryContextSwitchTo(caller);
    MemoryContextDelete(context);
    return stats;
}

IndexBulkDeleteResult* vacuum_cleanup(IndexVacuumInfo* info, IndexBulkDeleteResult* stats) {
    // Without dead rows there is nothing to do.
    if (info->analyze_only || stats == nullptr) return stats;
    stats->num_pages = RelationGetNumberOfBlocks(info->index);
    return stats;
}

}  // namespace
}  // namespace vectorx::pg::hnsw

IndexBulkDeleteResult* hnsw_bulk_delete(IndexVacuumInfo* info, IndexBulkDeleteResult* stats,
                                        IndexBulkDeleteCallback callback, void* callback_state) {
    return vectorx::pg::guard([=] { return vectorx::pg::hnsw::bulk_delete(info, stats, callback, callback_state); });
}

IndexBulkDeleteResult* hnsw_vacuum_cleanup(IndexVacuumInfo* info, IndexBulkDeleteResult* stats) {
    return vectorx::pg::guard([=] { return vectorx::pg::hnsw::vacuum_cleanup(info, stats); });
}
