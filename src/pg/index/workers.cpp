#include "pg/index/workers.h"

extern "C" {
#include <optimizer/optimizer.h>
#include <optimizer/planner.h>
}

namespace vectorx::pg {

int build_worker_count(Relation heap, Relation index) {
    if (plan_create_index_workers(RelationGetRelid(heap), RelationGetRelid(index)) == 0) return 0;
    int wanted = RelationGetParallelWorkers(heap, -1);
    return wanted == -1 ? max_parallel_maintenance_workers : Min(wanted, max_parallel_maintenance_workers);
}

}  // namespace vectorx::pg
