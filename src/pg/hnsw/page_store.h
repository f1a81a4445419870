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

#include "pg/boundary.h"
#include "pg/hnsw/layout.h"
#include "pg/hnsw/page.h"

namespace vectorx::pg::hnsw {

template <typename Codec>
class PageStore {
   public:
    // `memory` (and the context behind it) outlives the store. `logging` says how replace_links() reaches the WAL.
    PageStore(Relation index, const MetaPage& meta, const Codec& codec, Logging logging, ContextMemory* memory)
        : index_(index),
          options_{meta.m, meta.ef_construction},
          layout_(meta.m, codec.payload_size()),
          codec_(codec),
          logging_(logging),
          entry_point_(meta.entry_point()),
          payloads_(memory) {}

    Relation index() const { return index_; }
    const IndexLayout& layout() const { return layout_; }
    const Codec& codec() const { return codec_; }
    Logging logging() const { return logging_; }

    // -- SearchStore

    const GraphOptions& options() const { return options_; }
    EntryPoint entry_point() const { return entry_point_; }
    void set_entry_point(const EntryPoint& entry) { entry_point_ = entry; }

    void evaluate(const std::byte* query, const NodeId* nodes, int count, Candidate* out, bool* live) {
        // More pins than this no longer fit in the backend's array of private reference counts, and cost a hash table.
        constexpr int kPins = 6;
        Buffer buffers[kPins];
        NodeHeader* headers[kPins];
        const std::byte* payloads[kPins];
        float distances[kPins];
        for (int begin = 0; begin < count; begin += kPins) {
            int batch = std::min(kPins, count - begin);
            for (int i = 0; i < batch; ++i) {
                headers[i] = pin_header(nodes[begin + i], &buffers[i]);
                payloads[i] = payload_of(headers[i]);
                prefetch(headers[i]);
            }
            codec_.distances(query, payloads, batch, distances);
            for (int i = 0; i < batch; ++i) {
                out[begin + i] = {distances[i], nodes[begin + i]};
                live[begin + i] = headers[i]->state == NodeState::kLive;
                ReleaseBuffer(buffers[i]);
            }
        }
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

    void check_for_interrupts() { CHECK_FOR_INTERRUPTS(); }

    // -- GraphStore

    const std::byte* payload(NodeId node) {
        auto [entry, missing] = payloads_.try_emplace(node);
        if (missing) {
            entry->second = static_cast<std::byte*>(
                payloads_.get_allocator().resource()->allocate(codec_.payload_size(), MAXIMUM_ALIGNOF));
            Buffer buffer;
            std::memcpy(entry->second, payload_of(pin_header(node, &buffer)), codec_.payload_size());
            ReleaseBuffer(buffer);
        }
        return entry->second;
    }

    void release_payloads() {
        constexpr std::size_t kKept = std::size_t{8} << 20;
        if (payloads_.size() * codec_.payload_size() < kKept) return;
        for (auto& [node, payload] : payloads_)
            payloads_.get_allocator().resource()->deallocate(payload, codec_.payload_size(), MAXIMUM_ALIGNOF);
        payloads_.clear();
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
        evaluate(payload, ids, out->count, out->links, live);
    }

    LinkUpdate replace_links(NodeId node, int level, const LinkList& expected, const LinkList& desired) {
        Buffer buffer;
        LinksHeader* links = lock_links(node, level, BUFFER_LOCK_EXCLUSIVE, &buffer);
        if (links == nullptr) return LinkUpdate::kGone;
        bool same = links->count == expected.count;
        for (int i = 0; same && i < expected.count; ++i) same = links->ids[i] == expected.links[i].node;
        if (same) {
            PageEdit edit(index_, logging_);
            std::ptrdiff_t offset = reinterpret_cast<char*>(links) - BufferGetPage(buffer);
            write_links(at<LinksHeader>(edit.page(buffer), static_cast<std::size_t>(offset)), desired);
            edit.finish();
        }
        UnlockReleaseBuffer(buffer);
        return same ? LinkUpdate::kDone : LinkUpdate::kChanged;
    }

    static void write_links(LinksHeader* links, const LinkList& list) {
        links->count = static_cast<std::uint16_t>(list.count);
        links->strict = static_cast<std::uint16_t>(list.strict);
        for (int i = 0; i < list.count; ++i) links->ids[i] = list.links[i].node;
    }

    // -- nodes

    // Pins the page of a node's header and returns the header; the caller locks the page or reads only what can be read
    // under a pin.
    NodeHeader* pin_header(NodeId node, Buffer* buffer) {
        check_node(node);
        Place place = layout_.header_place(node);
        *buffer = ReadBuffer(index_, place.block);
        return at<NodeHeader>(BufferGetPage(*buffer), place.offset);
    }

    NodeHeader* lock_header(NodeId node, int lock_mode, Buffer* buffer) {
        NodeHeader* header = pin_header(node, buffer);
        LockBuffer(*buffer, lock_mode);
        return header;
    }

   private:
    // A number from a damaged page must not lead past the end of another one.
    void check_node(NodeId node) const {
        if (unlikely(layout_.nodes.position_of(node) >= layout_.nodes.per_page)) {
            ereport(ERROR, (errcode(ERRCODE_INDEX_CORRUPTED),
                            errmsg("index \"%s\" refers to node %u, which cannot be", RelationGetRelationName(index_),
                                   node),
                            errhint("REINDEX it.")));
        }
    }

    // Starts to load a node that is about to be read: enough of it for the hardware to go on by itself.
    void prefetch(const NodeHeader* header) const {
        const auto* bytes = reinterpret_cast<const std::byte*>(header);
        std::size_t size = std::min<std::size_t>(sizeof(NodeHeader) + codec_.payload_size(), kPrefetched);
        for (std::size_t line = 0; line < size; line += 64) __builtin_prefetch(bytes + line);
    }

    static constexpr std::size_t kPrefetched = 1024;

    // Pins and locks the page with the links of `node` on `level`; nullptr (and nothing pinned) if there are none.
    LinksHeader* lock_links(NodeId node, int level, int lock_mode, Buffer* buffer) {
        check_node(node);
        if (level == 0) {
            Place place = layout_.links_place(node);
            *buffer = ReadBuffer(index_, place.block);
            LockBuffer(*buffer, lock_mode);
            return at<LinksHeader>(BufferGetPage(*buffer), place.offset);
        }
        NodeHeader* header = lock_header(node, BUFFER_LOCK_SHARE, buffer);
        SlotId upper = header->state == NodeState::kFree || header->level < level ? kNoSlot : header->upper;
        UnlockReleaseBuffer(*buffer);
        for (int l = 1; upper != kNoSlot; ++l) {
            const SlotGeometry& uppers = layout_.uppers;
            if (uppers.position_of(upper) >= uppers.per_page) return nullptr;
            *buffer = read_page(index_, uppers.block_of(upper), l == level ? lock_mode : BUFFER_LOCK_SHARE,
                                PageKind::kUppers);
            auto* slot = at<UpperSlot>(BufferGetPage(*buffer), uppers.offset_at(uppers.position_of(upper)));
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
    std::pmr::unordered_map<NodeId, std::byte*> payloads_;
};

}  // namespace vectorx::pg::hnsw
