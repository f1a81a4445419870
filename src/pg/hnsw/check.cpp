// vectorx_check(): whether an index is sound, in the manner of amcheck. Every rule that README.md states about pages is
// verified here; a fault is reported with the block and position of the slot that breaks it.
#include <algorithm>
#include <memory_resource>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "pg/compat.h"
#include "pg/hnsw/inspect.h"
#include "pg/hnsw/page_store.h"
#include "pg/index/check.h"
#include "pg/index/row_id.h"

extern "C" {
#include <access/tableam.h>
#include <storage/lmgr.h>
#include <utils/builtins.h>
#include <utils/snapmgr.h>
}

namespace vectorx::pg::hnsw {
namespace {

template <typename Codec>
class Check {
 public:
    Check(Relation heap, Relation index, const MetaPage& meta, const OperatorClass& opclass, const Codec& codec,
          ReturnSetInfo* result, ContextMemory* memory)
        : heap_(heap),
          index_(index),
          meta_(meta),
          opclass_(opclass),
          store_(index, meta, codec, Logging::kEachChange, memory),
          fault(result),
          memory_(memory),
          blocks_(RelationGetNumberOfBlocks(index)),
          kinds_(blocks_, kNoKind, memory),
          used_(blocks_, 0, memory),
          nodes_(memory),
          owned_(memory),
          rows_(memory) {}

    void run() {
        read_pages();
        check_meta();
        for (auto& [node, info] : nodes_) {
            CHECK_FOR_INTERRUPTS();
            if (info.state != NodeState::kFree) check_node(node, info);
        }
        check_free_chains();
        check_reachable();
    }

    // Whether every visible row of the table is in a node with its value.
    void check_heap(Snapshot snapshot) {
        for_each_visible_row(heap_, index_, snapshot, [this](ItemPointer row, Datum value) { check_row(row, value); });
    }

 private:
    static constexpr SlotKind kNoKind = -1;

    struct NodeInfo {
        NodeState state;
        std::uint8_t level;
        NodeId parent;
        bool held;      // by its parent's list
        bool anchored;  // parents lead from it to the entry point
        bool reached;   // over links from the entry point
    };

    const IndexLayout& layout() const { return store_.layout(); }

    BlockNumber block_of(NodeId node) const { return layout().slots(kNode).block_of(node); }
    std::uint32_t position_of(NodeId node) const { return layout().slots(kNode).position_of(node); }

    // Whether the number is that of a used slot of this kind.
    bool exists(SlotKind kind, SlotId id) const {
        const SlotGeometry& geometry = layout().slots(kind);
        BlockNumber block = geometry.block_of(id);
        return id != kNoSlot && block < blocks_ && kinds_[block] == kind && geometry.position_of(id) < used_[block];
    }

    void read_pages() {
        for (BlockNumber block = kMetaBlock + 1; block < blocks_; ++block) {
            CHECK_FOR_INTERRUPTS();
            Buffer buffer = ReadBuffer(index_, block);
            LockBuffer(buffer, BUFFER_LOCK_SHARE);
            Page page = BufferGetPage(buffer);
            // A page without content was added by a backend that did not get to use it.
            if (!PageIsNew(page)) read_page_of(block, page);
            UnlockReleaseBuffer(buffer);
        }
    }

