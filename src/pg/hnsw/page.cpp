#include "pg/hnsw/page.h"

extern "C" {
#include <storage/lmgr.h>
}

namespace vectorx::pg::hnsw {
namespace {

// The kind of page on which slots of a kind have their numbers.
PageKind page_kind(const IndexLayout& layout, SlotKind kind) {
    switch (kind) {
        case SlotKind::kNode:
            return layout.grouped() ? PageKind::kLinks : PageKind::kNodes;
        case SlotKind::kUpper:
            return PageKind::kUppers;
        case SlotKind::kRows:
            return PageKind::kRows;
    }
    pg_unreachable();
}

Buffer add_buffer(Claim* claim, Buffer buffer) { return claim->buffers[claim->buffer_count++] = buffer; }

Buffer lock_new_page(Relation index, BlockNumber block) {
    Buffer buffer = ReadBuffer(index, block);
    LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
    return buffer;
}

// Points the claim at a slot. `page` is the image of the page that gives the slot its number.
void point_at_slot(Relation index, const IndexLayout& layout, SlotKind kind, Page page, bool never_used, Claim* claim) {
    if (kind != SlotKind::kNode) {
        const SlotGeometry& geometry = layout.geometry(kind);
        claim->slot = at<void>(page, geometry.offset_at(geometry.position_of(claim->id)));
        return;
    }
    claim->links = at<LinksHeader>(page, layout.links_place(claim->id).offset);
    Place header = layout.header_place(claim->id);
    if (layout.grouped()) {
        if (never_used) {
            page = claim->edit.new_page(add_buffer(claim, lock_new_page(index, header.block)), PageKind::kNodes);
            page_tail(page)->used = 1;
            reinterpret_cast<PageHeader>(page)->pd_lower = BLCKSZ - sizeof(PageTail);
        } else {
            page = claim->edit.page(
                add_buffer(claim, read_page(index, header.block, BUFFER_LOCK_EXCLUSIVE, PageKind::kNodes)));
        }
    }
    claim->slot = at<void>(page, header.offset);
}

// Takes the first never-used slot of a page that has one.
void take_never_used(Relation index, const IndexLayout& layout, SlotKind kind, BlockNumber block, Page page,
                     Claim* claim) {
    const SlotGeometry& geometry = layout.geometry(kind);
    PageTail* tail = page_tail(page);
    claim->id = geometry.id_at(block, tail->used);
    ++tail->used;
    // Whatever lies between pd_lower and pd_upper is not kept by WAL replay.
    reinterpret_cast<PageHeader>(page)->pd_lower = static_cast<LocationIndex>(geometry.offset_at(tail->used));
    point_at_slot(index, layout, kind, page, true, claim);
}

SlotId& next_free_of(void* slot, SlotKind kind) {
    switch (kind) {
        case SlotKind::kNode:
            return static_cast<NodeHeader*>(slot)->next_free();
        case SlotKind::kUpper:
            return static_cast<UpperSlot*>(slot)->next_free();
        case SlotKind::kRows:
            return static_cast<RowsSlot*>(slot)->next_free();
    }
    pg_unreachable();
}

void check_meta(Relation index, Page page) {
    const MetaPage* meta = meta_page(page);
    if (PageIsNew(page) || meta->magic != kMagic) {
        ereport(ERROR, (errcode(ERRCODE_INDEX_CORRUPTED),
                        errmsg("index \"%s\" is not an hnsw index of vectorx", RelationGetRelationName(index)),
                        errhint("REINDEX it.")));
    }
    if (meta->format_version != kFormatVersion) {
        ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                        errmsg("index \"%s\" has format %d, but this version of vectorx reads format %d",
                               RelationGetRelationName(index), meta->format_version, kFormatVersion),
                        errhint("REINDEX it.")));
    }
}

}  // namespace

void init_page(Page page, PageKind kind) {
    PageInit(page, BLCKSZ, sizeof(PageTail));
    *page_tail(page) = {kind, 0, 0, PageTail::kTailMagic};
}

