#include "pg/hnsw/centre.h"

#include "pg/hnsw/codec.h"
#include "pg/race_point.h"
#include "vectorx/centre.h"
#include "vectorx/rotation.h"

extern "C" {
#include <access/xloginsert.h>
#include <storage/lmgr.h>
}

namespace vectorx::pg::hnsw {
namespace {

constexpr std::size_t kFloatsPerPage = kPageCapacity / sizeof(float);

// Of the `block`-th page.
std::size_t floats_on_page(const MetaPage& meta, BlockNumber block) {
    return std::min(kFloatsPerPage, meta.dimensions - block * kFloatsPerPage);
}

float* floats_of(Page page) { return reinterpret_cast<float*>(PageGetContents(page)); }

}  // namespace

BlockNumber centre_blocks(const MetaPage& meta) {
    if (meta.storage != Storage::kQuantized || static_cast<Metric>(meta.metric) == Metric::kInnerProduct) return 0;
    return static_cast<BlockNumber>((meta.dimensions + kFloatsPerPage - 1) / kFloatsPerPage);
}

void add_centre_pages(Relation index, ForkNumber fork, const MetaPage& meta) {
    for (BlockNumber block = 0; block < centre_blocks(meta); ++block) {
        Buffer buffer = extend(index, fork);
        START_CRIT_SECTION();
        Page page = BufferGetPage(buffer);
        init_page(page, PageKind::kCentre);
        std::size_t size = floats_on_page(meta, block) * sizeof(float);
        std::memset(floats_of(page), 0, size);
        reinterpret_cast<PageHeader>(page)->pd_lower =
            static_cast<LocationIndex>(MAXALIGN(SizeOfPageHeaderData) + size);
        MarkBufferDirty(buffer);
        if (fork == INIT_FORKNUM) log_newpage_buffer(buffer, true);
        END_CRIT_SECTION();
        UnlockReleaseBuffer(buffer);
    }
}

const float* read_centre(Relation index, const MetaPage& meta) {
    if (!meta.has_centre) return nullptr;
    auto* centre = static_cast<float*>(palloc(meta.dimensions * sizeof(float)));
    for (BlockNumber block = 0; block < centre_blocks(meta); ++block) {
        Buffer buffer = read_page(index, kMetaBlock + 1 + block, BUFFER_LOCK_SHARE, PageKind::kCentre);
        std::memcpy(centre + block * kFloatsPerPage, floats_of(BufferGetPage(buffer)),
                    floats_on_page(meta, block) * sizeof(float));
        UnlockReleaseBuffer(buffer);
    }
    return centre;
}

void write_centre(Relation index, Logging logging, const MetaPage& meta, const float* centre) {
    for (BlockNumber block = 0; block < centre_blocks(meta); ++block) {
        Buffer buffer = read_page(index, kMetaBlock + 1 + block, BUFFER_LOCK_EXCLUSIVE, PageKind::kCentre);
        PageEdit edit(index, logging);
        std::memcpy(floats_of(edit.page(buffer)), centre + block * kFloatsPerPage,
                    floats_on_page(meta, block) * sizeof(float));
        edit.finish();
        UnlockReleaseBuffer(buffer);
    }
    // Only now does anybody read it.
    Buffer buffer = read_page(index, kMetaBlock, BUFFER_LOCK_EXCLUSIVE, PageKind::kMeta);
    PageEdit edit(index, logging);
    meta_page(edit.page(buffer))->has_centre = true;
    edit.finish();
    UnlockReleaseBuffer(buffer);
}

void centre_on_first(Relation index, const OperatorClass& opclass, Datum value, MetaPage* meta) {
    if (meta->has_centre || meta->entry_node != kNoNode || opclass.metric != Metric::kL2 || centre_blocks(*meta) == 0)
        return;
    std::size_t dim = meta->dimensions;
    auto* vector = static_cast<float*>(palloc(dim * sizeof(float)));
    auto* spare = static_cast<float*>(palloc(dim * sizeof(float)));
    to_floats(opclass, static_cast<int>(dim), value, false, vector);
    rotate(vector, spare, dim);
    if (!all_finite(vector, dim)) return;
    race_point("centre_computed");
    LockPage(index, kMetaBlock, ExclusiveLock);
    *meta = read_meta(index);
    if (!meta->has_centre && meta->entry_node == kNoNode) {
        write_centre(index, Logging::kEachChange, *meta, vector);
        *meta = read_meta(index);
    }
    UnlockPage(index, kMetaBlock, ExclusiveLock);
}

}  // namespace vectorx::pg::hnsw
