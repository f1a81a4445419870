// The SQL type `halfvec`: half-precision elements (IEEE 754 binary16).
#pragma once

#include "pg/types/dense.h"

namespace vectorx::pg {

using Halfvec = Dense<Half>;

inline Halfvec* halfvec_from_datum(Datum datum) { return dense_from_datum<Half>(datum); }

}  // namespace vectorx::pg
