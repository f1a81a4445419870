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

template <typename Codec>
ListId nearest_list(Relation index, const IndexLayout& layout, std::uint32_t lists, const Codec& codec,
                    const std::byte* payload) {
    ListId nearest = 0;
    float least = std::numeric_limits<float>::infinity();
    visit_centroids(index, layout, lists, codec, payload, [&](ListId list, float distance) {
        if (!(distance < least)) return;
        least = distance;
        nearest = list;
    });
    return nearest;
}

void insert_plain(Relation index, const MetaPage& meta, const OperatorClass& opclass, const std::byte* payload,
                  ItemPointer row) {
    IndexLayout layout(meta);
    with_list_codec(opclass, static_cast<int>(meta.dimensions), [&](const auto& codec) {
        append_entry(index, layout, nearest_list(index, layout, meta.lists, codec, payload), payload, row);
    });
}

void insert_quantized(Relation index, const MetaPage& meta, const OperatorClass& opclass, const std::byte* payload,
                      ItemPointer row) {
    IndexLayout layout(meta);
    const std::size_t dim = meta.dimensions;
    auto* origin = static_cast<float*>(palloc(4 * dim * sizeof(float)));
    float* point = origin + dim;
    float* centroid = point + dim;
    read_centroid(index, layout, meta.lists, origin);
    payload_to_point(opclass, payload, dim, origin, point, centroid);
    ListId list = nearest_list(index, layout, meta.lists, centroid_codec(opclass, dim),
                               reinterpret_cast<const std::byte*>(point));
    read_centroid(index, layout, list, centroid);
    float* relative = centroid + dim;
    residual(point, centroid, dim, relative);
    const ListCodes codes = layout.codes();
    auto* entry = static_cast<std::byte*>(palloc(codes.entry_size()));
    codes.encode(point, relative, entry);
    append_code(index, layout, codes, list, entry, row);
}

bool insert(Relation index, Datum* values, const bool* isnull, ItemPointer row) {
    if (isnull[0]) return false;
    MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "ivfflat insert", ALLOCSET_DEFAULT_SIZES);
    MemoryContext caller = MemoryContextSwitchTo(context);
    const OperatorClass& opclass = operator_class(index);
    MetaPage meta = read_meta(index);
    const std::byte* payload = encode_value(opclass, static_cast<int>(meta.dimensions), values[0]);
    if (payload != nullptr) {
        if (meta.storage == Storage::kQuantized)
            insert_quantized(index, meta, opclass, payload, row);
        else
            insert_plain(index, meta, opclass, payload, row);
    }
    MemoryContextSwitchTo(caller);
    MemoryContextDelete(context);
    return false;
}

}  // namespace

namespace {

// The page of a list that an entry goes to, and what changes with it; all of it locked, in the order of page.h.
struct AppendPlace {
    Buffer page = InvalidBuffer;       // the page, or the one before it if it is new
    Buffer added = InvalidBuffer;      // a new page
    Buffer directory = InvalidBuffer;  // to be moved on to the page
    BlockNumber append = InvalidBlockNumber;
    BlockNumber more[IndexLayout::kMaxMorePages] = {};  // of a new page

    BlockNumber block() const { return BufferGetBlockNumber(added != InvalidBuffer ? added : page); }
};

AppendPlace find_place(Relation index, const IndexLayout& layout, ListId list) {
    AppendPlace place;
    place.page = lock_append_page(index, layout, list, &place.append);
    // Along the chain to a page with room. The next page is locked before this one is given up, so it stays the next.
    while (page_tail(BufferGetPage(place.page))->count >= layout.entries_per_page()) {
        BlockNumber next = page_tail(BufferGetPage(place.page))->next;
        if (next == InvalidBlockNumber) {
            place.added = claim_page(index);
            break;
        }
        Buffer following = read_page(index, next, BUFFER_LOCK_EXCLUSIVE, PageKind::kList);
        if (page_tail(BufferGetPage(following))->list != list) report_unexpected_page(index, next);
        UnlockReleaseBuffer(place.page);
        place.page = following;
    }
    return place;
}

// Where a block does not fit into a page: the bits that go elsewhere, in WAL records of their own. Until the entry
// itself is there nobody looks at them, and pages that no list's page has come to name are given back by vacuum.
void write_more(Relation index, const IndexLayout& layout, const ListCodes& codes, ListId list, const std::byte* entry,
                std::uint32_t slot, AppendPlace* place) {
    for (std::uint32_t m = 0; m < layout.more_pages(); ++m) {
        Buffer buffer;
        if (place->added != InvalidBuffer) {
            buffer = claim_page(index);
            place->more[m] = BufferGetBlockNumber(buffer);
        } else {
            buffer = read_page(index, layout.more_page_numbers(BufferGetPage(place->page))[m], BUFFER_LOCK_EXCLUSIVE,
                               PageKind::kMore);
        }
        PageEdit edit(index, Logging::kEachChange);
        Page page;
        if (place->added != InvalidBuffer) {
            page = edit.new_page(buffer);
            init_page(page, PageKind::kMore, list);
            layout.init_more(page, m, place->block());
        } else {
            page = edit.page(buffer);
        }
        codes.put_bits(entry, layout.first_group(m), layout.group_count(m), IndexLayout::piece(page), slot);
        edit.finish();
        UnlockReleaseBuffer(buffer);
    }
}

void lock_directory(Relation index, const IndexLayout& layout, ListId list, AppendPlace* place) {
    if (place->block() == place->append) return;
    place->directory = read_page(index, layout.directory_block(list), BUFFER_LOCK_EXCLUSIVE, PageKind::kDirectory);
}

void finish(PageEdit* edit, ListId list, AppendPlace* place) {
    // Another insert may have moved on, or vacuum back, which must not be undone.
    if (place->directory != InvalidBuffer &&
        IndexLayout::entry(BufferGetPage(place->directory), list)->append == place->append)
        IndexLayout::entry(edit->page(place->directory), list)->append = place->block();
    edit->finish();
    if (place->directory != InvalidBuffer) UnlockReleaseBuffer(place->directory);
    if (place->added != InvalidBuffer) UnlockReleaseBuffer(place->added);
    UnlockReleaseBuffer(place->page);
}

}  // namespace

