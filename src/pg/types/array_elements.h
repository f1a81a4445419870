// SQL arrays as the source and target of casts: what the dense vector types share.
#pragma once

#include "pg/postgres.h"
#include "pg/types/dense_type.h"

extern "C" {
#include <utils/array.h>
}

namespace vectorx::pg {

// How many elements `array` has, after checking that a value of `type` with that typmod can be made of them: one
// dimension, no nulls, a permitted length. Reports what is wrong otherwise.
int array_dimensions(const DenseType& type, ArrayType* array, int32 typmod);

// Writes the elements of an array that array_dimensions has accepted to `out`, rounded to float. The element type is
// integer, real, double precision or numeric; reports "unsupported array type" for others. Not checked for being
// finite.
void array_to_floats(ArrayType* array, int dim, float* out);

// A new real[] in the current memory context; dim >= 1.
ArrayType* array_from_floats(const float* x, int dim);

}  // namespace vectorx::pg
