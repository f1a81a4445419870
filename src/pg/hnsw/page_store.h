// The graph in buffer pages: the store behind scans, inserts and vacuum.
//
// A payload is written before anything links to its node and stays as it is until the node's slot is freed, so it is
// read under a pin alone. A scan can remember a node past that point and then read a payload that is being
// overwritten; README.md says why that does no harm. Links and rows are read under a share lock.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory_resource>
#include <unordered_map>
#include <vector>

#include "core/graph/link.h"
#include "core/prefetch.h"
#include "pg/boundary.h"
#include "pg/hnsw/layout.h"
#include "pg/hnsw/optimistic_reader.h"
#include "pg/hnsw/page.h"
#include "pg/race_point.h"
#include "vectorx/codec.h"

namespace vectorx::pg::hnsw {

template <typename Codec>
class PageStore {
 public:
    // `memory` (and the context behind it) outlives the store. `logging` says how replace_links() reaches the WAL.
    PageStore(Relation index, const MetaPage& meta, const Codec& codec, Logging logging, ContextMemory* memory)
        : index_(index),
          options_{meta.m, meta.ef_construction},
          layout_(meta.m, codec.payload_size(), Codec::kVariableSize),
          codec_(codec),
          logging_(logging),
          entry_point_(meta.entry_point()),
          reader_(index),
          payloads_(memory),
          copies_(memory) {
        if (Codec::kVariableSize) copies_.resize(kPins * codec.payload_size());
    }

    Relation index() const { return index_; }
    const IndexLayout& layout() const { return layout_; }
    const Codec& codec() const { return codec_; }
    Logging logging() const { return logging_; }

    // -- SearchStore

    const GraphOptions& options() const { return options_; }
    EntryPoint entry_point() const { return entry_point_; }
    void set_entry_point(const EntryPoint& entry) { entry_point_ = entry; }

    void evaluate(const std::byte* query, const NodeId* nodes, int count, Candidate* out, bool* live) {
        race_point("links_read");
        evaluate_by([&](const std::byte* const* payloads, int batch,
                        float* distances) { codec_.distances(query, payloads, batch, distances); },
                    nodes, count, out, live);
    }

    // What the distances of nodes from the query may be less than estimated. Like the estimates they are read under a
    // pin, so those of nodes that were freed meanwhile mean nothing.
    void error_bounds(const std::byte* query, const NodeId* nodes, int count, float* out) {
        bool live[kMaxLinks];
        auto compute = [&](const std::byte* const* payloads, int batch, float* bounds) {
            for (int i = 0; i < batch; ++i) bounds[i] = codec_.error_bound(query, payloads[i]);
        };
        for (int begin = 0; begin < count; begin += kMaxLinks)
            distances_by(compute, nodes + begin, std::min(kMaxLinks, count - begin), out + begin, live);
    }

    // Whether a node, whose page the caller has locked, has this payload.
    bool has_payload(NodeHeader* header, const std::byte* wanted) {
        const std::byte* payload = payload_of(header);
        Buffer buffer = InvalidBuffer;
        if (layout_.payloads_apart()) {
            PayloadSlot* slot = pin_payload(*reference_of(header), &buffer);
            LockBuffer(buffer, BUFFER_LOCK_SHARE);
            payload = slot->payload();
        }
        std::size_t size = codec_.size_of(wanted);
        bool same = codec_.size_of(payload) == size && std::memcmp(payload, wanted, size) == 0;
        if (BufferIsValid(buffer)) UnlockReleaseBuffer(buffer);
        return same;
    }

    // The distance to a node whose page the caller has locked.
    float distance_to(const std::byte* query, NodeHeader* header) {
        const std::byte* payload = payload_of(header);
        Buffer buffer = InvalidBuffer;
        if (layout_.payloads_apart()) {
            PayloadSlot* slot = pin_payload(*reference_of(header), &buffer);
            LockBuffer(buffer, BUFFER_LOCK_SHARE);
            payload = slot->payload();
        }
        float distance;
        codec_.distances(query, &payload, 1, &distance);
        if (BufferIsValid(buffer)) UnlockReleaseBuffer(buffer);
        return distance;
    }

