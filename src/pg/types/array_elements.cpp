#include "pg/types/array_elements.h"

#include <cmath>

#include "pg/compat.h"
#include "pg/types/value.h"
#include "vectorx/elementwise.h"

extern "C" {
#include <catalog/pg_type.h>
#include <utils/fmgrprotos.h>
}

namespace vectorx::pg {
namespace {

// The first number that is out of range is reported, whether it is so for real or for the type.
void numerics_to_floats(const VectorType& type, ArrayType* array, int dim, float* out) {
    Datum* elements;
    int count;
    deconstruct_array(array, NUMERICOID, -1, false, TYPALIGN_INT, &elements, nullptr, &count);
    Assert(count == dim);
    for (int i = 0; i < dim; ++i) {
        out[i] = DatumGetFloat4(DirectFunctionCall1(numeric_float4, elements[i]));
        if (std::fabs(out[i]) >= type.overflows_at && !std::isinf(out[i])) report_out_of_range(type, out[i]);
    }
    pfree(elements);
}

}  // namespace

ArrayFloats array_floats(const VectorType& type, ArrayType* array, int32 typmod) {
    if (ARR_NDIM(array) > 1) ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION), errmsg("array must be 1-D")));
    if (ARR_HASNULL(array) && array_contains_nulls(array)) {
        ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("array must not contain nulls")));
    }
    int dim = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
    check_dimensions(type, dim);
    check_expected_dimensions(typmod, dim);

    // Without nulls the elements of a fixed-length type lie one after the other.
    const char* data = ARR_DATA_PTR(array);
    if (ARR_ELEMTYPE(array) == FLOAT4OID) return {reinterpret_cast<const float4*>(data), dim};

    const auto count = static_cast<std::size_t>(dim);
    auto* floats = static_cast<float*>(MemoryContextAllocHuge(CurrentMemoryContext, count * sizeof(float)));
    switch (ARR_ELEMTYPE(array)) {
        case INT4OID:
            convert(reinterpret_cast<const int32*>(data), count, floats);
            break;
        case FLOAT8OID:
            convert(reinterpret_cast<const float8*>(data), count, floats);
            break;
        case NUMERICOID:
            numerics_to_floats(type, array, dim, floats);
            break;
        default:
            ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION), errmsg("unsupported array type")));
    }
    return {floats, dim};
}

ArrayType* new_float_array(int dim, float** elements) {
    const std::size_t bytes = ARR_OVERHEAD_NONULLS(1) + static_cast<std::size_t>(dim) * sizeof(float4);
    auto* array = static_cast<ArrayType*>(palloc0(bytes));
    SET_VARSIZE(array, bytes);
    array->ndim = 1;
    array->dataoffset = 0;  // no null bitmap
    array->elemtype = FLOAT4OID;
    ARR_DIMS(array)[0] = dim;
    ARR_LBOUND(array)[0] = 1;
    *elements = reinterpret_cast<float*>(ARR_DATA_PTR(array));
    return array;
}

}  // namespace vectorx::pg
