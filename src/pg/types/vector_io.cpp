// Text and binary input and output of `vector`, and its type modifier.
#include <cstring>

#include "pg/boundary.h"
#include "pg/types/vector.h"
#include "vectorx/elementwise.h"
#include "vectorx/text.h"

extern "C" {
#include <common/shortest_dec.h>
#include <libpq/pqformat.h>
}

using namespace vectorx;
using namespace vectorx::pg;

namespace vectorx::pg {

Vector* new_vector(int dim) {
    std::size_t bytes = vector_bytes(static_cast<std::size_t>(dim));
    auto* v = static_cast<Vector*>(palloc(bytes));
    SET_VARSIZE(v, bytes);
    v->dim = static_cast<int16>(dim);
    v->unused = 0;
    return v;
}

Vector* vector_from_datum(Datum datum) {
    auto* v = reinterpret_cast<Vector*>(PG_DETOAST_DATUM(datum));
    if (VARSIZE(v) < offsetof(Vector, x) || v->dim < 1 || VARSIZE(v) != vector_bytes(v->size())) [[unlikely]] {
        ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED), errmsg("invalid length of a vector")));
    }
    return v;
}

}  // namespace vectorx::pg

VECTORX_FUNCTION(vector_in) {
    const char* text = PG_GETARG_CSTRING(0);
    int32 typmod = PG_GETARG_INT32(2);

    // On the stack, since the dimension is known only at the end.
    float elements[kVectorType.max_dim];
    std::size_t dim = parse_dense(text, kVectorType, elements);
    check_expected_dimensions(typmod, static_cast<int>(dim));

    Vector* result = new_vector(static_cast<int>(dim));
    std::memcpy(result->x, elements, dim * sizeof(float));
    PG_RETURN_POINTER(result);
}

VECTORX_FUNCTION(vector_out) {
    Vector* v = vector_argument(fcinfo, 0);
    std::size_t dim = v->size();

    // An element takes at most FLOAT_SHORTEST_DECIMAL_LEN - 1 bytes, and one comma or closing bracket follows it.
    auto* text = static_cast<char*>(palloc(1 + dim * FLOAT_SHORTEST_DECIMAL_LEN + 1));
    char* end = text;
    char separator = '[';
    for (std::size_t i = 0; i < dim; ++i) {
        *end++ = separator;
        end += float_to_shortest_decimal_bufn(v->x[i], end);
        separator = ',';
    }
    *end++ = ']';
    *end = '\0';

    free_if_copy(fcinfo, 0, v);
    PG_RETURN_CSTRING(text);
}

VECTORX_FUNCTION(vector_typmod_in) { PG_RETURN_INT32(typmod_from_array(kVectorType, PG_GETARG_ARRAYTYPE_P(0))); }

VECTORX_FUNCTION(vector_recv) {
    auto* message = reinterpret_cast<StringInfo>(PG_GETARG_POINTER(0));
    int32 typmod = PG_GETARG_INT32(2);

    // Both are int16 on the wire; read as unsigned, a negative dimension is too large.
    auto dim = static_cast<int>(pq_getmsgint(message, sizeof(int16)));
    auto unused = static_cast<int>(pq_getmsgint(message, sizeof(int16)));
    check_dimensions(kVectorType, dim);
    check_expected_dimensions(typmod, dim);
    if (unused != 0) {
        ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION), errmsg("expected unused to be 0, not %d", unused)));
    }

    Vector* result = new_vector(dim);
    // Reports a message that is too short before anything of it is read.
    const char* bytes = pq_getmsgbytes(message, dim * static_cast<int>(sizeof(float)));
    decode_big_endian(reinterpret_cast<const unsigned char*>(bytes), result->size(), result->x);
    check_finite(result->x, result->size(), kVectorType.name);
    PG_RETURN_POINTER(result);
}

VECTORX_FUNCTION(vector_send) {
    const Vector* v = vector_argument(fcinfo, 0);
    std::size_t bytes = v->size() * sizeof(float);

    StringInfoData message;
    pq_begintypsend(&message);
    pq_sendint16(&message, static_cast<uint16>(v->dim));
    pq_sendint16(&message, static_cast<uint16>(v->unused));
    enlargeStringInfo(&message, static_cast<int>(bytes));
    encode_big_endian(v->x, v->size(), reinterpret_cast<unsigned char*>(message.data + message.len));
    message.len += static_cast<int>(bytes);
    PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}
