#include "pg/types/typmod.h"

namespace vectorx::pg {

int32 typmod_from_array(const VectorType& type, ArrayType* modifiers) {
    int count;
    const int32* values = ArrayGetIntegerTypmods(modifiers, &count);
    if (count != 1) ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("invalid type modifier")));
    if (values[0] < 1) {
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("dimensions for type %s must be at least 1", type.name)));
    }
    if (values[0] > type.max_dim) {
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("dimensions for type %s cannot exceed %d", type.name, type.max_dim)));
    }
    return values[0];
}

}  // namespace vectorx::pg
