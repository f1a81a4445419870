// Pages: reading them, checked, and those that no list uses any more.
//
// Buffers are locked in this order, and never the other way round: pages of a list, in the order of its chain, or a
// page that becomes its last; a page of more codes; a page of wide codes; a page of the directory.
#pragma once

#include "pg/index/edit.h"
#include "pg/ivfflat/layout.h"

namespace vectorx::pg::ivfflat {

void init_page(Page page, PageKind kind, ListId list = kNoList);

// A copy of the meta page; an error if the index is not one of this format.
MetaPage read_meta(Relation index);

// Pins a page, which the caller may have pinned already, locks it and checks its kind.
Buffer read_page(Relation index, BlockNumber block, int lock_mode, PageKind kind);
void lock_page(Relation index, Buffer buffer, int lock_mode, PageKind kind);

ListEntry read_list_entry(Relation index, const IndexLayout& layout, ListId list);

// A page that nobody uses, pinned and exclusively locked: a free one, or a new one at the end.
Buffer claim_page(Relation index);

// Whether a page may be claimed, and goes into the map of free space.
bool is_free(Page page);

[[noreturn]] void report_unexpected_page(Relation index, BlockNumber block);

}  // namespace vectorx::pg::ivfflat
