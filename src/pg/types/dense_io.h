// Text and binary input and output of the dense types.
#pragma once

#include "pg/types/dense.h"
#include "pg/types/element_text.h"
#include "pg/types/typmod.h"
#include "vectorx/elementwise.h"
#include "vectorx/text.h"
#include "vectorx/wire.h"

namespace vectorx::pg {

// <type>_in(cstring, oid, integer)
template <typename Element>
Datum dense_in(FunctionCallInfo fcinfo) {
    const char* text = PG_GETARG_CSTRING(0);
    int32 typmod = PG_GETARG_INT32(2);

    // On the stack, since the dimension is known only at the end.
    float elements[kDenseType<Element>.max_dim];
    std::size_t dim = parse_dense(text, kDenseType<Element>, elements);
    check_expected_dimensions(typmod, static_cast<std::int64_t>(dim));

    Dense<Element>* result = new_dense<Element>(static_cast<std::int64_t>(dim));
    store(elements, dim, result->x);
    PG_RETURN_POINTER(result);
}

// <type>_out(<type>): each element as the shortest text that is the same float, also for halves.
template <typename Element>
Datum dense_out(FunctionCallInfo fcinfo) {
    Dense<Element>* v = dense_argument<Element>(fcinfo, 0);
    const std::size_t dim = v->size();

    auto* text = static_cast<char*>(palloc(1 + dim * (kMaxElementText + 1) + kElementTextSlack + 1));
    char* end = text;
    char separator = '[';
    for (std::size_t i = 0; i < dim; ++i) {
        *end++ = separator;
        end = write_element(v->x[i], end);
        separator = ',';
    }
    *end++ = ']';
    *end = '\0';

    free_if_copy(fcinfo, 0, v);
    PG_RETURN_CSTRING(text);
}

// <type>_recv(internal, oid, integer)
template <typename Element>
Datum dense_recv(FunctionCallInfo fcinfo) {
    auto* message = reinterpret_cast<StringInfo>(PG_GETARG_POINTER(0));
    WireReader reader = start_reading(message);
    std::int32_t dim = read_dense_header(&reader, kDenseType<Element>, PG_GETARG_INT32(2));
    Dense<Element>* result = new_dense<Element>(dim);
    read_elements(&reader, kDenseType<Element>, result->size(), result->x);
    finish_reading(message, reader);
    PG_RETURN_POINTER(result);
}

// <type>_send(<type>)
template <typename Element>
Datum dense_send(FunctionCallInfo fcinfo) {
    const Dense<Element>* v = dense_argument<Element>(fcinfo, 0);
    StringInfoData message;
    pq_begintypsend(&message);
    pq_sendint16(&message, static_cast<uint16>(v->dim));
    pq_sendint16(&message, static_cast<uint16>(v->unused));
    encode_big_endian(v->x, v->size(), append_bytes(&message, v->size() * sizeof(Element)));
    PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

}  // namespace vectorx::pg
