#include "pg/types/array_elements.h"

#include <cstring>

#include "pg/compat.h"
#include "vectorx/elementwise.h"

extern "C" {
#include <catalog/pg_type.h>
#include <utils/fmgrprotos.h>
}

namespace vectorx::pg {
namespace {

void numerics_to_floats(ArrayType* array, int dim, float* out) {
    Datum* elements;
    int count;
    deconstruct_array(array, NUMERICOID, -1, false, TYPALIGN_INT, &elements, nullptr, &count);
    Assert(count == dim);
    for (int i = 0; i < dim; ++i) out[i] = DatumGetFloat4(DirectFunctionCall1(numeric_float4, elements[i]));
    pfree(elements);
}

}  // namespace

int array_dimensions(const DenseType& type, ArrayType* array, int32 typmod) {
    if (ARR_NDIM(array) > 1) ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION), errmsg("array must be 1-D")));
    if (ARR_HASNULL(array) && array_contains_nulls(array)) {
        ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("array must not contain nulls")));
    }
    int dim = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
    check_dimensions(type, dim);
    check_expected_dimensions(typmod, dim);
    return dim;
}

void array_to_floats(ArrayType* array, int dim, float* out) {
    // Without nulls the elements of a fixed-length type lie one after the other.
    const char* data = ARR_DATA_PTR(array);
    auto count = static_cast<std::size_t>(dim);
    switch (ARR_ELEMTYPE(array)) {
        case INT4OID:
            convert(reinterpret_cast<const int32*>(data), count, out);
            break;
        case FLOAT4OID:
            std::memcpy(out, data, count * sizeof(float4));
            break;
        case FLOAT8OID:
            convert(reinterpret_cast<const float8*>(data), count, out);
            break;
        case NUMERICOID:
            numerics_to_floats(array, dim, out);
            break;
        default:
            ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION), errmsg("unsupported array type")));
    }
}

ArrayType* array_from_floats(const float* x, int dim) {
    std::size_t data_bytes = static_cast<std::size_t>(dim) * sizeof(float4);
    std::size_t bytes = ARR_OVERHEAD_NONULLS(1) + data_bytes;
    auto* array = static_cast<ArrayType*>(palloc0(bytes));
    SET_VARSIZE(array, bytes);
    array->ndim = 1;
    array->dataoffset = 0;  // no null bitmap
    array->elemtype = FLOAT4OID;
    ARR_DIMS(array)[0] = dim;
    ARR_LBOUND(array)[0] = 1;
    std::memcpy(ARR_DATA_PTR(array), x, data_bytes);
    return array;
}

}  // namespace vectorx::pg
