// Vacuum: entries of dead rows leave their pages, pages without entries leave their lists.
#include <algorithm>
#include <cstring>
#include <memory_resource>
#include <vector>

#include "pg/boundary.h"
#include "pg/compat.h"
#include "pg/ivfflat/callbacks.h"
#include "pg/ivfflat/page.h"

extern "C" {
#include <access/genam.h>
#include <storage/indexfsm.h>
#include <storage/lmgr.h>
}

namespace vectorx::pg::ivfflat {
namespace {

BlockNumber block_count(Relation index) {
    // Whoever adds a page has locked it before giving up this lock: so none is mistaken for one that nobody uses.
    bool shared = !RELATION_IS_LOCAL(index);
    if (shared) LockRelationForExtension(index, ExclusiveLock);
    BlockNumber blocks = RelationGetNumberOfBlocks(index);
    if (shared) UnlockRelationForExtension(index, ExclusiveLock);
    return blocks;
}

class Vacuum {
 public:
    Vacuum(IndexVacuumInfo* info, IndexBulkDeleteResult* stats, IndexBulkDeleteCallback callback, void* callback_state,
           ContextMemory* memory)
        : index_(info->index),
          strategy_(info->strategy),
          meta_(read_meta(index_)),
          layout_(meta_),
          codes_(layout_.codes()),
          stats_(stats),
          callback_(callback),
          callback_state_(callback_state),
          changed_(meta_.lists, false, memory) {}

    void run() {
        stats_->num_index_tuples = 0;
        // Pages that are added meanwhile have no dead rows, but pages may be taken out of the map and used again.
        BlockNumber blocks = block_count(index_);
        for (BlockNumber block = layout_.first_list_block(); block < blocks; ++block) {
            vacuum_delay();
            clean_page(block);
        }
        for (ListId list = 0; list < meta_.lists; ++list)
            if (changed_[list]) shorten(list);
    }

 private:
    void clean_page(BlockNumber block) {
        Buffer buffer = ReadBufferExtended(index_, MAIN_FORKNUM, block, RBM_NORMAL, strategy_);
        LockBuffer(buffer, BUFFER_LOCK_SHARE);
        Page page = BufferGetPage(buffer);
        if (is_free(page)) {
            UnlockReleaseBuffer(buffer);
            RecordFreeIndexPage(index_, block);
            return;
        }
        if (page_tail(page)->kind == PageKind::kWide && layout_.quantized()) {
            UnlockReleaseBuffer(buffer);  // looked at together with its list's page
            return;
        }
        if (page_tail(page)->kind == PageKind::kMore && layout_.quantized()) {
            const BlockNumber of = page_tail(page)->next;
            UnlockReleaseBuffer(buffer);
            if (of >= RelationGetNumberOfBlocks(index_)) report_unexpected_page(index_, block);
            if (!is_named(block, of)) free_more(block, of);
            return;
        }
        check(page, block);
        bool any_dead = layout_.quantized() ? any_dead_code(page) : any_dead_entry(page);
        if (any_dead) {
            // Between the locks entries may come, but none go, as nobody else vacuums.
            LockBuffer(buffer, BUFFER_LOCK_UNLOCK);
            LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
            if (layout_.quantized())
                remove_dead_codes(buffer);
            else
                remove_dead(buffer);
        }
        std::uint32_t left = page_tail(page)->count;
        stats_->num_index_tuples += left;
        // An empty page may have been left by a vacuum that was cut off.
        if (any_dead || left == 0) changed_[page_tail(page)->list] = true;
        UnlockReleaseBuffer(buffer);
    }

    // Whether a list's page names this page of more codes. An insert adds both under the lock of the former.
    bool is_named(BlockNumber block, BlockNumber of) {
        Buffer buffer = ReadBufferExtended(index_, MAIN_FORKNUM, of, RBM_NORMAL, strategy_);
        LockBuffer(buffer, BUFFER_LOCK_SHARE);
        Page page = BufferGetPage(buffer);
        bool named = false;
        if (!is_free(page) && page_tail(page)->kind == PageKind::kList) {
            const BlockNumber* numbers = layout_.more_page_numbers(page);
            named = std::find(numbers, numbers + layout_.more_pages(), block) != numbers + layout_.more_pages();
        }
        UnlockReleaseBuffer(buffer);
        return named;
    }

    // Frees a page of more codes whose list's page is gone, or never came about.
    void free_more(BlockNumber block, BlockNumber of) {
        Buffer buffer = ReadBufferExtended(index_, MAIN_FORKNUM, block, RBM_NORMAL, strategy_);
        LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
        Page page = BufferGetPage(buffer);
        if (!is_free(page) && page_tail(page)->kind == PageKind::kMore && page_tail(page)->next == of) {
            PageEdit edit(index_, Logging::kEachChange);
            init_page(edit.new_page(buffer), PageKind::kFree);
            edit.finish();
            RecordFreeIndexPage(index_, block);
        }
        UnlockReleaseBuffer(buffer);
    }

