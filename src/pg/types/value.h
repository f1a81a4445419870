// What the types have in common as variable-length values.
#pragma once

#include <cmath>

#include "pg/compat.h"
#include "pg/postgres.h"
#include "vectorx/kernels.h"
#include "vectorx/vector_type.h"
#include "vectorx/wire.h"

extern "C" {
#include <common/shortest_dec.h>
#include <libpq/pqformat.h>
}

namespace vectorx::pg {

// Room for a value of this many bytes in the current memory context, with its length set.
template <typename Value>
Value* allocate_value(std::size_t bytes) {
    auto* value = static_cast<Value*>(palloc(bytes));
    SET_VARSIZE(value, bytes);
    return value;
}

[[noreturn]] inline void report_corrupt_length(const VectorType& type) {
    ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED), errmsg("invalid length of a %s", type.name)));
    pg_unreachable();
}

// For a number that becomes infinite as an element.
[[noreturn]] inline void report_out_of_range(const VectorType& type, float x) {
    char number[FLOAT_SHORTEST_DECIMAL_LEN];
    float_to_shortest_decimal_buf(x, number);
    ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
                    errmsg("\"%s\" is out of range for type %s", number, type.name)));
    pg_unreachable();
}

// Frees an argument if detoasting has copied it. For functions that are called many times in one memory context: a
// B-tree comparison while sorting, output.
inline void free_if_copy(FunctionCallInfo fcinfo, int argument, const void* value) {
    if (PointerGetDatum(value) != PG_GETARG_DATUM(argument)) pfree(const_cast<void*>(value));
}

// What a receive function has not read yet of its message; finish_reading tells the message how far it got.
inline WireReader start_reading(StringInfo message) {
    return {reinterpret_cast<const unsigned char*>(message->data) + message->cursor,
            static_cast<std::size_t>(message->len - message->cursor)};
}

inline void finish_reading(StringInfo message, const WireReader& reader) {
    message->cursor += static_cast<int>(reader.position());
}

// Room for `bytes` more at the end of the message.
inline unsigned char* append_bytes(StringInfo message, std::size_t bytes) {
    enlargeStringInfo(message, static_cast<int>(bytes));
    auto* appended = reinterpret_cast<unsigned char*>(message->data + message->len);
    message->len += static_cast<int>(bytes);
    return appended;
}

// Rounding can push a cosine out of [-1, 1]. NaN, which a zero vector gives, stays NaN.
inline double clamp_cosine(double cosine) { return cosine > 1 ? 1 : (cosine < -1 ? -1 : cosine); }

// One root of the product rather than a product of roots: fewer roundings, and equal vectors give exactly 0.
inline double cosine_distance_of(const CosineSums& sums) {
    double norms = std::sqrt(static_cast<double>(sums.norm_squared_a) * static_cast<double>(sums.norm_squared_b));
    return 1.0 - clamp_cosine(static_cast<double>(sums.inner_product) / norms);
}

}  // namespace vectorx::pg
