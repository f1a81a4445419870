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
        const std::uint32_t on_page = std::min(per_page, layout.centroid_rows() - first);
        const std::uint32_t count = std::min(on_page, lists - first);
        if (PageIsNew(page) || page_tail(page)->kind != PageKind::kCentroids || page_tail(page)->count != on_page)
            report_unexpected_page(index, layout.centroid_block(first));
        distances_to_rows(codec, query, layout.centroid(page, first), count, distances);
        ReleaseBuffer(buffer);
        for (std::uint32_t i = 0; i < count; ++i) visit(first + i, distances[i]);
    }
}

// Copies a centroid of an index with quantized storage; that with the number `lists` is the origin.
inline void read_centroid(Relation index, const IndexLayout& layout, ListId list, float* out) {
    Buffer buffer = ReadBuffer(index, layout.centroid_block(list));
    Page page = BufferGetPage(buffer);
    if (PageIsNew(page) || page_tail(page)->kind != PageKind::kCentroids)
        report_unexpected_page(index, layout.centroid_block(list));
    std::memcpy(out, layout.centroid(page, list), layout.payload_size());
    ReleaseBuffer(buffer);
}

// How distances to centroids are computed where storage is quantized.
inline DenseCodec<float> centroid_codec(const OperatorClass& opclass, std::size_t dim) {
    return {opclass.metric == Metric::kInnerProduct ? Metric::kInnerProduct : Metric::kL2, dim};
}

}  // namespace vectorx::pg::ivfflat
