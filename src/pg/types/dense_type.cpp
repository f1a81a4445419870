#include "pg/types/dense_type.h"

namespace vectorx::pg {

void check_dimensions(const DenseType& type, int dim) {
    if (dim < 1) {
        ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION), errmsg("%s must have at least 1 dimension", type.name)));
    }
    if (dim > static_cast<int>(type.max_dim)) {
        ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                        errmsg("%s cannot have more than %d dimensions", type.name, static_cast<int>(type.max_dim))));
    }
}

void check_expected_dimensions(int32 typmod, int dim) {
    if (typmod != -1 && typmod != dim) {
        ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION), errmsg("expected %d dimensions, not %d", typmod, dim)));
    }
}

void check_same_dimensions(const DenseType& type, int dim_a, int dim_b) {
    if (dim_a != dim_b) {
        ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION),
                        errmsg("different %s dimensions %d and %d", type.name, dim_a, dim_b)));
    }
}

int32 typmod_from_array(const DenseType& type, ArrayType* modifiers) {
    int count;
    const int32* values = ArrayGetIntegerTypmods(modifiers, &count);
    if (count != 1) ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("invalid type modifier")));
    if (values[0] < 1) {
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("dimensions for type %s must be at least 1", type.name)));
    }
    if (values[0] > static_cast<int>(type.max_dim)) {
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("dimensions for type %s cannot exceed %d", type.name, static_cast<int>(type.max_dim))));
    }
    return values[0];
}

}  // namespace vectorx::pg
