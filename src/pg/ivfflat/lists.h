// Which lists are near.
#pragma once

#include "pg/ivfflat/codec.h"
#include "pg/ivfflat/page.h"

extern "C" {
#include <miscadmin.h>
}

namespace vectorx::pg::ivfflat {

// Copies a centroid; where storage is quantized, that with the number `lists` is the origin.
inline void read_centroid(Relation index, const IndexLayout& layout, ListId list, void* out) {
    auto* to = static_cast<std::byte*>(out);
    std::size_t left = layout.payload_size();
    for (BlockNumber block = layout.centroid_block(list); left > 0; ++block) {
        CHECK_FOR_INTERRUPTS();
        Buffer buffer = ReadBuffer(index, block);
        Page page = BufferGetPage(buffer);
        if (PageIsNew(page) || page_tail(page)->kind != PageKind::kCentroids) report_unexpected_page(index, block);
        const std::size_t size = std::min(left, kPageCapacity);
        std::memcpy(to, layout.centroid(page, list), size);
        ReleaseBuffer(buffer);
        to += size;
        left -= size;
    }
}

// Calls visit(list, distance) for each list, with the distance of its centroid. Pages of centroids never change, so a
// pin is all that reading them takes.
template <typename Codec, typename Visit>
void visit_centroids(Relation index, const IndexLayout& layout, std::uint32_t lists, const Codec& codec,
                     const std::byte* query, Visit visit) {
    if (layout.pages_per_centroid() > 1) {
        auto* row = static_cast<std::byte*>(palloc(layout.payload_size()));
        for (ListId list = 0; list < lists; ++list) {
            read_centroid(index, layout, list, row);
            const std::byte* pointer = row;
            float distance;
            codec.distances(query, &pointer, 1, &distance);
            visit(list, distance);
        }
        pfree(row);
        return;
    }
    const std::uint32_t per_page = layout.centroids_per_page();
    // A page has room for no more payloads, as one is at least a byte long.
    float distances[kPageCapacity];
    for (ListId first = 0; first < lists; first += per_page) {
        Buffer buffer = ReadBuffer(index, layout.centroid_block(first));
        Page page = BufferGetPage(buffer);
        const std::uint32_t on_page = std::min(per_page, layout.centroid_rows() - first);
        const std::uint32_t count = std::min(on_page, lists - first);
        if (PageIsNew(page) || page_tail(page)->kind != PageKind::kCentroids || page_tail(page)->count != on_page)
            report_unexpected_page(index, layout.centroid_block(first));
        distances_to_rows(codec, query, layout.centroid(page, first), count, distances);
        ReleaseBuffer(buffer);
        for (std::uint32_t i = 0; i < count; ++i) visit(first + i, distances[i]);
    }
}

// How distances to centroids are computed where storage is quantized.
inline DenseCodec<float> centroid_codec(const OperatorClass& opclass, std::size_t dim) {
    return {opclass.metric == Metric::kInnerProduct ? Metric::kInnerProduct : Metric::kL2, dim};
}

}  // namespace vectorx::pg::ivfflat