    int links(NodeId node, int level, NodeId* out) {
        Buffer buffer;
        LinksHeader* links = lock_links(node, level, BUFFER_LOCK_SHARE, &buffer);
        if (links == nullptr) return 0;
        int count = std::min<int>(links->count, options_.links_at(level));
        std::copy(links->ids, links->ids + count, out);
        UnlockReleaseBuffer(buffer);
        return count;
    }

    void check_for_interrupts() {
        if (pause_ != nullptr) pause_();
        CHECK_FOR_INTERRUPTS();
    }
    // Called in long loops, while no lock is held.
    void set_pause(void (*pause)()) { pause_ = pause; }

    // -- GraphStore

    bool is_live(NodeId node) {
        Buffer buffer;
        bool live = pin_header(node, &buffer)->state == NodeState::kLive;
        ReleaseBuffer(buffer);
        return live;
    }

    NodeId parent(NodeId node) {
        Buffer buffer;
        NodeId parent = pin_header(node, &buffer)->parent;
        ReleaseBuffer(buffer);
        return parent;
    }

    const std::byte* payload(NodeId node) {
        auto [entry, missing] = payloads_.try_emplace(node);
        if (missing) {
            bool live;
            entry->second =
                static_cast<std::byte*>(payload_memory()->allocate(codec_.payload_size(), kPayloadAlignment));
            copy_payload(node, entry->second, &live);
        }
        return entry->second;
    }

    void release_payloads() {
        constexpr std::size_t kKept = std::size_t{8} << 20;
        if (payloads_.size() * codec_.payload_size() >= kKept) forget_payloads();
    }
    // For an insert that lets go of the lock which keeps the nodes that it has met from being freed.
    void forget_payloads() {
        for (auto& [node, payload] : payloads_)
            payload_memory()->deallocate(payload, codec_.payload_size(), kPayloadAlignment);
        payloads_.clear();
    }

    const std::byte* query(const std::byte* payload, std::pmr::vector<std::byte>& room) const {
        return query_of(codec_, payload, room);
    }
    float distance(const std::byte* a, const std::byte* b) const { return codec_.distance(a, b); }
    bool has_ratios() const { return codec_.has_ratios(); }

    void read_links(NodeId node, const std::byte* payload, int level, LinkList* out) {
        NodeId ids[kMaxLinks];
        bool live[kMaxLinks];
        out->count = out->strict = 0;
        Buffer buffer;
        LinksHeader* links = lock_links(node, level, BUFFER_LOCK_SHARE, &buffer);
        if (links == nullptr) return;
        out->count = std::min<int>(links->count, options_.links_at(level));
        out->strict = std::min<int>(links->strict, out->count);
        std::copy(links->ids, links->ids + out->count, ids);
        UnlockReleaseBuffer(buffer);
        evaluate_by([&](const std::byte* const* payloads, int batch,
                        float* distances) { payload_distances(codec_, payload, payloads, batch, distances); },
                    ids, out->count, out->links, live);
    }

    LinkUpdate replace_links(NodeId node, int level, const LinkList& expected, const LinkList& desired) {
        race_point("replace_links");
        Buffer buffer;
        LinksHeader* links = lock_links(node, level, BUFFER_LOCK_EXCLUSIVE, &buffer);
        if (links == nullptr) return LinkUpdate::kGone;
        LinkUpdate update = may_replace(links, expected);
        if (level == 0) {
            if (header_in(BufferGetPage(buffer), node)->state != NodeState::kLive)
                update = LinkUpdate::kGone;
            else if (update == LinkUpdate::kDone && drops_child(node, expected, desired))
                update = LinkUpdate::kChanged;
        }
        if (update == LinkUpdate::kDone) {
            PageEdit edit(index_, logging_);
            std::ptrdiff_t offset = reinterpret_cast<char*>(links) - BufferGetPage(buffer);
            write_links(at<LinksHeader>(edit.page(buffer), static_cast<std::size_t>(offset)), desired);
            edit.finish();
        }
        UnlockReleaseBuffer(buffer);
        return update;
    }

