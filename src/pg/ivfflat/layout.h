// What the pages of an ivfflat index hold. src/pg/ivfflat/README.md draws the whole picture.
//
// Block 0 is the meta page. The centroids follow, as many a page as there is room for; then the directory, which knows
// for each list where its pages begin. Neither ever moves, so where to find what is arithmetic. All other pages hold
// entries of one list, or are free.
#pragma once

#include <cstddef>
#include <cstdint>

#include "pg/postgres.h"

extern "C" {
#include <storage/block.h>
#include <storage/bufpage.h>
#include <storage/itemptr.h>
}

namespace vectorx::pg::ivfflat {

using ListId = std::uint32_t;
inline constexpr ListId kNoList = 0xFFFFFFFF;

inline constexpr std::uint32_t kMagic = 0x46564958;
inline constexpr std::uint16_t kFormatVersion = 1;
inline constexpr BlockNumber kMetaBlock = 0;
inline constexpr BlockNumber kFirstCentroidBlock = 1;

enum class PageKind : std::uint16_t { kMeta = 1, kCentroids, kDirectory, kList, kFree };

// At the end of every page.
struct PageTail {
    BlockNumber next;  // of the same list, or InvalidBlockNumber
    ListId list;       // of a list's page; kNoList on others
    PageKind kind;
    std::uint16_t count;  // of entries, centroids or lists
    std::uint16_t unused;
    std::uint16_t magic;

    static constexpr std::uint16_t kTailMagic = 0x5649;
};
static_assert(sizeof(PageTail) == 16);

inline constexpr std::size_t kPageStart = MAXALIGN(SizeOfPageHeaderData);
inline constexpr std::size_t kPageEnd = BLCKSZ - MAXALIGN(sizeof(PageTail));
inline constexpr std::size_t kPageCapacity = kPageEnd - kPageStart;

inline PageTail* page_tail(Page page) { return reinterpret_cast<PageTail*>(PageGetSpecialPointer(page)); }

enum class Storage : std::uint8_t { kPlain = 0 };

// The only content of block 0; never changes.
struct MetaPage {
    std::uint32_t magic;
    std::uint16_t format_version;
    Storage storage;
    std::uint8_t metric;
    std::uint32_t dimensions;
    std::uint32_t payload_size;  // bytes of a centroid and of an entry, without its row's address
    std::uint32_t lists;         // at most as many as were asked for
};

inline MetaPage* meta_page(Page page) { return reinterpret_cast<MetaPage*>(PageGetContents(page)); }

// The pages of a list are a chain. The first one stays the first for ever, so that a scan may read where it is and then
// go there; an insert begins at the second one named here, before which all pages were full when they were looked at.
struct ListEntry {
    BlockNumber first;
    BlockNumber append;
};

// Where things are in an index with payloads of this size.
//
// A list's page has its payloads at the front, one behind the other, so that they stream through a kernel, and the
// addresses of their rows at the back, the first one last. The hole between pd_lower and pd_upper shrinks from both
// sides; generic WAL does not keep what is in it.
class IndexLayout {
 public:
    IndexLayout(std::size_t payload_size, std::uint32_t lists) : payload_size_(payload_size), lists_(lists) {}
    explicit IndexLayout(const MetaPage& meta) : IndexLayout(meta.payload_size, meta.lists) {}

    static constexpr std::size_t kMaxPayload = kPageCapacity - sizeof(ItemPointerData);

    std::size_t payload_size() const { return payload_size_; }

    std::uint32_t centroids_per_page() const { return static_cast<std::uint32_t>(kPageCapacity / payload_size_); }
    BlockNumber centroid_block(ListId list) const { return kFirstCentroidBlock + list / centroids_per_page(); }

    static constexpr std::uint32_t kListsPerPage = kPageCapacity / sizeof(ListEntry);
    BlockNumber first_directory_block() const { return centroid_block(lists_ - 1) + 1; }
    BlockNumber directory_block(ListId list) const { return first_directory_block() + list / kListsPerPage; }
    // The first block after what has a fixed place.
    BlockNumber first_list_block() const { return directory_block(lists_ - 1) + 1; }

    std::uint32_t entries_per_page() const {
        return static_cast<std::uint32_t>(kPageCapacity / (payload_size_ + sizeof(ItemPointerData)));
    }
    std::byte* payload(Page page, std::uint32_t position) const {
        return reinterpret_cast<std::byte*>(page) + kPageStart + position * payload_size_;
    }
    static ItemPointer row(Page page, std::uint32_t position) {
        return reinterpret_cast<ItemPointer>(page + kPageEnd) - (position + 1);
    }
    static ListEntry* entry(Page page, ListId list) {
        return reinterpret_cast<ListEntry*>(page + kPageStart) + list % kListsPerPage;
    }

    // Sets the number of entries of a list's page, and its hole.
    void set_count(Page page, std::uint32_t count) const {
        page_tail(page)->count = static_cast<std::uint16_t>(count);
        auto* header = reinterpret_cast<PageHeader>(page);
        header->pd_lower = static_cast<LocationIndex>(kPageStart + count * payload_size_);
        header->pd_upper = static_cast<LocationIndex>(kPageEnd - count * sizeof(ItemPointerData));
    }

 private:
    std::size_t payload_size_;
    std::uint32_t lists_;
};

}  // namespace vectorx::pg::ivfflat
