#include "pg/hnsw/optimistic_reader.h"

#include <algorithm>
#include <bit>

extern "C" {
#include <utils/memutils.h>
}

namespace vectorx::pg::hnsw {
namespace {

// Of this backend, for all indexes: which buffer was seen with a block. Whether it still is, its tag says.
Buffer* table = nullptr;
std::size_t table_mask = 0;

constexpr std::size_t kMaxEntries = std::size_t{1} << 18;  // 1 MB

void create_table() {
    std::size_t entries = std::bit_ceil(std::clamp(static_cast<std::size_t>(NBuffers), std::size_t{1}, kMaxEntries));
    table = static_cast<Buffer*>(MemoryContextAllocZero(TopMemoryContext, entries * sizeof(Buffer)));
    table_mask = entries - 1;
}

}  // namespace

OptimisticReader::OptimisticReader(Relation index) : index_(index), buffers_(nullptr), mask_(0), offset_(0) {
    if (RelationUsesLocalBuffers(index)) return;
    if (table == nullptr) create_table();
    buffers_ = table;
    mask_ = table_mask;
    offset_ = RelationGetRelid(index) * std::size_t{0x9E3779B1U};
}

}  // namespace vectorx::pg::hnsw
