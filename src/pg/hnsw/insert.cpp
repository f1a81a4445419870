#include "pg/hnsw/insert.h"

#include <cstring>

extern "C" {
#include <storage/lmgr.h>
}

#include "core/graph/link.h"
#include "pg/hnsw/callbacks.h"
#include "pg/hnsw/codec.h"
#include "pg/hnsw/page_store.h"
#include "pg/index/row_id.h"
#include "pg/race_point.h"

namespace vectorx::pg::hnsw {
namespace {

template <typename Codec>
class Inserter {
 public:
    // `meta` is what the payload was encoded by.
    Inserter(PageStore<Codec>& store, const MetaPage& meta, const std::byte* payload, ItemPointer row,
             LWLock* build_lock, ContextMemory* memory)
        : store_(store),
          index_(store.index()),
          build_lock_(build_lock),
          had_centre_(meta.has_centre),
          payload_(payload),
          size_(store.codec().size_of(payload)),
          row_(row),
          plan_(store.options(), memory) {}

    // Returns false, and has done nothing, if the index has got a centre meanwhile: the payload is to be another.
    bool run() {
        int level = level_for(encode_row(row_), store_.options().m);
        // Vacuum waits for this lock before it frees nodes, so that no insert links to one that is about to go.
        bool exclusive = false;
        lock(exclusive);
        for (;;) {
            MetaPage meta = read_meta(index_);
            if (meta.has_centre != had_centre_) {
                unlock(exclusive);
                return false;
            }
            store_.set_entry_point(meta.entry_point());
            plan_links(store_, payload_, level, kNoNode, plan_);
            race_point("insert_planned");
            if (add_to_equal()) break;
            bool alone = plan_.neighbours(0).count == 0;
            if (!exclusive && (alone || level > store_.entry_point().level)) {
                // The node becomes the entry point; alone, since nodes that raise it at the same time would not be
                // linked with each other on the new levels. What was planned may no longer hold once the lock is there.
                store_.forget_payloads();
                unlock(exclusive);
                exclusive = true;
                race_point("insert_upgrade");
                lock(exclusive);
                continue;
            }
            for (int l = 1; l <= level; ++l) drop_lower(l);
            NodeId node = write_node(level);
            race_point("insert_written");
            if (exclusive && (alone || level > store_.entry_point().level)) {
                race_point("insert_raises");
                raise_root(store_, node, level);
            } else if (!link_to_parent(store_, node, payload_, plan_)) {
                // Nearly all nodes are dying, and have the places of all that live.
                store_.forget_payloads();
                unlock(exclusive);
                exclusive = true;
                lock(exclusive);
                raise_root(store_, node, level);
                break;  // what was planned may be gone
            }
            race_point("insert_has_parent");
            link_back(store_, node, payload_, level, plan_);
            break;
        }
        unlock(exclusive);
        return true;
    }

 private:
    void lock(bool exclusive) {
        if (build_lock_ != nullptr)
            LWLockAcquire(build_lock_, exclusive ? LW_EXCLUSIVE : LW_SHARED);
        else
            LockPage(index_, kMetaBlock, exclusive ? ExclusiveLock : ShareLock);
    }
    void unlock(bool exclusive) {
        if (build_lock_ != nullptr)
            LWLockRelease(build_lock_);
        else
            UnlockPage(index_, kMetaBlock, exclusive ? ExclusiveLock : ShareLock);
    }

    // Takes off the planned list of a level whoever is not on it. A list that was read can hold dying nodes, and by the
    // time that they are looked at, vacuum may have freed them and other inserts taken their slots. Those that stay are
    // live, so they are not freed before this insert is through.
    void drop_lower(int level) {
        LinkList& list = plan_.neighbours(level);
        int kept = 0;
        int strict = 0;
        for (int i = 0; i < list.count; ++i) {
            if (store_.level(list.links[i].node) < level) continue;
            strict += i < list.strict;
            list.links[kept++] = list.links[i];
        }
        list.count = kept;
        list.strict = strict;
    }

