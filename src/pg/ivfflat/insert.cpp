#include "pg/ivfflat/insert.h"

#include <cstring>
#include <limits>

#include "pg/ivfflat/callbacks.h"
#include "pg/ivfflat/lists.h"

namespace vectorx::pg::ivfflat {
namespace {

void write_entry(const IndexLayout& layout, Page page, const std::byte* payload, ItemPointer row) {
    const std::uint32_t position = page_tail(page)->count;
    layout.set_count(page, position + 1);
    std::memcpy(layout.payload(page, position), payload, layout.payload_size());
    *IndexLayout::row(page, position) = *row;
}

// Locks the page where inserts into the list begin. Vacuum may free it after its number has been read; then there is
// another one.
Buffer lock_append_page(Relation index, const IndexLayout& layout, ListId list, BlockNumber* append) {
    constexpr int kMaxAttempts = 100;
    for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
        CHECK_FOR_INTERRUPTS();
        *append = read_list_entry(index, layout, list).append;
        Buffer buffer = ReadBuffer(index, *append);
        LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
        Page page = BufferGetPage(buffer);
        if (!is_free(page) && page_tail(page)->kind == PageKind::kList && page_tail(page)->list == list) return buffer;
        UnlockReleaseBuffer(buffer);
    }
    report_unexpected_page(index, *append);
}

ListId nearest_list(Relation index, const MetaPage& meta, const OperatorClass& opclass, const std::byte* payload) {
    ListId nearest = 0;
    float least = std::numeric_limits<float>::infinity();
    with_list_codec(opclass, static_cast<int>(meta.dimensions), [&](const auto& codec) {
        visit_centroids(index, IndexLayout(meta), meta.lists, codec, payload, [&](ListId list, float distance) {
            if (!(distance < least)) return;
            least = distance;
            nearest = list;
        });
    });
    return nearest;
}

bool insert(Relation index, Datum* values, const bool* isnull, ItemPointer row) {
    if (isnull[0]) return false;
    MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "ivfflat insert", ALLOCSET_DEFAULT_SIZES);
    MemoryContext caller = MemoryContextSwitchTo(context);
    const OperatorClass& opclass = operator_class(index);
    MetaPage meta = read_meta(index);
    const std::byte* payload = encode_value(opclass, static_cast<int>(meta.dimensions), values[0]);
    if (payload != nullptr)
        append_entry(index, IndexLayout(meta), nearest_list(index, meta, opclass, payload), payload, row);
    MemoryContextSwitchTo(caller);
    MemoryContextDelete(context);
    return false;
}

}  // namespace

void append_entry(Relation index, const IndexLayout& layout, ListId list, const std::byte* payload, ItemPointer row) {
    BlockNumber append;
    Buffer buffer = lock_append_page(index, layout, list, &append);
    // Along the chain to a page with room. The next page is locked before this one is given up, so it stays the next.
    Buffer added = InvalidBuffer;
    while (page_tail(BufferGetPage(buffer))->count >= layout.entries_per_page()) {
        BlockNumber next = page_tail(BufferGetPage(buffer))->next;
        if (next == InvalidBlockNumber) {
            added = claim_page(index);
            break;
        }
        Buffer following = read_page(index, next, BUFFER_LOCK_EXCLUSIVE, PageKind::kList);
        if (page_tail(BufferGetPage(following))->list != list) report_unexpected_page(index, next);
        UnlockReleaseBuffer(buffer);
        buffer = following;
    }
    BlockNumber block = BufferGetBlockNumber(added != InvalidBuffer ? added : buffer);

    Buffer directory = InvalidBuffer;
    if (block != append) {
        directory = read_page(index, layout.directory_block(list), BUFFER_LOCK_EXCLUSIVE, PageKind::kDirectory);
    }
    PageEdit edit(index, Logging::kEachChange);
    if (added != InvalidBuffer) {
        page_tail(edit.page(buffer))->next = block;
        Page page = edit.new_page(added);
        init_page(page, PageKind::kList, list);
        write_entry(layout, page, payload, row);
    } else {
        write_entry(layout, edit.page(buffer), payload, row);
    }
    // Another insert may have moved on, or vacuum back, which must not be undone.
    if (directory != InvalidBuffer && IndexLayout::entry(BufferGetPage(directory), list)->append == append)
        IndexLayout::entry(edit.page(directory), list)->append = block;
    edit.finish();
    if (directory != InvalidBuffer) UnlockReleaseBuffer(directory);
    if (added != InvalidBuffer) UnlockReleaseBuffer(added);
    UnlockReleaseBuffer(buffer);
}

}  // namespace vectorx::pg::ivfflat

bool ivfflat_insert(Relation index, Datum* values, bool* isnull, ItemPointer row, Relation, IndexUniqueCheck, bool,
                    IndexInfo*) {
    return vectorx::pg::guard([=] { return vectorx::pg::ivfflat::insert(index, values, isnull, row); });
}
