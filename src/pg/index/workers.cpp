#include "pg/index/workers.h"

#include <sys/statvfs.h>

extern "C" {
#include <optimizer/optimizer.h>
#include <optimizer/planner.h>
#include <storage/dsm_impl.h>
}

namespace vectorx::pg {

int build_worker_count(Relation heap, Relation index) {
    if (plan_create_index_workers(RelationGetRelid(heap), RelationGetRelid(index)) == 0) return 0;
    int wanted = RelationGetParallelWorkers(heap, -1);
    return wanted == -1 ? max_parallel_maintenance_workers : Min(wanted, max_parallel_maintenance_workers);
}

bool shared_memory_has_room(std::size_t bytes) {
    // Other kinds are not in a file system that is smaller than memory. What PostgreSQL has set aside itself is not
    // either.
    if (dynamic_shared_memory_type != DSM_IMPL_POSIX) return true;
    if (bytes < static_cast<std::size_t>(min_dynamic_shared_memory) * 1024 * 1024) return true;
    struct statvfs room;
    if (statvfs("/dev/shm", &room) != 0) return true;
    // Queries beside want some too.
    constexpr std::size_t kOthers = 4 * 1024 * 1024;
    return bytes + kOthers <= static_cast<std::size_t>(room.f_bavail) * room.f_frsize;
}

}  // namespace vectorx::pg