void append_entry(Relation index, const IndexLayout& layout, ListId list, const std::byte* payload, ItemPointer row) {
    AppendPlace place = find_place(index, layout, list);
    lock_directory(index, layout, list, &place);
    PageEdit edit(index, Logging::kEachChange);
    Page page = edit.page(place.page);
    if (place.added != InvalidBuffer) {
        page_tail(page)->next = place.block();
        page = edit.new_page(place.added);
        init_page(page, PageKind::kList, list);
    }
    write_entry(layout, page, payload, row);
    finish(&edit, list, &place);
}

void append_code(Relation index, const IndexLayout& layout, const ListCodes& codes, ListId list, const std::byte* entry,
                 ItemPointer row) {
    AppendPlace place = find_place(index, layout, list);
    std::uint32_t slot = 0;
    BlockNumber wide_block = InvalidBlockNumber;
    if (place.added == InvalidBuffer) {
        Page page = BufferGetPage(place.page);
        while (slot < layout.entries_per_page() &&
               !codes.empty(layout.block(page, static_cast<std::uint32_t>(slot / ListCodes::kBlock)),
                            slot % ListCodes::kBlock))
            ++slot;
        if (slot == layout.entries_per_page()) report_unexpected_page(index, place.block());
        wide_block = IndexLayout::wide_page_numbers(page)[slot / layout.wide_per_page()];
    }
    write_more(index, layout, codes, list, entry, slot, &place);
    Buffer wide_buffer = wide_block == InvalidBlockNumber
                             ? claim_page(index)
                             : read_page(index, wide_block, BUFFER_LOCK_EXCLUSIVE, PageKind::kWide);
    lock_directory(index, layout, list, &place);

    PageEdit edit(index, Logging::kEachChange);
    Page page = edit.page(place.page);
    if (place.added != InvalidBuffer) {
        page_tail(page)->next = place.block();
        page = edit.new_page(place.added);
        init_page(page, PageKind::kList, list);
        layout.init_codes(page, codes);
        std::copy(place.more, place.more + layout.more_pages(), layout.more_page_numbers(page));
    }
    Page wide_page;
    if (wide_block == InvalidBlockNumber) {
        wide_page = edit.new_page(wide_buffer);
        init_page(wide_page, PageKind::kWide, list);
        layout.init_wide(wide_page, place.block());
        IndexLayout::wide_page_numbers(page)[slot / layout.wide_per_page()] = BufferGetBlockNumber(wide_buffer);
    } else {
        wide_page = edit.page(wide_buffer);
    }
    codes.put(entry, layout.block(page, static_cast<std::uint32_t>(slot / ListCodes::kBlock)),
              slot % ListCodes::kBlock);
    ++page_tail(page)->count;
    WideSlot* wide = layout.wide_slot(wide_page, slot % layout.wide_per_page());
    wide->row = *row;
    std::memcpy(wide->code(), codes.wide_of_entry(entry), codes.wide_size());
    finish(&edit, list, &place);
    UnlockReleaseBuffer(wide_buffer);
}

}  // namespace vectorx::pg::ivfflat

bool ivfflat_insert(Relation index, Datum* values, bool* isnull, ItemPointer row, Relation, IndexUniqueCheck, bool,
                    IndexInfo*) {
    return vectorx::pg::guard([=] { return vectorx::pg::ivfflat::insert(index, values, isnull, row); });
}