void init_meta_page(Page page, int m, int ef_construction, int dimensions, std::size_t payload_size, int metric) {
    init_page(page, PageKind::kMeta);
    MetaPage* meta = meta_page(page);
    *meta = {};
    meta->magic = kMagic;
    meta->format_version = kFormatVersion;
    meta->storage = Storage::kPlain;
    meta->metric = static_cast<std::uint8_t>(metric);
    meta->m = static_cast<std::uint16_t>(m);
    meta->ef_construction = static_cast<std::uint16_t>(ef_construction);
    meta->dimensions = static_cast<std::uint32_t>(dimensions);
    meta->payload_size = static_cast<std::uint32_t>(payload_size);
    meta->entry_node = kNoNode;
    meta->entry_level = -1;
    for (int kind = 0; kind < kSlotKinds; ++kind) {
        meta->free_slots[kind] = kNoSlot;
        meta->open_blocks[kind] = InvalidBlockNumber;
    }
    reinterpret_cast<PageHeader>(page)->pd_lower =
        static_cast<LocationIndex>(MAXALIGN(SizeOfPageHeaderData) + sizeof(MetaPage));
}

Page PageEdit::new_page(Buffer buffer, PageKind kind) {
    Page image;
    if (state_ != nullptr) {
        image = GenericXLogRegisterBuffer(state_, buffer, GENERIC_XLOG_FULL_IMAGE);
    } else {
        image = page(buffer);
    }
    init_page(image, kind);
    return image;
}

void PageEdit::finish() {
    if (state_ != nullptr) {
        GenericXLogFinish(state_);
        return;
    }
    for (int i = 0; i < count_; ++i) MarkBufferDirty(buffers_[i]);
}

MetaPage read_meta(Relation index) {
    Buffer buffer = ReadBuffer(index, kMetaBlock);
    LockBuffer(buffer, BUFFER_LOCK_SHARE);
    check_meta(index, BufferGetPage(buffer));
    MetaPage meta = *meta_page(BufferGetPage(buffer));
    UnlockReleaseBuffer(buffer);
    return meta;
}

BlockNumber extend(Relation index, ForkNumber fork, BlockNumber count) {
    bool shared = !RELATION_IS_LOCAL(index);
    if (shared) LockRelationForExtension(index, ExclusiveLock);
    BlockNumber first = InvalidBlockNumber;
    for (BlockNumber i = 0; i < count; ++i) {
        Buffer buffer = ReadBufferExtended(index, fork, P_NEW, RBM_NORMAL, nullptr);
        if (i == 0) first = BufferGetBlockNumber(buffer);
        ReleaseBuffer(buffer);
    }
    if (shared) UnlockRelationForExtension(index, ExclusiveLock);
    return first;
}

Buffer read_page(Relation index, BlockNumber block, int lock_mode, PageKind kind) {
    Buffer buffer = ReadBuffer(index, block);
    LockBuffer(buffer, lock_mode);
    Page page = BufferGetPage(buffer);
    if (PageIsNew(page) || PageGetSpecialSize(page) != MAXALIGN(sizeof(PageTail)) ||
        page_tail(page)->magic != PageTail::kTailMagic || page_tail(page)->kind != kind) {
        ereport(ERROR, (errcode(ERRCODE_INDEX_CORRUPTED),
                        errmsg("index \"%s\" contains an unexpected page at block %u", RelationGetRelationName(index),
                               block),
                        errhint("REINDEX it.")));
    }
    return buffer;
}

