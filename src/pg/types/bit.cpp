// Distances of PostgreSQL's own type `bit`.
#include "pg/boundary.h"
#include "pg/compat.h"
#include "vectorx/kernels.h"

extern "C" {
#include <utils/varbit.h>
}

using namespace vectorx;
using namespace vectorx::pg;

namespace {

// Both arguments, which must have the same length. PostgreSQL keeps the unused bits of the last byte 0.
struct Operands {
    const VarBit* a;
    const VarBit* b;

    explicit Operands(FunctionCallInfo fcinfo) : a(PG_GETARG_VARBIT_P(0)), b(PG_GETARG_VARBIT_P(1)) {
        if (VARBITLEN(a) != VARBITLEN(b)) {
            ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION),
                            errmsg("different bit lengths %u and %u", static_cast<unsigned>(VARBITLEN(a)),
                                   static_cast<unsigned>(VARBITLEN(b)))));
        }
    }

    template <typename Result>
    Result apply(DistanceKernel<std::uint8_t, Result> kernel) const {
        return kernel(VARBITS(a), VARBITS(b), static_cast<std::size_t>(VARBITBYTES(a)));
    }
};

}  // namespace

VECTORX_FUNCTION(hamming_distance) { PG_RETURN_FLOAT8(static_cast<double>(Operands(fcinfo).apply(kernels().hamming))); }

// 1 - |a and b| / |a or b|; 1 if no bit is common, also where none is set at all.
VECTORX_FUNCTION(jaccard_distance) {
    const JaccardSums sums = Operands(fcinfo).apply(kernels().jaccard);
    PG_RETURN_FLOAT8(
        sums.and_count == 0 ? 1.0 : 1.0 - static_cast<double>(sums.and_count) / static_cast<double>(sums.or_count));
}
