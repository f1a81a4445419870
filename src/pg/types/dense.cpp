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
    if (overflow != dim) report_out_of_range(kHalfvecType, x[overflow]);
}

}  // namespace vectorx::pg
