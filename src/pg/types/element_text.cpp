#include "pg/types/element_text.h"

namespace vectorx::pg {

HalfText half_texts[kHalfMagnitude + 1];

void make_half_text(Half magnitude) {
    char text[FLOAT_SHORTEST_DECIMAL_LEN];
    const int length = float_to_shortest_decimal_bufn(half_to_float(magnitude), text);
    Assert(length <= static_cast<int>(sizeof half_texts[0].text));
    std::memcpy(half_texts[magnitude].text, text, static_cast<std::size_t>(length));
    half_texts[magnitude].length = static_cast<unsigned char>(length);
}

}  // namespace vectorx::pg
