#include "pg/index/edit.h"

extern "C" {
#include <storage/lmgr.h>
}

namespace vectorx::pg {

void PageEdit::finish() {
    if (state_ != nullptr) {
        GenericXLogFinish(state_);
        return;
    }
    for (int i = 0; i < count_; ++i) MarkBufferDirty(buffers_[i]);
}

Buffer extend(Relation index, ForkNumber fork) {
    bool shared = !RELATION_IS_LOCAL(index);
    if (shared) LockRelationForExtension(index, ExclusiveLock);
    Buffer buffer = ReadBufferExtended(index, fork, P_NEW, RBM_NORMAL, nullptr);
    LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
    if (shared) UnlockRelationForExtension(index, ExclusiveLock);
    return buffer;
}

}  // namespace vectorx::pg
