// Inserting into the pages of an index.
#pragma once

#include "pg/ivfflat/page.h"

namespace vectorx::pg::ivfflat {

// Adds an entry to a list of plain storage.
void append_entry(Relation index, const IndexLayout& layout, ListId list, const std::byte* payload, ItemPointer row);

// Adds an entry (of ListCodes) to a list of quantized storage.
void append_code(Relation index, const IndexLayout& layout, const ListCodes& codes, ListId list, const std::byte* entry,
                 ItemPointer row);

}  // namespace vectorx::pg::ivfflat