    void read_page_of(BlockNumber block, Page page) {
        const PageTail* tail = page_tail(page);
        if (tail->magic == PageTail::kTailMagic && tail->kind == PageKind::kCentre &&
            block <= kMetaBlock + centre_blocks(meta_))
            return;
        int kind = static_cast<int>(tail->kind) - static_cast<int>(page_kind(kNode));
        if (tail->magic != PageTail::kTailMagic || kind < 0 || kind >= kSlotKinds)
            return fault(block, 0, "page is of no known kind");
        const SlotGeometry& geometry = layout().slots(kind);
        if (tail->used > geometry.per_page)
            return fault(block, 0, "page counts %d slots, but has room for %d", tail->used,
                         static_cast<int>(geometry.per_page));
        if (reinterpret_cast<PageHeader>(page)->pd_lower < geometry.offset_at(tail->used))
            fault(block, 0, "slots reach into the hole of the page");
        kinds_[block] = kind;
        used_[block] = tail->used;
        for (std::uint32_t i = 0; kind == kNode && i < tail->used; ++i) {
            auto* header = slot_at<NodeHeader>(page, geometry, i);
            nodes_[geometry.id_at(block, i)] = {header->state, header->level, header->parent, false, false, false};
            if (header->state > NodeState::kDying) fault(block, i, "node is in no known state");
        }
    }

    void check_meta() {
        for (SlotKind kind = 0; kind < kSlotKinds; ++kind) {
            BlockNumber open = meta_.open_blocks[kind];
            if (open != InvalidBlockNumber && (open >= blocks_ || kinds_[open] != kind))
                fault(kMetaBlock, 0, "open page %u is not one of its kind", open);
        }
        bool any_live = std::any_of(nodes_.begin(), nodes_.end(),
                                    [](const auto& node) { return node.second.state == NodeState::kLive; });
        if (meta_.entry_node == kNoNode) {
            if (any_live) fault(kMetaBlock, 0, "there are nodes, but no entry point");
            return;
        }
        auto entry = nodes_.find(meta_.entry_node);
        if (entry == nodes_.end() || entry->second.state == NodeState::kFree)
            fault(kMetaBlock, 0, "entry point is not a node");
        else if (entry->second.parent != meta_.entry_node)
            fault(kMetaBlock, 0, "entry point has a parent");
        else if (entry->second.level != meta_.entry_level)
            fault(kMetaBlock, 0, "entry point has level %d, not %d", entry->second.level, meta_.entry_level);
    }

    void check_node(NodeId node, const NodeInfo& info) {
        Buffer buffer;
        NodeHeader header = *store_.lock_header(node, BUFFER_LOCK_SHARE, &buffer);
        if (layout().payloads_apart()) {
            PayloadReference reference =
                *reference_of(slot_in<NodeHeader>(BufferGetPage(buffer), layout().slots(kNode), node));
            UnlockReleaseBuffer(buffer);
            if (reference.kind < kPayload || reference.kind >= kSlotKinds || !exists(reference.kind, reference.slot))
                return fault(block_of(node), position_of(node), "payload is missing");
            own(reference.kind, reference.slot, node, "payload");
        } else {
            UnlockReleaseBuffer(buffer);
        }
        const std::byte* payload = store_.payload(node);
        for (int level = 0; level <= info.level; ++level) check_links(node, payload, level, info.state);
        store_.release_payloads();
        check_uppers(node, header);
        check_rows(node, header);
    }

    void check_links(NodeId node, const std::byte* payload, int level, NodeState state) {
        NodeId ids[kMaxLinks];
        int count = store_.links(node, level, ids);
        for (int i = 0; level == 0 && i < count; ++i) {
            auto child = nodes_.find(ids[i]);
            if (child != nodes_.end() && child->second.parent == node) child->second.held = true;
        }
        std::sort(ids, ids + count);
        if (std::adjacent_find(ids, ids + count) != ids + count)
            fault(block_of(node), position_of(node), "links twice to the same node on level %d", level);
        for (int i = 0; i < count; ++i) {
            auto target = nodes_.find(ids[i]);
            if (ids[i] == node)
                fault(block_of(node), position_of(node), "links to itself on level %d", level);
            else if (target == nodes_.end())
                return fault(block_of(node), position_of(node), "links to %u on level %d, which is no node", ids[i],
                             level);
            else if (target->second.state == NodeState::kFree && state == NodeState::kLive)
                fault(block_of(node), position_of(node), "links to the free slot %u on level %d", ids[i], level);
            else if (target->second.level < level && target->second.state != NodeState::kFree)
                fault(block_of(node), position_of(node), "links on level %d to %u, which has only %d", level, ids[i],
                      target->second.level);
        }
        if (state != NodeState::kLive) return;
        LinkList list;
        store_.read_links(node, payload, level, &list);
        auto nearer = [](const Candidate& a, const Candidate& b) { return a.distance < b.distance; };
        if (!std::is_sorted(list.links, list.links + list.strict, nearer) ||
            !std::is_sorted(list.links + list.strict, list.links + list.count, nearer))
            fault(block_of(node), position_of(node), "links on level %d are not in the order of their distances",
                  level);
    }

