// Which lists are near.
#pragma once

#include "pg/ivfflat/codec.h"
#include "pg/ivfflat/page.h"

namespace vectorx::pg::ivfflat {

// Calls visit(list, distance) for each list, with the distance of its centroid. Pages of centroids never change, so a
// pin is all that reading them takes.
template <typename Codec, typename Visit>
void visit_centroids(Relation index, const IndexLayout& layout, std::uint32_t lists, const Codec& codec,
                     const std::byte* query, Visit visit) {
    const std::uint32_t per_page = layout.centroids_per_page();
    // A page has room for no more payloads, as one is at least a byte long.
    float distances[kPageCapacity];
    for (ListId first = 0; first < lists; first += per_page) {
        Buffer buffer = ReadBuffer(index, layout.centroid_block(first));
        Page page = BufferGetPage(buffer);
        const std::uint32_t count = std::min(per_page, lists - first);
        if (PageIsNew(page) || page_tail(page)->kind != PageKind::kCentroids || page_tail(page)->count != count)
            report_unexpected_page(index, layout.centroid_block(first));
        distances_to_rows(codec, query, layout.payload(page, 0), count, distances);
        ReleaseBuffer(buffer);
        for (std::uint32_t i = 0; i < count; ++i) visit(first + i, distances[i]);
    }
}

}  // namespace vectorx::pg::ivfflat
