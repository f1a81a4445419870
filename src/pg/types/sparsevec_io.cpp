// Text and binary input and output of `sparsevec`, and its type modifier.
#include "pg/boundary.h"
#include "pg/types/sparsevec.h"
#include "pg/types/typmod.h"
#include "vectorx/elementwise.h"
#include "vectorx/wire.h"

extern "C" {
#include <common/shortest_dec.h>
#include <utils/builtins.h>
}

using namespace vectorx;
using namespace vectorx::pg;

namespace vectorx::pg {

Sparsevec* new_sparsevec(int32 dim, std::size_t nnz) {
    auto* v = allocate_value<Sparsevec>(sparsevec_bytes(nnz));
    v->dim = dim;
    v->nnz = static_cast<int32>(nnz);
    v->unused = 0;
    return v;
}

Sparsevec* sparsevec_from_datum(Datum datum) {
    auto* v = reinterpret_cast<Sparsevec*>(PG_DETOAST_DATUM(datum));
    if (VARSIZE(v) < sparsevec_bytes(0) || v->dim < 1 || v->nnz < 0 || VARSIZE(v) != sparsevec_bytes(v->count()))
        [[unlikely]] {
        report_corrupt_length(kSparsevecType);
    }
    return v;
}

}  // namespace vectorx::pg

VECTORX_FUNCTION(sparsevec_in) {
    const std::string_view text = PG_GETARG_CSTRING(0);
    const std::size_t capacity = sparse_text_capacity(text);
    auto* elements = static_cast<SparseElement*>(palloc(capacity * sizeof(SparseElement)));
    const ParsedSparse parsed = parse_sparse(text, elements, capacity);
    check_expected_dimensions(PG_GETARG_INT32(2), parsed.dim);

    Sparsevec* result = new_sparsevec(parsed.dim, parsed.nnz);
    split_elements(elements, parsed.nnz, result->indices, result->values());
    check_sparse_indices(result->indices, parsed.nnz, parsed.dim);
    pfree(elements);
    PG_RETURN_POINTER(result);
}

VECTORX_FUNCTION(sparsevec_out) {
    Sparsevec* v = sparsevec_argument(fcinfo, 0);
    const float* values = v->values();

    constexpr std::size_t kIntegerBytes = 11;                                              // with a sign
    constexpr std::size_t kElementBytes = kIntegerBytes + 1 + FLOAT_SHORTEST_DECIMAL_LEN;  // with ':' and ','
    auto* text = static_cast<char*>(palloc(v->count() * kElementBytes + kIntegerBytes + sizeof("{}/")));
    char* end = text;
    *end++ = '{';
    for (int32 i = 0; i < v->nnz; ++i) {
        if (i > 0) *end++ = ',';
        end += pg_ltoa(v->indices[i] + 1, end);
        *end++ = ':';
        end += float_to_shortest_decimal_bufn(values[i], end);
    }
    *end++ = '}';
    *end++ = '/';
    end += pg_ltoa(v->dim, end);
    *end = '\0';

    free_if_copy(fcinfo, 0, v);
    PG_RETURN_CSTRING(text);
}

VECTORX_FUNCTION(sparsevec_typmod_in) { PG_RETURN_INT32(typmod_from_array(kSparsevecType, PG_GETARG_ARRAYTYPE_P(0))); }

VECTORX_FUNCTION(sparsevec_recv) {
    auto* message = reinterpret_cast<StringInfo>(PG_GETARG_POINTER(0));
    WireReader reader = start_reading(message);
    const SparseHeader header = read_sparse_header(&reader, PG_GETARG_INT32(2));
    Sparsevec* result = new_sparsevec(header.dim, static_cast<std::size_t>(header.nnz));
    read_sparse_elements(&reader, header, result->indices, result->values());
    finish_reading(message, reader);
    PG_RETURN_POINTER(result);
}

VECTORX_FUNCTION(sparsevec_send) {
    const Sparsevec* v = sparsevec_argument(fcinfo, 0);
    StringInfoData message;
    pq_begintypsend(&message);
    pq_sendint32(&message, static_cast<uint32>(v->dim));
    pq_sendint32(&message, static_cast<uint32>(v->nnz));
    pq_sendint32(&message, static_cast<uint32>(v->unused));
    encode_big_endian(v->indices, v->count(), append_bytes(&message, v->count() * sizeof(int32)));
    encode_big_endian(v->values(), v->count(), append_bytes(&message, v->count() * sizeof(float)));
    PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}
