// What the pages of an ivfflat index hold. src/pg/ivfflat/README.md draws the whole picture.
//
// Block 0 is the meta page. The centroids follow, as many a page as there is room for; then the directory, which knows
// for each list where its pages begin. Neither ever moves, so where to find what is arithmetic. All other pages hold
// entries of one list, or are free.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "pg/postgres.h"

extern "C" {
#include <storage/block.h>
#include <storage/bufpage.h>
#include <storage/itemptr.h>
}

#include "vectorx/list_codes.h"

namespace vectorx::pg::ivfflat {

using ListId = std::uint32_t;
inline constexpr ListId kNoList = 0xFFFFFFFF;

inline constexpr std::uint32_t kMagic = 0x46564958;
inline constexpr std::uint16_t kFormatVersion = 1;
inline constexpr BlockNumber kMetaBlock = 0;
inline constexpr BlockNumber kFirstCentroidBlock = 1;

enum class PageKind : std::uint16_t { kMeta = 1, kCentroids, kDirectory, kList, kFree, kWide, kMore };

// At the end of every page.
struct PageTail {
    // Of the same list, or InvalidBlockNumber; of a page of wide codes or of more codes, that with their entries.
    BlockNumber next;
    ListId list;  // of a list's page; kNoList on others
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

enum class Storage : std::uint8_t {
    kPlain = 0,
    kQuantized = 1,
};

// The only content of block 0; never changes.
struct MetaPage {
    std::uint32_t magic;
    std::uint16_t format_version;
    Storage storage;
    std::uint8_t metric;
    std::uint32_t dimensions;
    std::uint32_t payload_size;  // bytes of a centroid; where storage is plain, also of an entry's vector
    std::uint32_t lists;         // at most as many as were asked for
};

inline MetaPage* meta_page(Page page) { return reinterpret_cast<MetaPage*>(PageGetContents(page)); }

// The pages of a list are a chain. The first one stays the first for ever, so that a scan may read where it is and then
// go there; an insert begins at the second one named here, before which all pages were full when they were looked at.
struct ListEntry {
    BlockNumber first;
    BlockNumber append;
};

// Start of a slot for a wide code, which follows.
struct WideSlot {
    ItemPointerData row;  // invalid where there is no entry
    std::uint16_t unused;

    std::byte* code() { return reinterpret_cast<std::byte*>(this + 1); }
};
static_assert(sizeof(WideSlot) == 8);

// Where things are.
//
// Plain: a list's page has its payloads at the front, one behind the other, so that they stream through a kernel, and
// the addresses of their rows at the back, the first one last. The hole between pd_lower and pd_upper shrinks from both
// sides; generic WAL does not keep what is in it.
//
// Quantized: a list's page has blocks of codes of one bit a dimension (list_codes.h). The rows and their wide codes are
// on pages of their own, as few of them are looked at; the list's page begins with the numbers of its pages of that
// kind. An entry's place among the codes tells its place among those. Where not even one block fits into a page, the
// page has the first groups of its codes, and pages of more codes, whose numbers stand behind the others, have the
// rest. A centroid that does not fit into a page is continued on the next ones.
class IndexLayout {
 public:
    explicit IndexLayout(const MetaPage& meta)
        : IndexLayout(meta.storage, meta.payload_size, meta.dimensions, meta.lists) {}
    IndexLayout(Storage storage, std::size_t payload_size, std::size_t dim, std::uint32_t lists)
        : storage_(storage), payload_size_(payload_size), lists_(lists), dim_(dim) {
        groups_ = block_groups_ = static_cast<std::uint32_t>(ListCodes::groups_of(dim));
        if (storage != Storage::kQuantized) return;
        block_size_ = codes().block_size();
        wide_slot_size_ = sizeof(WideSlot) + codes().wide_size();
        for (std::uint32_t blocks = 1; codes_end(blocks) <= kPageEnd; ++blocks) blocks_ = blocks;
        if (blocks_ > 0) return;
        blocks_ = 1;
        // More pages leave less room for groups before them, which may take one more page.
        do {
            ++more_pages_;
            block_groups_ = static_cast<std::uint32_t>((kPageEnd - codes_start(1) - ListCodes::kFactorsSize) /
                                                       ListCodes::kGroupSize);
        } while (block_groups_ + more_pages_ * kGroupsPerPage < groups_ && more_pages_ < kMaxMorePages);
        block_size_ = codes().block_size();
    }

    static constexpr std::size_t kMaxPayload = kPageCapacity - sizeof(ItemPointerData);

    bool quantized() const { return storage_ == Storage::kQuantized; }
    std::size_t payload_size() const { return payload_size_; }

    // Where storage is quantized, what all vectors are relative to stands behind the centroids as one more.
    std::uint32_t centroid_rows() const { return lists_ + (quantized() ? 1 : 0); }
    std::uint32_t centroids_per_page() const {
        return std::max(1U, static_cast<std::uint32_t>(kPageCapacity / payload_size_));
    }
    // Of one centroid, if more than one page.
    std::uint32_t pages_per_centroid() const {
        return static_cast<std::uint32_t>((payload_size_ + kPageCapacity - 1) / kPageCapacity);
    }
    BlockNumber centroid_block(ListId list) const {
        return kFirstCentroidBlock + list / centroids_per_page() * pages_per_centroid();
    }
    std::byte* centroid(Page page, ListId list) const {
        return reinterpret_cast<std::byte*>(page) + kPageStart + list % centroids_per_page() * payload_size_;
    }

