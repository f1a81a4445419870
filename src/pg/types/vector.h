// The SQL type `vector`: single-precision elements.
#pragma once

#include "pg/types/dense.h"

namespace vectorx::pg {

using Vector = Dense<float>;

inline Vector* vector_from_datum(Datum datum) { return dense_from_datum<float>(datum); }

}  // namespace vectorx::pg