    void check(Page page, BlockNumber block) {
        const PageTail* tail = page_tail(page);
        if (tail->magic != PageTail::kTailMagic || tail->kind != PageKind::kList || tail->list >= meta_.lists ||
            tail->count > layout_.entries_per_page())
            report_unexpected_page(index_, block);
    }

    bool any_dead_entry(Page page) {
        for (std::uint32_t i = 0; i < page_tail(page)->count; ++i)
            if (callback_(IndexLayout::row(page, i), callback_state_)) return true;
        return false;
    }

    // Calls visit(position, row) for the entries on a page of wide codes.
    template <typename Visit>
    void visit_wide(Page page, Visit visit) {
        for (std::uint32_t i = 0; i < layout_.wide_per_page(); ++i) {
            ItemPointer row = &layout_.wide_slot(page, i)->row;
            if (ItemPointerIsValid(row)) visit(i, row);
        }
    }

    bool any_dead_code(Page page) {
        bool any_dead = false;
        for (std::uint32_t w = 0; w < layout_.wide_pages() && !any_dead; ++w) {
            BlockNumber block = IndexLayout::wide_page_numbers(page)[w];
            if (block == InvalidBlockNumber) continue;
            Buffer wide = ReadBufferExtended(index_, MAIN_FORKNUM, block, RBM_NORMAL, strategy_);
            lock_page(index_, wide, BUFFER_LOCK_SHARE, PageKind::kWide);
            visit_wide(BufferGetPage(wide),
                       [&](std::uint32_t, ItemPointer row) { any_dead = any_dead || callback_(row, callback_state_); });
            UnlockReleaseBuffer(wide);
        }
        return any_dead;
    }

    // Leaves gaps, which inserts fill. A page of wide codes without entries becomes free.
    void remove_dead_codes(Buffer buffer) {
        for (std::uint32_t w = 0; w < layout_.wide_pages(); ++w) {
            BlockNumber block = IndexLayout::wide_page_numbers(BufferGetPage(buffer))[w];
            if (block == InvalidBlockNumber) continue;
            Buffer wide = read_page(index_, block, BUFFER_LOCK_EXCLUSIVE, PageKind::kWide);
            PageEdit edit(index_, Logging::kEachChange);
            Page page = edit.page(buffer);
            Page wide_page = edit.page(wide);
            std::uint32_t left = 0;
            visit_wide(wide_page, [&](std::uint32_t position, ItemPointer row) {
                if (!callback_(row, callback_state_)) {
                    ++left;
                    return;
                }
                ItemPointerSetInvalid(row);
                const std::uint32_t slot = w * layout_.wide_per_page() + position;
                codes_.remove(layout_.block(page, static_cast<std::uint32_t>(slot / ListCodes::kBlock)),
                              slot % ListCodes::kBlock);
                --page_tail(page)->count;
                ++stats_->tuples_removed;
            });
            if (left == 0) {
                IndexLayout::wide_page_numbers(page)[w] = InvalidBlockNumber;
                init_page(wide_page, PageKind::kFree);
            }
            edit.finish();
            UnlockReleaseBuffer(wide);
            if (left == 0) RecordFreeIndexPage(index_, block);
        }
    }

    // Fills the gaps from the end, so that entries stay one behind the other.
    void remove_dead(Buffer buffer) {
        PageEdit edit(index_, Logging::kEachChange);
        Page page = edit.page(buffer);
        std::uint32_t count = page_tail(page)->count;
        for (std::uint32_t i = 0; i < count;) {
            if (!callback_(IndexLayout::row(page, i), callback_state_)) {
                ++i;
                continue;
            }
            --count;
            ++stats_->tuples_removed;
            std::memmove(layout_.payload(page, i), layout_.payload(page, count), layout_.payload_size());
            *IndexLayout::row(page, i) = *IndexLayout::row(page, count);
        }
        layout_.set_count(page, count);
        edit.finish();
    }

