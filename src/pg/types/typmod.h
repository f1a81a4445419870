// The type modifier of the vector types, "<type>(N)".
#pragma once

#include "pg/postgres.h"
#include "vectorx/vector_type.h"

extern "C" {
#include <utils/array.h>
}

namespace vectorx::pg {

// Reports what is wrong with the modifier by ereport.
int32 typmod_from_array(const VectorType& type, ArrayType* modifiers);

}  // namespace vectorx::pg