    // If a node has the same vector, the row joins it.
    bool add_to_equal() {
        float self = store_.distance(payload_, payload_);
        for (const Candidate& candidate : plan_.nearest) {
            if (candidate.distance != self) continue;
            const std::byte* other = store_.payload(candidate.node);
            bool equal = store_.codec().size_of(other) == size_ && std::memcmp(other, payload_, size_) == 0;
            if (equal) race_point("insert_equal");
            if (equal && add_row(candidate.node)) return true;
        }
        return false;
    }

    // Returns false if the node is no longer live, or no longer has this vector.
    bool add_row(NodeId node) {
        const SlotGeometry& geometry = store_.layout().slots(kRows);
        // Only once a slot is needed is one claimed, and then before the node is locked: see page.h on the order.
        SlotId spare = kNoSlot;
        for (;;) {
            Buffer buffer;
            NodeHeader* header = store_.lock_header(node, BUFFER_LOCK_EXCLUSIVE, &buffer);
            std::ptrdiff_t offset = reinterpret_cast<char*>(header) - BufferGetPage(buffer);
            auto image = [&](PageEdit& edit) {
                return at<NodeHeader>(edit.page(buffer), static_cast<std::size_t>(offset));
            };
            // What was compared before was read without a lock.
            if (header->state != NodeState::kLive || !store_.has_payload(header, payload_)) {
                UnlockReleaseBuffer(buffer);
                return false;  // vacuum finds the spare slot without an owner that knows it, and frees it
            }
            if (header->row_count < kInlineRows) {
                PageEdit edit(index_, store_.logging());
                NodeHeader* changed = image(edit);
                changed->rows[changed->row_count++] = *row_;
                edit.finish();
                UnlockReleaseBuffer(buffer);
                return true;
            }
            if (header->more_rows != kNoSlot || spare != kNoSlot) {
                SlotId slot = spare != kNoSlot ? spare : header->more_rows;
                Buffer rows_buffer =
                    read_page(index_, geometry.block_of(slot), BUFFER_LOCK_EXCLUSIVE, page_kind(kRows));
                std::size_t rows_offset = geometry.offset_at(geometry.position_of(slot));
                if (at<RowsSlot>(BufferGetPage(rows_buffer), rows_offset)->count < kRowsPerSlot) {
                    PageEdit edit(index_, store_.logging());
                    auto* rows = at<RowsSlot>(edit.page(rows_buffer), rows_offset);
                    rows->rows[rows->count++] = *row_;
                    if (slot == spare) {
                        rows->next = header->more_rows;
                        image(edit)->more_rows = spare;
                    }
                    edit.finish();
                    UnlockReleaseBuffer(rows_buffer);
                    UnlockReleaseBuffer(buffer);
                    return true;
                }
                UnlockReleaseBuffer(rows_buffer);
            }
            UnlockReleaseBuffer(buffer);

            Claim claim(index_, store_.logging());
            claim_slot(index_, store_.layout(), kRows, &claim);
            auto* rows = static_cast<RowsSlot*>(claim.slot);
            *rows = {};
            rows->owner = node;
            rows->next = kNoSlot;
            spare = claim.id;
            commit_claim(&claim);
        }
    }

    // Writes the node with its payload and its own links on level 0, so that whoever finds it can go on from it.
    NodeId write_node(int level) {
        const IndexLayout& layout = store_.layout();
        PayloadReference reference{kNoSlot, kPayload};
        if (layout.payloads_apart()) reference = write_payload();
        race_point("insert_payload");
        Claim claim(index_, store_.logging());
        claim_slot(index_, layout, kNode, &claim);
        auto* header = static_cast<NodeHeader*>(claim.slot);
        *header = {};
        header->state = NodeState::kLive;
        header->level = 0;  // until its links on higher levels are there
        header->row_count = 1;
        header->upper = kNoSlot;
        header->more_rows = kNoSlot;
        header->parent = kNoNode;
        header->rows[0] = *row_;
        if (layout.payloads_apart()) {
            *reference_of(header) = reference;
            own_payload(reference, &claim);
        } else {
            std::memcpy(payload_of(header), payload_, size_);
        }
        PageStore<Codec>::write_links(links_of(header, layout), plan_.neighbours(0));
        NodeId node = claim.id;
        commit_claim(&claim);
        if (level > 0) write_uppers(node, level);
        return node;
    }