    // Takes empty pages out of the chain, but for the first, and lets inserts begin at the first page with room.
    void shorten(ListId list) {
        BlockNumber roomy = InvalidBlockNumber;
        Buffer buffer =
            read_page(index_, read_list_entry(index_, layout_, list).first, BUFFER_LOCK_EXCLUSIVE, PageKind::kList);
        for (;;) {
            Page page = BufferGetPage(buffer);
            if (roomy == InvalidBlockNumber && page_tail(page)->count < layout_.entries_per_page())
                roomy = BufferGetBlockNumber(buffer);
            BlockNumber next = page_tail(page)->next;
            if (next == InvalidBlockNumber) break;
            Buffer following = read_page(index_, next, BUFFER_LOCK_EXCLUSIVE, PageKind::kList);
            if (page_tail(BufferGetPage(following))->count == 0) {
                free_page(list, buffer, following);
                continue;
            }
            UnlockReleaseBuffer(buffer);
            buffer = following;
            if (QueryCancelPending || ProcDiePending) {
                UnlockReleaseBuffer(buffer);
                CHECK_FOR_INTERRUPTS();
                elog(ERROR, "vacuum went on after it was cancelled");
            }
        }
        UnlockReleaseBuffer(buffer);
        if (roomy != InvalidBlockNumber) move_append(list, roomy);
        vacuum_delay();
    }

    // Both pages are locked: whoever comes along the chain is either past them or has yet to lock the first.
    void free_page(ListId list, Buffer previous, Buffer empty) {
        BlockNumber block = BufferGetBlockNumber(empty);
        BlockNumber more[IndexLayout::kMaxMorePages];
        std::copy_n(layout_.more_page_numbers(BufferGetPage(empty)), layout_.more_pages(), more);
        Buffer directory =
            read_page(index_, layout_.directory_block(list), BUFFER_LOCK_EXCLUSIVE, PageKind::kDirectory);
        PageEdit edit(index_, Logging::kEachChange);
        page_tail(edit.page(previous))->next = page_tail(BufferGetPage(empty))->next;
        init_page(edit.new_page(empty), PageKind::kFree);
        // An insert that has read this number finds a page that is not the list's any more.
        if (IndexLayout::entry(BufferGetPage(directory), list)->append == block)
            IndexLayout::entry(edit.page(directory), list)->append = BufferGetBlockNumber(previous);
        edit.finish();
        UnlockReleaseBuffer(directory);
        UnlockReleaseBuffer(empty);
        RecordFreeIndexPage(index_, block);
        // What a crash leaves of them is found by the next vacuum.
        for (std::uint32_t m = 0; m < layout_.more_pages(); ++m) free_more(more[m], block);
        ++stats_->pages_newly_deleted;
        ++stats_->pages_deleted;
    }

    void move_append(ListId list, BlockNumber block) {
        Buffer directory =
            read_page(index_, layout_.directory_block(list), BUFFER_LOCK_EXCLUSIVE, PageKind::kDirectory);
        if (IndexLayout::entry(BufferGetPage(directory), list)->append != block) {
            PageEdit edit(index_, Logging::kEachChange);
            IndexLayout::entry(edit.page(directory), list)->append = block;
            edit.finish();
        }
        UnlockReleaseBuffer(directory);
    }

    Relation index_;
    BufferAccessStrategy strategy_;
    MetaPage meta_;
    IndexLayout layout_;
    ListCodes codes_;
    IndexBulkDeleteResult* stats_;
    IndexBulkDeleteCallback callback_;
    void* callback_state_;
    std::pmr::vector<bool> changed_;  // lists with pages that have room, or no entries
};

IndexBulkDeleteResult* bulk_delete(IndexVacuumInfo* info, IndexBulkDeleteResult* stats,
                                   IndexBulkDeleteCallback callback, void* callback_state) {
    if (stats == nullptr) stats = static_cast<IndexBulkDeleteResult*>(palloc0(sizeof(IndexBulkDeleteResult)));
    MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "ivfflat vacuum", ALLOCSET_DEFAULT_SIZES);
    MemoryContext caller = MemoryContextSwitchTo(context);
    ContextMemory memory(context);
    make_in<Vacuum>(context, info, stats, callback, callback_state, &memory)->run();
    MemoryContextSwitchTo(caller);
    MemoryContextDelete(context);
    return stats;
}

IndexBulkDeleteResult* vacuum_cleanup(IndexVacuumInfo* info, IndexBulkDeleteResult* stats) {
    // Without dead rows nothing has changed that statistics or the map of free space should know.
    if (info->analyze_only || stats == nullptr) return stats;
    IndexFreeSpaceMapVacuum(info->index);
    stats->num_pages = RelationGetNumberOfBlocks(info->index);
    return stats;
}

}  // namespace
}  // namespace vectorx::pg::ivfflat

IndexBulkDeleteResult* ivfflat_bulk_delete(IndexVacuumInfo* info, IndexBulkDeleteResult* stats,
                                           IndexBulkDeleteCallback callback, void* callback_state) {
    return vectorx::pg::guard([=] { return vectorx::pg::ivfflat::bulk_delete(info, stats, callback, callback_state); });
}

IndexBulkDeleteResult* ivfflat_vacuum_cleanup(IndexVacuumInfo* info, IndexBulkDeleteResult* stats) {
    return vectorx::pg::guard([=] { return vectorx::pg::ivfflat::vacuum_cleanup(info, stats); });
}