void claim_slot(Relation index, const IndexLayout& layout, SlotKind kind, Claim* claim) {
    const SlotGeometry& geometry = layout.geometry(kind);
    PageKind page_of_kind = page_kind(layout, kind);
    int k = static_cast<int>(kind);

    // Most often the open page has room, and then the meta page is only read.
    MetaPage seen = read_meta(index);
    if (seen.free_slots[k] == kNoSlot && seen.open_blocks[k] != InvalidBlockNumber) {
        Buffer buffer = read_page(index, seen.open_blocks[k], BUFFER_LOCK_EXCLUSIVE, page_of_kind);
        if (page_tail(BufferGetPage(buffer))->used < geometry.per_page) {
            Page page = claim->edit.page(add_buffer(claim, buffer));
            take_never_used(index, layout, kind, seen.open_blocks[k], page, claim);
            return;
        }
        UnlockReleaseBuffer(buffer);
    }

    Buffer meta_buffer = add_buffer(claim, read_page(index, kMetaBlock, BUFFER_LOCK_EXCLUSIVE, PageKind::kMeta));
    MetaPage* meta = meta_page(claim->edit.page(meta_buffer));
    if (meta->free_slots[k] != kNoSlot) {
        claim->id = meta->free_slots[k];
        BlockNumber block = geometry.block_of(claim->id);
        Buffer buffer = add_buffer(claim, read_page(index, block, BUFFER_LOCK_EXCLUSIVE, page_of_kind));
        point_at_slot(index, layout, kind, claim->edit.page(buffer), false, claim);
        meta->free_slots[k] = next_free_of(claim->slot, kind);
        return;
    }
    if (meta->open_blocks[k] != InvalidBlockNumber) {
        Buffer buffer = read_page(index, meta->open_blocks[k], BUFFER_LOCK_EXCLUSIVE, page_of_kind);
        if (page_tail(BufferGetPage(buffer))->used < geometry.per_page) {
            Page page = claim->edit.page(add_buffer(claim, buffer));
            take_never_used(index, layout, kind, meta->open_blocks[k], page, claim);
            return;
        }
        UnlockReleaseBuffer(buffer);
    }
    BlockNumber first = extend(index, MAIN_FORKNUM, kind == SlotKind::kNode ? layout.pages_per_group() : 1);
    if (first > geometry.last_block()) {
        ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                        errmsg("index \"%s\" cannot hold more rows", RelationGetRelationName(index)),
                        errdetail("Its slots are numbered up to block %u.", geometry.last_block()),
                        errhint("Partition the table.")));
    }
    Page page = claim->edit.new_page(add_buffer(claim, lock_new_page(index, first)), page_of_kind);
    // Replay adds pages up to the last one that a record names, and the whole group must be there for later nodes.
    if (kind == SlotKind::kNode && layout.grouped())
        claim->edit.new_page(add_buffer(claim, lock_new_page(index, layout.last_of_group(first))), PageKind::kNodes);
    meta->open_blocks[k] = first;
    take_never_used(index, layout, kind, first, page, claim);
}

void commit_claim(Claim* claim) {
    claim->edit.finish();
    for (int i = 0; i < claim->buffer_count; ++i) UnlockReleaseBuffer(claim->buffers[i]);
}

void free_slots(Relation index, const IndexLayout& layout, SlotKind kind, BlockNumber block,
                const std::uint32_t* positions, std::size_t count) {
    if (count == 0) return;
    const SlotGeometry& geometry = layout.geometry(kind);
    int k = static_cast<int>(kind);
    Buffer meta_buffer = read_page(index, kMetaBlock, BUFFER_LOCK_EXCLUSIVE, PageKind::kMeta);

    // In a group each node's header is on a page of its own.
    std::size_t per_edit = kind == SlotKind::kNode && layout.grouped() ? 1 : count;
    for (std::size_t begin = 0; begin < count; begin += per_edit) {
        PageEdit edit(index, Logging::kEachChange);
        MetaPage* meta = meta_page(edit.page(meta_buffer));
        SlotId first = geometry.id_at(block, positions[begin]);
        Buffer buffer = kind == SlotKind::kNode
                            ? read_page(index, layout.header_place(first).block, BUFFER_LOCK_EXCLUSIVE, PageKind::kNodes)
                            : read_page(index, block, BUFFER_LOCK_EXCLUSIVE, page_kind(layout, kind));
        Page page = edit.page(buffer);
        for (std::size_t i = begin; i < begin + per_edit; ++i) {
            SlotId id = geometry.id_at(block, positions[i]);
            std::size_t offset =
                kind == SlotKind::kNode ? layout.header_place(id).offset : geometry.offset_at(positions[i]);
            void* slot = at<void>(page, offset);
            if (kind == SlotKind::kNode) {
                static_cast<NodeHeader*>(slot)->state = NodeState::kFree;
            } else if (kind == SlotKind::kUpper) {
                static_cast<UpperSlot*>(slot)->owner = kNoNode;
            } else {
                static_cast<RowsSlot*>(slot)->owner = kNoNode;
            }
            next_free_of(slot, kind) = meta->free_slots[k];
            meta->free_slots[k] = id;
        }
        edit.finish();
        UnlockReleaseBuffer(buffer);
    }
    UnlockReleaseBuffer(meta_buffer);
}

void set_entry_point(Relation index, Logging logging, const EntryPoint& entry) {
    Buffer buffer = read_page(index, kMetaBlock, BUFFER_LOCK_EXCLUSIVE, PageKind::kMeta);
    PageEdit edit(index, logging);
    MetaPage* meta = meta_page(edit.page(buffer));
    meta->entry_node = entry.node;
    meta->entry_level = entry.level;
    edit.finish();
    UnlockReleaseBuffer(buffer);
}

}  // namespace vectorx::pg::hnsw
