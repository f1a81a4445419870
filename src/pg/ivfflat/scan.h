// What scans of all kinds of storage have in common.
#pragma once

#include <algorithm>
#include <memory_resource>
#include <vector>

#include "pg/index/scan.h"
#include "pg/ivfflat/lists.h"
#include "pg/ivfflat/options.h"

extern "C" {
#include <access/genam.h>
#include <access/relscan.h>
#include <miscadmin.h>
}

namespace vectorx::pg::ivfflat {

RowScan* make_quantized_scan(IndexScanDesc scan, const MetaPage& meta, const OperatorClass& opclass,
                             MemoryContext context);

// Lists in the order of their distances from the query.
class ListQueue {
 public:
    explicit ListQueue(ContextMemory* memory) : lists_(memory) {}

    template <typename Codec>
    void start(Relation index, const IndexLayout& layout, std::uint32_t lists, const Codec& codec,
               const std::byte* query) {
        together_ = std::min(static_cast<std::uint32_t>(probes), lists);
        auto most = static_cast<std::uint32_t>(iterative_scan == kIterativeOff ? probes : std::max(probes, max_probes));
        left_ = std::min(most, lists);
        lists_.clear();
        lists_.reserve(lists);
        visit_centroids(index, layout, lists, codec, query, [&](ListId list, float distance) {
            lists_.push_back({distance, list});
        });
        std::make_heap(lists_.begin(), lists_.end());
    }

    // How many lists are to be read together next; 0 when all that may be read have been.
    std::uint32_t batch() const { return std::min(together_, left_); }

    ListId pop() {
        std::pop_heap(lists_.begin(), lists_.end());
        ListId list = lists_.back().id;
        lists_.pop_back();
        --left_;
        return list;
    }

 private:
    struct List {
        float distance;
        ListId id;

        // The nearest first in a heap.
        friend bool operator<(const List& a, const List& b) {
            return a.distance > b.distance || (a.distance == b.distance && a.id > b.id);
        }
    };

    std::pmr::vector<List> lists_;  // not read yet, as a heap
    std::uint32_t together_ = 0;
    std::uint32_t left_ = 0;
};

// Calls read(page, next) for each page of a list, under its share lock; `next` is the page that follows, pinned but not
// locked, or nullptr. A page is locked before the one ahead of it is given up: so no page can be taken out of the chain
// and used for another list between reading where it is and reading it.
template <typename Read>
void read_list(Relation index, const IndexLayout& layout, ListId list, Read read) {
    Buffer buffer = read_page(index, read_list_entry(index, layout, list).first, BUFFER_LOCK_SHARE, PageKind::kList);
    for (;;) {
        Page page = BufferGetPage(buffer);
        if (page_tail(page)->list != list || page_tail(page)->count > layout.entries_per_page())
            report_unexpected_page(index, BufferGetBlockNumber(buffer));
        const BlockNumber next = page_tail(page)->next;
        Buffer following = InvalidBuffer;
        if (next != InvalidBlockNumber) following = ReadBuffer(index, next);
        read(page, following == InvalidBuffer ? nullptr : BufferGetPage(following));
        if (following == InvalidBuffer) break;
        lock_page(index, following, BUFFER_LOCK_SHARE, PageKind::kList);
        UnlockReleaseBuffer(buffer);
        buffer = following;
        // The query is over, so it does not matter that the lock goes first.
        if (QueryCancelPending || ProcDiePending) {
            UnlockReleaseBuffer(buffer);
            CHECK_FOR_INTERRUPTS();
            elog(ERROR, "ivfflat scan went on after it was cancelled");
        }
    }
    UnlockReleaseBuffer(buffer);
}

}  // namespace vectorx::pg::ivfflat
