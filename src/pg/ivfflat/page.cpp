#include "pg/ivfflat/page.h"

extern "C" {
#include <storage/indexfsm.h>
}

namespace vectorx::pg::ivfflat {

void init_page(Page page, PageKind kind, ListId list) {
    PageInit(page, BLCKSZ, sizeof(PageTail));
    *page_tail(page) = {InvalidBlockNumber, list, kind, 0, 0, PageTail::kTailMagic};
}

MetaPage read_meta(Relation index) {
    Buffer buffer = ReadBuffer(index, kMetaBlock);
    LockBuffer(buffer, BUFFER_LOCK_SHARE);
    Page page = BufferGetPage(buffer);
    if (PageIsNew(page) || meta_page(page)->magic != kMagic) {
        ereport(ERROR, (errcode(ERRCODE_INDEX_CORRUPTED),
                        errmsg("index \"%s\" is not an ivfflat index of vectorx", RelationGetRelationName(index)),
                        errhint("REINDEX it.")));
    }
    MetaPage meta = *meta_page(page);
    UnlockReleaseBuffer(buffer);
    if (meta.format_version != kFormatVersion) {
        ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                        errmsg("index \"%s\" has format %d, but this version of vectorx reads format %d",
                               RelationGetRelationName(index), meta.format_version, kFormatVersion),
                        errhint("REINDEX it.")));
    }
    return meta;
}

void report_unexpected_page(Relation index, BlockNumber block) {
    ereport(ERROR,
            (errcode(ERRCODE_INDEX_CORRUPTED),
             errmsg("index \"%s\" contains an unexpected page at block %u", RelationGetRelationName(index), block),
             errhint("REINDEX it.")));
    pg_unreachable();
}

namespace {

bool is_ours(Page page) {
    return !PageIsNew(page) && PageGetSpecialSize(page) == MAXALIGN(sizeof(PageTail)) &&
           page_tail(page)->magic == PageTail::kTailMagic;
}

}  // namespace

void lock_page(Relation index, Buffer buffer, int lock_mode, PageKind kind) {
    LockBuffer(buffer, lock_mode);
    Page page = BufferGetPage(buffer);
    if (!is_ours(page) || page_tail(page)->kind != kind) report_unexpected_page(index, BufferGetBlockNumber(buffer));
}

Buffer read_page(Relation index, BlockNumber block, int lock_mode, PageKind kind) {
    Buffer buffer = ReadBuffer(index, block);
    lock_page(index, buffer, lock_mode, kind);
    return buffer;
}

ListEntry read_list_entry(Relation index, const IndexLayout& layout, ListId list) {
    Buffer buffer = read_page(index, layout.directory_block(list), BUFFER_LOCK_SHARE, PageKind::kDirectory);
    ListEntry entry = *IndexLayout::entry(BufferGetPage(buffer), list);
    UnlockReleaseBuffer(buffer);
    return entry;
}

bool is_free(Page page) { return PageIsNew(page) || (is_ours(page) && page_tail(page)->kind == PageKind::kFree); }

Buffer claim_page(Relation index) {
    for (;;) {
        BlockNumber block = GetFreeIndexPage(index);
        if (block == InvalidBlockNumber) return extend(index, MAIN_FORKNUM);
        // The map may be wrong: it is not logged.
        Buffer buffer = ReadBuffer(index, block);
        if (ConditionalLockBuffer(buffer)) {
            if (is_free(BufferGetPage(buffer))) return buffer;
            LockBuffer(buffer, BUFFER_LOCK_UNLOCK);
        }
        ReleaseBuffer(buffer);
    }
}

}  // namespace vectorx::pg::ivfflat
