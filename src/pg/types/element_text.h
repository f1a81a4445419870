// Elements as text: the shortest decimal that reads back as the same float (PostgreSQL's own, whatever
// extra_float_digits says), for halves that of the float that they are.
#pragma once

#include <cstddef>
#include <cstring>

#include "pg/postgres.h"
#include "vectorx/half.h"

extern "C" {
#include <common/shortest_dec.h>
}

namespace vectorx::pg {

inline constexpr std::size_t kMaxElementText = FLOAT_SHORTEST_DECIMAL_LEN - 1;

// How far behind the text of an element bytes may be overwritten.
inline constexpr std::size_t kElementTextSlack = 16;

inline char* write_element(float x, char* out) { return out + float_to_shortest_decimal_bufn(x, out); }

// There are so few halves that the text of each magnitude is made once in a backend: half a megabyte, of which only
// those pages are used whose numbers have been printed.
struct HalfText {
    char text[15];
    unsigned char length;  // 0 until it is made
};
inline constexpr Half kHalfMagnitude = 0x7fff;
extern HalfText half_texts[kHalfMagnitude + 1];

void make_half_text(Half magnitude);

inline char* write_element(Half x, char* out) {
    const Half magnitude = x & kHalfMagnitude;
    HalfText& entry = half_texts[magnitude];
    if (entry.length == 0) [[unlikely]] {
        make_half_text(magnitude);
    }
    *out = '-';
    out += x >> 15;
    std::memcpy(out, entry.text, sizeof entry.text);
    return out + entry.length;
}

}  // namespace vectorx::pg
