// The centre of the data, which quantized indexes take off every vector before it is coded: the fewer of a code's bits
// say where the whole data lies, the more say where in it the vector does. It lies rotated on pages of its own, right
// after the meta page; an index that has none yet takes the origin.
#pragma once

#include "pg/hnsw/page.h"
#include "pg/index/indexed_type.h"

namespace vectorx::pg::hnsw {

// How many pages an index keeps for its centre, from block 1 on. Inner products have no centre.
BlockNumber centre_blocks(const MetaPage& meta);

// Adds these pages to an index that has only its meta page.
void add_centre_pages(Relation index, ForkNumber fork, const MetaPage& meta);

// The centre in the current memory context, or nullptr if there is none.
const float* read_centre(Relation index, const MetaPage& meta);

// Sets the centre (dimensions floats, rotated) of an index without nodes; it never changes after that. The caller keeps
// others from inserting.
void write_centre(Relation index, Logging logging, const MetaPage& meta, const float* centre);

// For the first row of an index that was built without any: under L2, data may lie anywhere, and the first vector is
// near the rest if that is far from the origin. Reads the meta page anew.
void centre_on_first(Relation index, const OperatorClass& opclass, Datum value, MetaPage* meta);

}  // namespace vectorx::pg::hnsw