    LinkUpdate adopt(NodeId owner, NodeId node, const LinkList& expected, const LinkList& desired) {
        race_point("adopt");
        NodePages pages = lock_pages(owner, node);
        NodeHeader* header = header_in(BufferGetPage(pages.first), owner);
        LinkUpdate update = may_replace(links_of(header, layout_), expected);
        if (header->state != NodeState::kLive)
            update = LinkUpdate::kGone;
        else if (update == LinkUpdate::kDone && drops_child(owner, expected, desired))
            update = LinkUpdate::kChanged;
        if (update == LinkUpdate::kDone) {
            PageEdit edit(index_, logging_);
            Page page = edit.page(pages.first);
            write_links(links_of(header_in(page, owner), layout_), desired);
            header_in(pages.apart() ? edit.page(pages.second) : page, node)->parent = owner;
            edit.finish();
        }
        unlock(pages);
        return update;
    }

    // Makes `node` the entry point and the root of the tree, and the parent of the root that was, `old_root`, if there
    // is one: at once, so that the tree is whole at any time. The list is to hold the old root. kChanged: the list is
    // no longer `expected`. The caller holds the heavyweight lock exclusively, without which no entry point moves.
    LinkUpdate make_root(NodeId node, int level, NodeId old_root, const LinkList& expected, const LinkList& desired) {
        Buffer meta_buffer = read_page(index_, kMetaBlock, BUFFER_LOCK_EXCLUSIVE, PageKind::kMeta);
        NodePages pages = lock_pages(node, old_root == kNoNode ? node : old_root);
        LinkUpdate update = may_replace(links_of(header_in(BufferGetPage(pages.first), node), layout_), expected);
        if (update == LinkUpdate::kDone && drops_child(node, expected, desired)) update = LinkUpdate::kChanged;
        if (update == LinkUpdate::kDone) {
            PageEdit edit(index_, logging_);
            MetaPage* meta = meta_page(edit.page(meta_buffer));
            meta->entry_node = node;
            meta->entry_level = level;
            Page page = edit.page(pages.first);
            write_links(links_of(header_in(page, node), layout_), desired);
            if (old_root != kNoNode) header_in(pages.apart() ? edit.page(pages.second) : page, old_root)->parent = node;
            header_in(page, node)->parent = node;
            edit.finish();
        }
        unlock(pages);
        UnlockReleaseBuffer(meta_buffer);
        return update;
    }

    static void write_links(LinksHeader* links, const LinkList& list) {
        links->count = static_cast<std::uint16_t>(list.count);
        links->strict = static_cast<std::uint16_t>(list.strict);
        for (int i = 0; i < list.count; ++i) links->ids[i] = list.links[i].node;
    }

    // -- nodes

    int level(NodeId node) {
        Buffer buffer;
        int level = pin_header(node, &buffer)->level;
        ReleaseBuffer(buffer);
        return level;
    }

    // Pins a node's page; the caller locks the page or reads only what can be read under a pin.
    NodeHeader* pin_header(NodeId node, Buffer* buffer) { return pin_slot<NodeHeader>(kNode, node, buffer); }

    NodeHeader* lock_header(NodeId node, int lock_mode, Buffer* buffer) {
        NodeHeader* header = pin_header(node, buffer);
        LockBuffer(*buffer, lock_mode);
        return header;
    }

 private:
    // Nodes whose pages are pinned at once. With more, a backend's pins no longer fit in its array of private reference
    // counts, and each costs a look-up in a hash table.
    static constexpr int kPins = 6;
    static constexpr std::size_t kPayloadAlignment = MAXIMUM_ALIGNOF;

    template <typename Slot>
    Slot* pin_slot(SlotKind kind, SlotId id, Buffer* buffer) {
        const SlotGeometry& geometry = layout_.slots(kind);
        // A number from a damaged page must not lead past the end of another one.
        if (unlikely(geometry.position_of(id) >= geometry.per_page)) {
            ereport(ERROR,
                    (errcode(ERRCODE_INDEX_CORRUPTED),
                     errmsg("index \"%s\" refers to slot %u, which cannot be", RelationGetRelationName(index_), id),
                     errhint("REINDEX it.")));
        }
        *buffer = ReadBuffer(index_, geometry.block_of(id));
        return slot_in<Slot>(BufferGetPage(*buffer), geometry, id);
    }