    static constexpr std::uint32_t kListsPerPage = kPageCapacity / sizeof(ListEntry);
    BlockNumber first_directory_block() const { return centroid_block(centroid_rows() - 1) + pages_per_centroid(); }
    BlockNumber directory_block(ListId list) const { return first_directory_block() + list / kListsPerPage; }
    // The first block after what has a fixed place.
    BlockNumber first_list_block() const { return directory_block(lists_ - 1) + 1; }
    static ListEntry* entry(Page page, ListId list) {
        return reinterpret_cast<ListEntry*>(page + kPageStart) + list % kListsPerPage;
    }

    std::uint32_t entries_per_page() const {
        if (quantized()) return blocks_ * ListCodes::kBlock;
        return static_cast<std::uint32_t>(kPageCapacity / (payload_size_ + sizeof(ItemPointerData)));
    }

    // ---- plain
    std::byte* payload(Page page, std::uint32_t position) const {
        return reinterpret_cast<std::byte*>(page) + kPageStart + position * payload_size_;
    }
    static ItemPointer row(Page page, std::uint32_t position) {
        return reinterpret_cast<ItemPointer>(page + kPageEnd) - (position + 1);
    }
    // Sets the number of entries of a list's page, and its hole.
    void set_count(Page page, std::uint32_t count) const {
        page_tail(page)->count = static_cast<std::uint16_t>(count);
        auto* header = reinterpret_cast<PageHeader>(page);
        header->pd_lower = static_cast<LocationIndex>(kPageStart + count * payload_size_);
        header->pd_upper = static_cast<LocationIndex>(kPageEnd - count * sizeof(ItemPointerData));
    }

    // ---- quantized
    // Also of plain storage, so that code for both can hold one.
    ListCodes codes() const { return {dim_, block_groups_}; }
    std::uint32_t blocks_per_page() const { return blocks_; }
    std::uint32_t wide_per_page() const { return static_cast<std::uint32_t>(kPageCapacity / wide_slot_size_); }
    std::uint32_t wide_pages() const { return wide_pages(blocks_); }
    // Pages of more codes, each with some groups of those that the block has not.
    static constexpr std::uint32_t kGroupsPerPage = kPageCapacity / ListCodes::kGroupSize;
    static constexpr std::uint32_t kMaxMorePages = 8;  // 16,000 dimensions take seven
    std::uint32_t more_pages() const { return more_pages_; }
    BlockNumber* more_page_numbers(Page page) const { return wide_page_numbers(page) + wide_pages(); }
    std::uint32_t first_group(std::uint32_t more) const { return block_groups_ + more * kGroupsPerPage; }
    std::uint32_t group_count(std::uint32_t more) const {
        return std::min(kGroupsPerPage, groups_ - first_group(more));
    }
    static std::byte* piece(Page page) { return reinterpret_cast<std::byte*>(page) + kPageStart; }
    void init_more(Page page, std::uint32_t more, BlockNumber of) const {
        page_tail(page)->next = of;
        const std::size_t size = group_count(more) * ListCodes::kGroupSize;
        std::memset(page + kPageStart, 0, size);
        reinterpret_cast<PageHeader>(page)->pd_lower = static_cast<LocationIndex>(kPageStart + size);
    }
    static BlockNumber* wide_page_numbers(Page page) { return reinterpret_cast<BlockNumber*>(page + kPageStart); }
    std::byte* block(Page page, std::uint32_t number) const {
        return reinterpret_cast<std::byte*>(page) + codes_start(blocks_) + number * block_size_;
    }
    WideSlot* wide_slot(Page page, std::uint32_t position) const {
        return reinterpret_cast<WideSlot*>(page + kPageStart + position * wide_slot_size_);
    }
    // Without entries, after init_page().
    void init_codes(Page page, const ListCodes& codes) const {
        std::fill_n(wide_page_numbers(page), wide_pages() + more_pages_, InvalidBlockNumber);
        for (std::uint32_t b = 0; b < blocks_; ++b) codes.clear(block(page, b));
        reinterpret_cast<PageHeader>(page)->pd_lower = static_cast<LocationIndex>(codes_end(blocks_));
    }
    void init_wide(Page page, BlockNumber of) const {
        page_tail(page)->next = of;
        std::memset(page + kPageStart, 0, wide_per_page() * wide_slot_size_);
        reinterpret_cast<PageHeader>(page)->pd_lower =
            static_cast<LocationIndex>(kPageStart + wide_per_page() * wide_slot_size_);
    }

 private:
    std::uint32_t wide_pages(std::uint32_t blocks) const {
        auto entries = static_cast<std::uint32_t>(blocks * ListCodes::kBlock);
        return (entries + wide_per_page() - 1) / wide_per_page();
    }
    std::size_t codes_start(std::uint32_t blocks) const {
        return kPageStart + MAXALIGN((wide_pages(blocks) + more_pages_) * sizeof(BlockNumber));
    }
    std::size_t codes_end(std::uint32_t blocks) const { return codes_start(blocks) + blocks * block_size_; }

    Storage storage_;
    std::size_t payload_size_;
    std::uint32_t lists_;
    std::size_t dim_;
    std::uint32_t groups_ = 0;
    std::uint32_t block_groups_ = 0;
    std::uint32_t more_pages_ = 0;  // of a list's page
    std::size_t block_size_ = 0;
    std::size_t wide_slot_size_ = sizeof(WideSlot);
    std::uint32_t blocks_ = 0;
};

}  // namespace vectorx::pg::ivfflat
