// Parallel workers of CREATE INDEX.
#pragma once

#include <cstddef>

#include "pg/postgres.h"

extern "C" {
#include <utils/rel.h>
}

namespace vectorx::pg {

// Building costs so much more than scanning that the table's size, by which PostgreSQL would reckon, is no guide: where
// it allows workers at all, as many as the settings allow.
int build_worker_count(Relation heap, Relation index);

// Whether dynamic shared memory of this size is likely to be had. In containers /dev/shm mostly has 64 MB.
bool shared_memory_has_room(std::size_t bytes);

}  // namespace vectorx::pg
