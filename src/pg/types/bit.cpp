// Distances of PostgreSQL's own type `bit`.
#include <cstring>

#include "pg/boundary.h"
#include "pg/compat.h"
#include "vectorx/kernels.h"

extern "C" {
#include <utils/varbit.h>
}

using namespace vectorx;
using namespace vectorx::pg;

namespace {

// A value as it lies in a tuple: a short one has a short header there and is not aligned, and is not worth a copy.
struct Bits {
    const std::uint8_t* bytes;
    std::size_t size;
    int32 length;

    explicit Bits(Datum datum) {
        varlena* value = PG_DETOAST_DATUM_PACKED(datum);
        std::memcpy(&length, VARDATA_ANY(value), sizeof(length));
        bytes = reinterpret_cast<const std::uint8_t*>(VARDATA_ANY(value)) + sizeof(length);
        size = VARSIZE_ANY_EXHDR(value) - sizeof(length);
    }
};

// Of both arguments, which must have the same length. PostgreSQL keeps the unused bits of the last byte 0.
template <typename Result>
Result apply(DistanceKernel<std::uint8_t, Result> kernel, FunctionCallInfo fcinfo) {
    const Bits a(PG_GETARG_DATUM(0));
    const Bits b(PG_GETARG_DATUM(1));
    if (a.length != b.length) {
        ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION),
                        errmsg("different bit lengths %u and %u", static_cast<unsigned>(a.length),
                               static_cast<unsigned>(b.length))));
    }
    return kernel(a.bytes, b.bytes, a.size);
}

}  // namespace

VECTORX_FUNCTION(hamming_distance) { PG_RETURN_FLOAT8(static_cast<double>(apply(kernels().hamming, fcinfo))); }

// 1 - |a and b| / |a or b|; 1 if no bit is common, also where none is set at all.
VECTORX_FUNCTION(jaccard_distance) {
    const JaccardSums sums = apply(kernels().jaccard, fcinfo);
    PG_RETURN_FLOAT8(
        sums.and_count == 0 ? 1.0 : 1.0 - static_cast<double>(sums.and_count) / static_cast<double>(sums.or_count));
}
