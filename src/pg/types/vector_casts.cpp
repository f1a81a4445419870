// Casts between `vector` and arrays, and to a `vector` of another type modifier.
#include "pg/boundary.h"
#include "pg/types/array_elements.h"
#include "pg/types/vector.h"
#include "vectorx/elementwise.h"

using namespace vectorx;
using namespace vectorx::pg;

VECTORX_FUNCTION(vector) {
    Vector* v = vector_argument(fcinfo, 0);
    check_expected_dimensions(PG_GETARG_INT32(1), v->dim);
    PG_RETURN_POINTER(v);
}

VECTORX_FUNCTION(array_to_vector) {
    ArrayType* array = PG_GETARG_ARRAYTYPE_P(0);
    int dim = array_dimensions(kVectorType, array, PG_GETARG_INT32(1));
    Vector* result = new_vector(dim);
    array_to_floats(array, dim, result->x);
    check_finite(result->x, result->size(), kVectorType.name);
    PG_RETURN_POINTER(result);
}

VECTORX_FUNCTION(vector_to_float4) {
    const Vector* v = vector_argument(fcinfo, 0);
    PG_RETURN_POINTER(array_from_floats(v->x, v->dim));
}
