// Changing the pages of an index, with WAL or without.
#pragma once

#include "pg/compat.h"

extern "C" {
#include <access/generic_xlog.h>
#include <storage/bufmgr.h>
#include <utils/rel.h>
}

namespace vectorx::pg {

// How changes reach the WAL.
enum class Logging {
    kEachChange,
    kAtEnd,  // while an index is built: its pages are logged once, when the build is through
};

// One atomic change of up to four pages. The buffers are pinned and exclusively locked by the caller, who unlocks them
// after finish(). Nothing is left behind when an error comes in between.
class PageEdit {
 public:
    PageEdit(Relation index, Logging logging)
        : state_(logging == Logging::kEachChange ? GenericXLogStart(index) : nullptr) {}

    // The page image to change; it takes effect with finish().
    Page page(Buffer buffer) { return image(buffer, 0); }

    // The same for a page that the caller writes from scratch, beginning with PageInit().
    Page new_page(Buffer buffer) { return image(buffer, GENERIC_XLOG_FULL_IMAGE); }

    void finish();

 private:
    Page image(Buffer buffer, int flags) {
#ifdef VECTORX_RACE_POINTS
        if (!buffer_is_locked_exclusively(buffer)) elog(ERROR, "a page is changed that is not locked exclusively");
#endif
        if (state_ != nullptr) return GenericXLogRegisterBuffer(state_, buffer, flags);
        buffers_[count_++] = buffer;
        return BufferGetPage(buffer);
    }

    GenericXLogState* state_;
    Buffer buffers_[MAX_GENERIC_XLOG_PAGES] = {};
    int count_ = 0;
};

// Adds a page without content at the end and returns it pinned and exclusively locked.
Buffer extend(Relation index, ForkNumber fork);

}  // namespace vectorx::pg
