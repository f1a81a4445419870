// Checks that the dense vector types share. Each one reports its error by ereport.
#pragma once

#include "pg/postgres.h"
#include "vectorx/dense_type.h"

extern "C" {
#include <utils/array.h>
}

namespace vectorx::pg {

// "<type> must have at least 1 dimension", "<type> cannot have more than N dimensions".
void check_dimensions(const DenseType& type, int dim);

// "expected N dimensions, not M", unless typmod is -1.
void check_expected_dimensions(int32 typmod, int dim);

// "different <type> dimensions N and M".
void check_same_dimensions(const DenseType& type, int dim_a, int dim_b);

// The type modifier of "<type>(N)".
int32 typmod_from_array(const DenseType& type, ArrayType* modifiers);

}  // namespace vectorx::pg
