#include "pg/types/dense.h"

#include "vectorx/elementwise.h"

namespace vectorx::pg {

void store_checked(const float* x, std::size_t dim, float* out, FirstError) {
    store(x, dim, out);
    check_finite(out, dim, kVectorType.name);
}

void store_checked(const float* x, std::size_t dim, Half* out, FirstError first) {
    store(x, dim, out);
    const std::size_t overflow = first_overflow(x, out, dim);
    if (overflow == dim || first == FirstError::kOfElements) check_finite(out, overflow, kHalfvecType.name);
    if (overflow == dim) return;
    char number[FLOAT_SHORTEST_DECIMAL_LEN];
    float_to_shortest_decimal_buf(x[overflow], number);
    ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
                    errmsg("\"%s\" is out of range for type %s", number, kHalfvecType.name)));
}

}  // namespace vectorx::pg