    // Each slot of a chain or payload must belong to one node, and say so.
    void own(SlotKind kind, SlotId slot, NodeId node, const char* what) {
        const SlotGeometry& geometry = layout().slots(kind);
        Buffer buffer = read_page(index_, geometry.block_of(slot), BUFFER_LOCK_SHARE, page_kind(kind));
        NodeId owner = *slot_in<NodeId>(BufferGetPage(buffer), geometry, slot);
        UnlockReleaseBuffer(buffer);
        if (owner != node)
            fault(geometry.block_of(slot), geometry.position_of(slot), "%s slot of node %u says that it belongs to %u",
                  what, node, owner);
        if (!owned_.insert((static_cast<std::uint64_t>(kind) << 32) | slot).second)
            fault(geometry.block_of(slot), geometry.position_of(slot), "%s slot is used twice", what);
    }

    void check_uppers(NodeId node, const NodeHeader& header) {
        const SlotGeometry& geometry = layout().slots(kUpper);
        SlotId slot = header.upper;
        for (int level = 1; level <= header.level; ++level) {
            if (!exists(kUpper, slot))
                return fault(block_of(node), position_of(node), "has no links on level %d", level);
            own(kUpper, slot, node, "upper");
            Buffer buffer = read_page(index_, geometry.block_of(slot), BUFFER_LOCK_SHARE, page_kind(kUpper));
            UpperSlot upper = *slot_in<UpperSlot>(BufferGetPage(buffer), geometry, slot);
            UnlockReleaseBuffer(buffer);
            if (upper.level != level)
                fault(block_of(node), position_of(node), "has an upper slot of level %d for level %d", upper.level,
                      level);
            slot = upper.above;
        }
        if (slot != kNoSlot) fault(block_of(node), position_of(node), "has an upper slot above level %d", header.level);
    }

    void check_rows(NodeId node, const NodeHeader& header) {
        if (header.row_count > kInlineRows)
            return fault(block_of(node), position_of(node), "counts %d rows", header.row_count);
        for (int i = 0; i < header.row_count; ++i) add_row(node, header.rows[i]);
        std::size_t total = header.row_count;
        const SlotGeometry& geometry = layout().slots(kRows);
        for (SlotId slot = header.more_rows; slot != kNoSlot;) {
            if (!exists(kRows, slot))
                return fault(block_of(node), position_of(node), "refers to rows slot %u, which is none", slot);
            if (owned_.contains((static_cast<std::uint64_t>(kRows) << 32) | slot))
                return fault(block_of(node), position_of(node), "refers to rows slot %u, which is used twice", slot);
            own(kRows, slot, node, "rows");
            Buffer buffer = read_page(index_, geometry.block_of(slot), BUFFER_LOCK_SHARE, page_kind(kRows));
            RowsSlot rows = *slot_in<RowsSlot>(BufferGetPage(buffer), geometry, slot);
            UnlockReleaseBuffer(buffer);
            if (rows.count > kRowsPerSlot)
                return fault(block_of(node), position_of(node), "has a rows slot that counts %d rows", rows.count);
            for (int i = 0; i < rows.count; ++i) add_row(node, rows.rows[i]);
            total += rows.count;
            slot = rows.next;
        }
        if (header.state == NodeState::kLive && total == 0)
            fault(block_of(node), position_of(node), "is live, but has no rows");
        if (header.state == NodeState::kDying && total != 0)
            fault(block_of(node), position_of(node), "is dying, but has rows");
    }