    PayloadReference write_payload() {
        SlotKind kind = store_.layout().payload_kind(size_);
        Claim claim(index_, store_.logging());
        claim_slot(index_, store_.layout(), kind, &claim);
        auto* slot = static_cast<PayloadSlot*>(claim.slot);
        slot->owner = kOwnerToCome;
        std::memcpy(slot->payload(), payload_, size_);
        PayloadReference reference{claim.id, kind};
        commit_claim(&claim);
        return reference;
    }

    // Makes the node that is being claimed the owner of the payload, in the same WAL record.
    void own_payload(const PayloadReference& reference, Claim* claim) {
        const SlotGeometry& geometry = store_.layout().slots(reference.kind);
        Buffer buffer =
            read_page(index_, geometry.block_of(reference.slot), BUFFER_LOCK_EXCLUSIVE, page_kind(reference.kind));
        claim->buffers[claim->buffer_count++] = buffer;
        slot_in<PayloadSlot>(claim->edit.page(buffer), geometry, reference.slot)->owner = claim->id;
    }

    void write_uppers(NodeId node, int level) {
        SlotId above = kNoSlot;
        for (int l = level; l > 0; --l) {
            Claim claim(index_, store_.logging());
            claim_slot(index_, store_.layout(), kUpper, &claim);
            auto* upper = static_cast<UpperSlot*>(claim.slot);
            upper->owner = node;
            upper->above = above;
            upper->level = static_cast<std::uint16_t>(l);
            upper->unused = 0;
            PageStore<Codec>::write_links(&upper->links, plan_.neighbours(l));
            above = claim.id;
            commit_claim(&claim);
        }
        race_point("insert_uppers");
        Buffer buffer;
        NodeHeader* header = store_.lock_header(node, BUFFER_LOCK_EXCLUSIVE, &buffer);
        std::ptrdiff_t offset = reinterpret_cast<char*>(header) - BufferGetPage(buffer);
        PageEdit edit(index_, store_.logging());
        auto* changed = at<NodeHeader>(edit.page(buffer), static_cast<std::size_t>(offset));
        changed->level = static_cast<std::uint8_t>(level);
        changed->upper = above;
        edit.finish();
        UnlockReleaseBuffer(buffer);
    }

    PageStore<Codec>& store_;
    Relation index_;
    LWLock* build_lock_;
    bool had_centre_;
    const std::byte* payload_;
    std::size_t size_;  // of the payload
    ItemPointer row_;
    LinkPlan plan_;
};

}  // namespace

void insert_payload(Relation index, const MetaPage& meta, const std::byte* payload, ItemPointer row, Logging logging,
                    LWLock* build_lock, MemoryContext context) {
    ContextMemory memory(context);
    with_index_codec(index, meta, [&](const auto& codec) {
        PageStore store(index, meta, codec, logging, &memory);
        // A build sets the centre before it inserts.
        [[maybe_unused]] bool done = Inserter(store, meta, payload, row, build_lock, &memory).run();
        Assert(done);
    });
}

namespace {

bool insert(Relation index, Datum* values, const bool* isnull, ItemPointer row) {
    if (isnull[0]) return false;
    MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "hnsw insert", ALLOCSET_DEFAULT_SIZES);
    MemoryContext caller = MemoryContextSwitchTo(context);
    const OperatorClass& opclass = operator_class(index);
    ContextMemory memory(context);
    for (bool done = false; !done;) {
        MetaPage meta = read_meta(index);
        centre_on_first(index, opclass, values[0], &meta);
        done = with_index_codec(index, meta, [&](const auto& codec) {
            const std::byte* payload = payload_of_value(opclass, meta, codec, values[0]);
            if (payload == nullptr) return true;
            race_point("insert_encoded");
            PageStore store(index, meta, codec, Logging::kEachChange, &memory);
            return Inserter(store, meta, payload, row, nullptr, &memory).run();
        });
    }
    MemoryContextSwitchTo(caller);
    MemoryContextDelete(context);
    return false;
}

}  // namespace
}  // namespace vectorx::pg::hnsw

bool hnsw_insert(Relation index, Datum* values, bool* isnull, ItemPointer row, Relation, IndexUniqueCheck, bool,
                 IndexInfo*) {
    return vectorx::pg::guard([=] { return vectorx::pg::hnsw::insert(index, values, isnull, row); });
}
