#include "pg/hnsw/page.h"

namespace vectorx::pg::hnsw {
namespace {

Buffer add_buffer(Claim* claim, Buffer buffer) { return claim->buffers[claim->buffer_count++] = buffer; }

// Takes the first never-used slot of a page that has one. `page` is the page's image in the claim's edit.
void take_never_used(const SlotGeometry& geometry, BlockNumber block, Page page, Claim* claim) {
    PageTail* tail = page_tail(page);
    claim->id = geometry.id_at(block, tail->used);
    claim->slot = slot_at<void>(page, geometry, tail->used);
    ++tail->used;
    // Whatever lies between pd_lower and pd_upper is not kept by WAL replay.
    reinterpret_cast<PageHeader>(page)->pd_lower = static_cast<LocationIndex>(geometry.offset_at(tail->used));
}

// The same, if the page has one; else nothing is locked.
bool take_from_open_page(Relation index, const SlotGeometry& geometry, SlotKind kind, BlockNumber block, Claim* claim) {
    if (block == InvalidBlockNumber) return false;
    Buffer buffer = read_page(index, block, BUFFER_LOCK_EXCLUSIVE, page_kind(kind));
    if (page_tail(BufferGetPage(buffer))->used >= geometry.per_page) {
        UnlockReleaseBuffer(buffer);
        return false;
    }
    take_never_used(geometry, block, claim->edit.page(add_buffer(claim, buffer)), claim);
    return true;
}

SlotId& next_free_of(void* slot, SlotKind kind) {
    switch (kind) {
        case kNode:
            return static_cast<NodeHeader*>(slot)->next_free();
        case kUpper:
            return static_cast<UpperSlot*>(slot)->next_free();
        case kRows:
            return static_cast<RowsSlot*>(slot)->next_free();
        default:
            return static_cast<PayloadSlot*>(slot)->next_free();
    }
}

void mark_free(void* slot, SlotKind kind) {
    if (kind == kNode)
        static_cast<NodeHeader*>(slot)->state = NodeState::kFree;
    else
        *static_cast<NodeId*>(slot) = kNoNode;  // the owner, which comes first in all other slots
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

const char* storage_name(Storage storage) { return storage == Storage::kQuantized ? "quantized" : "plain"; }

void init_meta_page(Page page, const GraphOptions& options, Storage storage, int dimensions, std::size_t payload_size,
                    int metric) {
    init_page(page, PageKind::kMeta);
    MetaPage* meta = meta_page(page);
    *meta = {};
    meta->magic = kMagic;
    meta->format_version = kFormatVersion;
    meta->storage = storage;
    meta->metric = static_cast<std::uint8_t>(metric);
    meta->m = static_cast<std::uint16_t>(options.m);
    meta->ef_construction = static_cast<std::uint16_t>(options.ef_construction);
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

MetaPage read_meta(Relation index) {
    Buffer buffer = ReadBuffer(index, kMetaBlock);
    LockBuffer(buffer, BUFFER_LOCK_SHARE);
    check_meta(index, BufferGetPage(buffer));
    MetaPage meta = *meta_page(BufferGetPage(buffer));
    UnlockReleaseBuffer(buffer);
    return meta;
}

Buffer read_page(Relation index, BlockNumber block, int lock_mode, PageKind kind) {
    Buffer buffer = ReadBuffer(index, block);
    LockBuffer(buffer, lock_mode);
    Page page = BufferGetPage(buffer);
    if (PageIsNew(page) || PageGetSpecialSize(page) != MAXALIGN(sizeof(PageTail)) ||
        page_tail(page)->magic != PageTail::kTailMagic || page_tail(page)->kind != kind) {
        ereport(ERROR,
                (errcode(ERRCODE_INDEX_CORRUPTED),
                 errmsg("index \"%s\" contains an unexpected page at block %u", RelationGetRelationName(index), block),
                 errhint("REINDEX it.")));
    }
    return buffer;
}

void claim_slot(Relation index, const IndexLayout& layout, SlotKind kind, Claim* claim) {
    const SlotGeometry& geometry = layout.slots(kind);

    // Most often the open page has room, and then the meta page is only read.
    MetaPage seen = read_meta(index);
    if (seen.free_slots[kind] == kNoSlot && take_from_open_page(index, geometry, kind, seen.open_blocks[kind], claim))
        return;

    Buffer meta_buffer = add_buffer(claim, read_page(index, kMetaBlock, BUFFER_LOCK_EXCLUSIVE, PageKind::kMeta));
    MetaPage* meta = meta_page(claim->edit.page(meta_buffer));
    claim->id = meta->free_slots[kind];
    if (claim->id != kNoSlot) {
        BlockNumber block = geometry.block_of(claim->id);
        Buffer buffer = add_buffer(claim, read_page(index, block, BUFFER_LOCK_EXCLUSIVE, page_kind(kind)));
        claim->slot = slot_in<void>(claim->edit.page(buffer), geometry, claim->id);
        meta->free_slots[kind] = next_free_of(claim->slot, kind);
        return;
    }
    if (take_from_open_page(index, geometry, kind, meta->open_blocks[kind], claim)) return;

    Buffer buffer = add_buffer(claim, extend(index, MAIN_FORKNUM));
    BlockNumber block = BufferGetBlockNumber(buffer);
    if (block > geometry.last_block()) {
        ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                        errmsg("index \"%s\" cannot hold more rows", RelationGetRelationName(index)),
                        errdetail("Its slots are numbered up to block %u.", geometry.last_block()),
                        errhint("Partition the table.")));
    }
    meta->open_blocks[kind] = block;
    Page page = claim->edit.new_page(buffer);
    init_page(page, page_kind(kind));
    take_never_used(geometry, block, page, claim);
}

void commit_claim(Claim* claim) {
    claim->edit.finish();
    for (int i = 0; i < claim->buffer_count; ++i) UnlockReleaseBuffer(claim->buffers[i]);
}

void free_slots(Relation index, const IndexLayout& layout, SlotKind kind, BlockNumber block,
                const std::uint32_t* positions, std::size_t count) {
    if (count == 0) return;
    const SlotGeometry& geometry = layout.slots(kind);
    Buffer meta_buffer = read_page(index, kMetaBlock, BUFFER_LOCK_EXCLUSIVE, PageKind::kMeta);
    Buffer buffer = read_page(index, block, BUFFER_LOCK_EXCLUSIVE, page_kind(kind));
    PageEdit edit(index, Logging::kEachChange);
    MetaPage* meta = meta_page(edit.page(meta_buffer));
    Page page = edit.page(buffer);
    for (std::size_t i = 0; i < count; ++i) {
        void* slot = slot_at<void>(page, geometry, positions[i]);
        mark_free(slot, kind);
        next_free_of(slot, kind) = meta->free_slots[kind];
        meta->free_slots[kind] = geometry.id_at(block, positions[i]);
    }
    edit.finish();
    UnlockReleaseBuffer(buffer);
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