    void add_row(NodeId node, const ItemPointerData& row) {
        if (!rows_.emplace(encode_row(&row), node).second)
            fault(block_of(node), position_of(node), "has row (%u,%u), which another node has as well",
                  ItemPointerGetBlockNumberNoCheck(&row), ItemPointerGetOffsetNumberNoCheck(&row));
    }

    // A slot is free exactly if it is in its kind's chain. One that belongs to a node is neither.
    void check_free_chains() {
        for (SlotKind kind = 0; kind < kSlotKinds; ++kind) {
            const SlotGeometry& geometry = layout().slots(kind);
            std::pmr::unordered_set<SlotId> chain(memory_);
            for (SlotId slot = meta_.free_slots[kind]; slot != kNoSlot;) {
                CHECK_FOR_INTERRUPTS();
                if (!exists(kind, slot)) {
                    fault(kMetaBlock, 0, "chain of free slots leads to %u, which is none", slot);
                    break;
                }
                if (!chain.insert(slot).second) {
                    fault(geometry.block_of(slot), geometry.position_of(slot), "chain of free slots runs in a circle");
                    break;
                }
                Buffer buffer = read_page(index_, geometry.block_of(slot), BUFFER_LOCK_SHARE, page_kind(kind));
                void* found = slot_in<void>(BufferGetPage(buffer), geometry, slot);
                bool free = kind == kNode ? static_cast<NodeHeader*>(found)->state == NodeState::kFree
                                          : *static_cast<NodeId*>(found) == kNoNode;
                if (!free)
                    fault(geometry.block_of(slot), geometry.position_of(slot),
                          "slot in use is in the chain of free ones");
                slot = kind == kNode    ? static_cast<NodeHeader*>(found)->next_free()
                       : kind == kUpper ? static_cast<UpperSlot*>(found)->next_free()
                       : kind == kRows  ? static_cast<RowsSlot*>(found)->next_free()
                                        : static_cast<PayloadSlot*>(found)->next_free();
                UnlockReleaseBuffer(buffer);
            }
            if (kind != kNode) continue;
            for (const auto& [node, info] : nodes_)
                if (info.state == NodeState::kFree && !chain.contains(node))
                    fault(block_of(node), position_of(node), "is free, but not in the chain of free slots");
        }
    }

    void check_reachable() {
        auto entry = nodes_.find(meta_.entry_node);
        if (entry == nodes_.end()) return;
        std::pmr::vector<NodeId> queue(1, meta_.entry_node, memory_);
        entry->second.reached = true;
        NodeId ids[kMaxLinks];
        while (!queue.empty()) {
            CHECK_FOR_INTERRUPTS();
            NodeId node = queue.back();
            queue.pop_back();
            int count = store_.links(node, 0, ids);
            for (int i = 0; i < count; ++i) {
                auto target = nodes_.find(ids[i]);
                if (target == nodes_.end() || target->second.reached) continue;
                target->second.reached = true;
                queue.push_back(ids[i]);
            }
        }
        check_unreached();
    }

    // An insert that did not come to its end can leave a node that nobody links to. That is a fault only if the node
    // has a row that can be seen.
    void check_unreached() {
        std::pmr::unordered_set<NodeId> reported(memory_);
        Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
        for (const auto& [row, node] : rows_) {
            const NodeInfo& info = nodes_[node];
            const char* parents = info.state == NodeState::kLive ? fault_of_parents(node) : nullptr;
            if (info.state != NodeState::kLive || (info.reached && parents == nullptr) || reported.contains(node))
                continue;
            ItemPointerData item = decode_row(row);
            if (!table_index_fetch_tuple_check(heap_, &item, snapshot, nullptr)) continue;
            if (!info.reached) fault(block_of(node), position_of(node), "cannot be reached from the entry point");
            if (parents != nullptr) fault(block_of(node), position_of(node), "%s", parents);
            reported.insert(node);
        }
        UnregisterSnapshot(snapshot);
    }