    PayloadSlot* pin_payload(const PayloadReference& reference, Buffer* buffer) {
        SlotKind kind = std::clamp(reference.kind, kPayload, kSlotKinds - 1);
        return pin_slot<PayloadSlot>(kind, reference.slot, buffer);
    }

    // Distances to nodes, each batch by compute(payloads, count, distances). Whether a node is live is asked first: one
    // that was dying may be freed while the distance is computed, and be live again, but somewhere else.
    template <typename Compute>
    void evaluate_by(Compute compute, const NodeId* nodes, int count, Candidate* out, bool* live) {
        float distances[kMaxLinks];
        while (count > 0) {
            int batch = std::min(count, kMaxLinks);
            distances_by(compute, nodes, batch, distances, live);
            for (int i = 0; i < batch; ++i) out[i] = {distances[i], nodes[i]};
            nodes += batch, out += batch, live += batch, count -= batch;
        }
    }

    // The same of at most kMaxLinks.
    template <typename Compute>
    void distances_by(Compute compute, const NodeId* nodes, int count, float* out, bool* live) {
        if constexpr (!Codec::kVariableSize) {
            if (!layout_.payloads_apart()) {
                distances_in_remembered(compute, nodes, count, out, live);
                return;
            }
        }
        for (int begin = 0; begin < count; begin += kPins) {
            int batch = std::min(kPins, count - begin);
            if (Codec::kVariableSize)
                distances_to_copies(compute, nodes + begin, batch, out + begin, live + begin);
            else
                distances_apart(compute, nodes + begin, batch, out + begin, live + begin);
        }
    }

    // Those of nodes in remembered buffers first, then, with pins, those of the others.
    template <typename Compute>
    void distances_in_remembered(Compute compute, const NodeId* nodes, int count, float* out, bool* live) {
        const SlotGeometry& geometry = layout_.slots(kNode);
        const NodeHeader* headers[kMaxLinks];
        const std::byte* payloads[kMaxLinks];
        Buffer buffers[kMaxLinks];
        int remembered[kMaxLinks];
        int found = 0;
        int others[kMaxLinks];
        int other_count = 0;
        for (int i = 0; i < count; ++i) {
            BlockNumber block = geometry.block_of(nodes[i]);
            buffers[i] = reader_.remembered(block);
            if (buffers[i] == InvalidBuffer || geometry.position_of(nodes[i]) >= geometry.per_page) {
                others[other_count++] = i;
                continue;
            }
            OptimisticReader::prefetch_tag(buffers[i]);
            headers[i] = slot_in<NodeHeader>(BufferGetPage(buffers[i]), geometry, nodes[i]);
            prefetch(headers[i], sizeof(NodeHeader) + codec_.payload_size());
            remembered[found++] = i;
        }
        int held = 0;
        for (int r = 0; r < found; ++r) {
            int i = remembered[r];
            if (!reader_.holds(buffers[i], geometry.block_of(nodes[i]))) {
                others[other_count++] = i;
                continue;
            }
            payloads[held] = reinterpret_cast<const std::byte*>(headers[i] + 1);
            remembered[held++] = i;
        }
        float distances[kMaxLinks];
        for (int r = 0; r < held; ++r) live[remembered[r]] = headers[remembered[r]]->state == NodeState::kLive;
        if (held > 0) {
            race_point("scan_held");
            compute(payloads, held, distances);
            race_point("distances_computed");
        }
        int read = 0;
        for (int r = 0; r < held; ++r) {
            int i = remembered[r];
            out[i] = distances[r];
            if (reader_.holds(buffers[i], geometry.block_of(nodes[i])))
                ++read;
            else
                others[other_count++] = i;
        }
        reader_.count(read);
        for (int begin = 0; begin < other_count; begin += kPins) {
            int batch = std::min(kPins, other_count - begin);
            NodeId missed[kPins];
            bool missed_live[kPins];
            for (int k = 0; k < batch; ++k) missed[k] = nodes[others[begin + k]];
            distances_in_nodes(compute, missed, batch, distances, missed_live);
            for (int k = 0; k < batch; ++k) {
                out[others[begin + k]] = distances[k];
                live[others[begin + k]] = missed_live[k];
            }
        }
    }

