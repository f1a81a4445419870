// Inserting into the pages of an index.
#pragma once

#include "pg/ivfflat/page.h"

namespace vectorx::pg::ivfflat {

// Adds an entry to a list.
void append_entry(Relation index, const IndexLayout& layout, ListId list, const std::byte* payload, ItemPointer row);

}  // namespace vectorx::pg::ivfflat