    // What is wrong on the way from a node to the root. Dying nodes are parents too, until vacuum comes to its end.
    const char* fault_of_parents(NodeId node) {
        NodeId first = node;
        for (std::size_t steps = 0; node != meta_.entry_node; ++steps) {
            auto found = nodes_.find(node);
            if (found == nodes_.end() || found->second.state == NodeState::kFree) return "has a parent that is no node";
            if (found->second.anchored) break;
            if (!found->second.held) return "is not linked to by its parent";
            if (steps > nodes_.size()) return "has parents that run in a circle";
            node = found->second.parent;
        }
        for (NodeId met = first; met != node; met = nodes_[met].parent) nodes_[met].anchored = true;
        return nullptr;
    }

    void check_row(ItemPointer row, Datum value) {
        const std::byte* payload = payload_of_value(opclass_, meta_, store_.codec(), value);
        if (payload == nullptr) return;
        auto found = rows_.find(encode_row(row));
        if (found == rows_.end()) {
            fault(kMetaBlock, 0, "row (%u,%u) of the table is not in the index", ItemPointerGetBlockNumber(row),
                  ItemPointerGetOffsetNumber(row));
            return;
        }
        std::size_t size = store_.codec().size_of(payload);
        const std::byte* stored = store_.payload(found->second);
        if (store_.codec().size_of(stored) != size || std::memcmp(stored, payload, size) != 0)
            fault(block_of(found->second), position_of(found->second), "has row (%u,%u), whose value is another",
                  ItemPointerGetBlockNumber(row), ItemPointerGetOffsetNumber(row));
        store_.release_payloads();
    }

    Relation heap_;
    Relation index_;
    MetaPage meta_;
    const OperatorClass& opclass_;
    PageStore<Codec> store_;
    FaultReport fault;  // called as a function
    ContextMemory* memory_;
    BlockNumber blocks_;
    std::pmr::vector<SlotKind> kinds_;      // of each block
    std::pmr::vector<std::uint16_t> used_;  // slots of each block
    std::pmr::unordered_map<NodeId, NodeInfo> nodes_;
    std::pmr::unordered_set<std::uint64_t> owned_;  // kind and number of slots that nodes refer to
    std::pmr::unordered_map<RowId, NodeId> rows_;
};

}  // namespace

void check(Relation heap, Relation index, bool heapallindexed, ReturnSetInfo* result) {
    MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "hnsw check", ALLOCSET_DEFAULT_SIZES);
    MemoryContext caller = MemoryContextSwitchTo(context);
    ContextMemory memory(context);
    // And this one inserts; what was inserted before is there as a whole.
    LockPage(index, kMetaBlock, ExclusiveLock);
    Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
    MetaPage meta = read_meta(index);
    const OperatorClass& opclass = operator_class(index);
    with_index_codec(index, meta, [&](const auto& codec) {
        using Codec = std::decay_t<decltype(codec)>;
        auto* check = make_in<Check<Codec>>(context, heap, index, meta, opclass, codec, result, &memory);
        check->run();
        // What follows runs functions of the index's expressions, which must not wait while inserts wait for us. Rows
        // that are inserted from now on are not in the snapshot.
        UnlockPage(index, kMetaBlock, ExclusiveLock);
        if (heapallindexed) {
            // As the table's owner, like CREATE INDEX: the functions are theirs, not the caller's.
            OwnerContext owner(heap);
            check->check_heap(snapshot);
            owner.leave();
        }
    });
    UnregisterSnapshot(snapshot);
    MemoryContextSwitchTo(caller);
    MemoryContextDelete(context);
}

}  // namespace vectorx::pg::hnsw
