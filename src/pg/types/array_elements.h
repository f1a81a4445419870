// SQL arrays as the source and target of casts: what the vector types share.
#pragma once

#include "pg/postgres.h"
#include "vectorx/vector_type.h"

extern "C" {
#include <utils/array.h>
}

namespace vectorx::pg {

struct ArrayFloats {
    const float* x;
    int dim;
};

// The elements of an array that can become a value of `type` with that typmod, rounded to float, in the array itself or
// in the current memory context. Reports what is wrong: more than one dimension, nulls, a length that is not
// permitted, an element type that is not integer, real, double precision or numeric ("unsupported array type"), a
// numeric beyond float or the type's element. Whether they are finite is not checked.
ArrayFloats array_floats(const VectorType& type, ArrayType* array, int32 typmod);

// A new real[] for `dim` elements in the current memory context, and where they go; dim >= 1.
ArrayType* new_float_array(int dim, float** elements);

}  // namespace vectorx::pg