    template <typename Compute>
    void distances_in_nodes(Compute compute, const NodeId* nodes, int count, float* out, bool* live) {
        Buffer buffers[kPins];
        NodeHeader* headers[kPins];
        const std::byte* payloads[kPins];
        for (int i = 0; i < count; ++i) {
            headers[i] = pin_header(nodes[i], &buffers[i]);
            reader_.remember(layout_.slots(kNode).block_of(nodes[i]), buffers[i]);
            payloads[i] = payload_of(headers[i]);
            prefetch(headers[i], sizeof(NodeHeader) + codec_.payload_size());
        }
        for (int i = 0; i < count; ++i) live[i] = headers[i]->state == NodeState::kLive;
        compute(payloads, count, out);
        for (int i = 0; i < count; ++i) ReleaseBuffer(buffers[i]);
    }

    template <typename Compute>
    void distances_apart(Compute compute, const NodeId* nodes, int count, float* out, bool* live) {
        Buffer buffers[kPins];
        const std::byte* payloads[kPins];
        for (int i = 0; i < count; ++i) {
            PayloadReference reference = read_reference(nodes[i], &live[i]);
            payloads[i] = pin_payload(reference, &buffers[i])->payload();
            prefetch(payloads[i], codec_.payload_size());
        }
        compute(payloads, count, out);
        for (int i = 0; i < count; ++i) ReleaseBuffer(buffers[i]);
    }

    // A payload that says itself how long it is must not be read while it is being written.
    template <typename Compute>
    void distances_to_copies(Compute compute, const NodeId* nodes, int count, float* out, bool* live) {
        const std::byte* payloads[kPins];
        for (int i = 0; i < count; ++i) {
            std::byte* copy = copies_.data() + static_cast<std::size_t>(i) * codec_.payload_size();
            copy_payload(nodes[i], copy, &live[i]);
            payloads[i] = copy;
        }
        compute(payloads, count, out);
    }

    PayloadReference read_reference(NodeId node, bool* live) {
        Buffer buffer;
        NodeHeader* header = lock_header(node, BUFFER_LOCK_SHARE, &buffer);
        PayloadReference reference = *reference_of(header);
        *live = header->state == NodeState::kLive;
        UnlockReleaseBuffer(buffer);
        return reference;
    }

    // `copy` has room for the largest payload.
    void copy_payload(NodeId node, std::byte* copy, bool* live) {
        Buffer buffer;
        if (!layout_.payloads_apart()) {
            NodeHeader* header = pin_header(node, &buffer);
            *live = header->state == NodeState::kLive;
            std::memcpy(copy, payload_of(header), codec_.payload_size());
            ReleaseBuffer(buffer);
            return;
        }
        PayloadReference reference = read_reference(node, live);
        PayloadSlot* slot = pin_payload(reference, &buffer);
        LockBuffer(buffer, BUFFER_LOCK_SHARE);
        std::size_t capacity = layout_.payload_capacity(std::clamp(reference.kind, kPayload, kSlotKinds - 1));
        std::memcpy(copy, slot->payload(), std::min(codec_.payload_size(), capacity));
        UnlockReleaseBuffer(buffer);
    }

    std::pmr::memory_resource* payload_memory() const { return payloads_.get_allocator().resource(); }

    // The pages of two nodes, exclusively locked; one page if both lie in it.
    struct NodePages {
        Buffer first;
        Buffer second;
        bool apart() const { return second != InvalidBuffer; }
    };

    // In the order of their blocks, so that two backends do not wait for each other.
    NodePages lock_pages(NodeId first, NodeId second) {
        NodePages pages{InvalidBuffer, InvalidBuffer};
        pin_header(first, &pages.first);
        BlockNumber first_block = layout_.slots(kNode).block_of(first);
        BlockNumber second_block = layout_.slots(kNode).block_of(second);
        if (first_block != second_block) pin_header(second, &pages.second);
        bool in_order = !pages.apart() || first_block < second_block;
        LockBuffer(in_order ? pages.first : pages.second, BUFFER_LOCK_EXCLUSIVE);
        if (pages.apart()) {
            race_point("first_of_two_pages");
            LockBuffer(in_order ? pages.second : pages.first, BUFFER_LOCK_EXCLUSIVE);
        }
        return pages;
    }
    static void unlock(const NodePages& pages) {
        UnlockReleaseBuffer(pages.first);
        if (pages.apart()) UnlockReleaseBuffer(pages.second);
    }

    NodeHeader* header_in(Page page, NodeId node) const {
        return slot_in<NodeHeader>(page, layout_.slots(kNode), node);
    }

    static LinkUpdate may_replace(const LinksHeader* links, const LinkList& expected) {
        bool same = links->count == expected.count;
        for (int i = 0; same && i < expected.count; ++i) same = links->ids[i] == expected.links[i].node;
        return same ? LinkUpdate::kDone : LinkUpdate::kChanged;
    }

    // Whether a live child of the node, whose page is locked, would be dropped. Vacuum can have made it one since the
    // list was read, without changing the list: it sets the parent under the lock of this page.
    bool drops_child(NodeId node, const LinkList& expected, const LinkList& desired) {
        for (int i = 0; i < expected.count; ++i) {
            NodeId link = expected.links[i].node;
            if (!holds(desired, link) && parent(link) == node && is_live(link)) return true;
        }
        return false;
    }

    // Pins and locks the page with the links of `node` on `level`; nullptr (and nothing pinned) if there are none.
    LinksHeader* lock_links(NodeId node, int level, int lock_mode, Buffer* buffer) {
        NodeHeader* header = lock_header(node, level == 0 ? lock_mode : BUFFER_LOCK_SHARE, buffer);
        if (level == 0) return links_of(header, layout_);
        SlotId upper = header->state == NodeState::kFree || header->level < level ? kNoSlot : header->upper;
        UnlockReleaseBuffer(*buffer);
        for (int l = 1; upper != kNoSlot; ++l) {
            const SlotGeometry& uppers = layout_.slots(kUpper);
            if (uppers.position_of(upper) >= uppers.per_page) return nullptr;
            *buffer = read_page(index_, uppers.block_of(upper), l == level ? lock_mode : BUFFER_LOCK_SHARE,
                                page_kind(kUpper));
            auto* slot = slot_in<UpperSlot>(BufferGetPage(*buffer), uppers, upper);
            // The node may have been freed since, and the slot with it.
            bool mine = slot->owner == node && slot->level == l;
            if (mine && l == level) return &slot->links;
            upper = mine ? slot->above : kNoSlot;
            UnlockReleaseBuffer(*buffer);
        }
        return nullptr;
    }

    Relation index_;
    GraphOptions options_;
    IndexLayout layout_;
    Codec codec_;
    Logging logging_;
    EntryPoint entry_point_;
    OptimisticReader reader_;
    void (*pause_)() = nullptr;
    std::pmr::unordered_map<NodeId, std::byte*> payloads_;
    std::pmr::vector<std::byte> copies_;  // room for kPins payloads, where they have to be copied
};

// Makes a live node the entry point and the root, with the one that was as its child. The caller holds the heavyweight
// lock exclusively.
template <typename Codec>
void raise_root(PageStore<Codec>& store, NodeId node, int level) {
    const std::byte* payload = store.payload(node);
    const NodeId seen = read_meta(store.index()).entry_node;
    LinkList expected;
    for (;;) {
        NodeId old_root = seen == node ? kNoNode : seen;
        store.read_links(node, payload, 0, &expected);
        LinkList desired = expected;
        if (old_root != kNoNode && !holds(expected, old_root)) {
            const std::byte* old_payload = store.payload(old_root);
            Candidate link{store.distance(payload, old_payload), old_root};
            // A node whose list is full of children is a bad root, but no insert makes one of it, and vacuum goes on to
            // attach whoever does not hang on a live node.
            if (!enter_list(store, node, 0, link, old_payload, true, &desired)) old_root = kNoNode;
        }
        if (store.make_root(node, level, old_root, expected, desired) == LinkUpdate::kDone) break;
        store.check_for_interrupts();
    }
    store.set_entry_point({node, level});
}

}  // namespace vectorx::pg::hnsw
