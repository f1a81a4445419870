#include "vectorx/text.h"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <system_error>

#include "vectorx/elementwise.h"
#include "vectorx/error.h"

namespace vectorx {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }
bool is_hex_digit(char c) { return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'f'); }

bool starts_with_hex_prefix(const char* p, const char* end) {
    return end - p >= 2 && p[0] == '0' && lower(p[1]) == 'x';
}

// Where the first significant digit of an unsigned number stands: positive if the number is at least 1, in digits of
// its base for the digits and in units of `digits_per_exponent_unit` for the exponent. from_chars says only that a
// number does not fit; this tells too large from too small. [p, end) is what from_chars has accepted.
bool magnitude_is_large(const char* p, const char* end, bool hexadecimal) {
    constexpr std::int64_t kSaturated = std::int64_t{1} << 40;  // beyond any exponent that digits could balance
    const std::int64_t digit_weight = hexadecimal ? 4 : 1;      // the exponent counts bits or decimal digits
    std::int64_t position = 0;
    bool significant = false;
    bool fraction = false;
    for (; p != end; ++p) {
        if (*p == '.') {
            fraction = true;
        } else if (hexadecimal ? is_hex_digit(*p) : is_digit(*p)) {
            if (*p != '0') significant = true;
            if (!fraction && significant) position += digit_weight;
            if (fraction && !significant) position -= digit_weight;
        } else {
            break;  // the exponent's letter
        }
    }
    std::int64_t exponent = 0;
    bool negative = false;
    if (p != end) ++p;
    if (p != end && (*p == '-' || *p == '+')) negative = *p++ == '-';
    for (; p != end && is_digit(*p); ++p) {
        if (exponent < kSaturated) exponent = exponent * 10 + (*p - '0');
    }
    return position + (negative ? -exponent : exponent) > 0;
}

}  // namespace

ParsedNumber TextReader::read_number() {
    const char* const start = next_;
    const char* p = start;
    bool negative = false;
    if (p != end_ && (*p == '-' || *p == '+')) negative = *p++ == '-';
    bool hexadecimal = starts_with_hex_prefix(p, end_);
    if (hexadecimal) p += 2;
    // from_chars would take a '-' here, behind the sign or the prefix.
    if (p == end_ || *p == '-') fail_syntax();

    float value = 0;
    std::from_chars_result result =
        std::from_chars(p, end_, value, hexadecimal ? std::chars_format::hex : std::chars_format::general);
    // "0x" alone is the number 0 before an x, which no grammar here lets follow; "0xinf" and "0xnan" are no numbers.
    if (result.ec == std::errc::invalid_argument || (hexadecimal && !std::isfinite(value))) fail_syntax();

    NumberRange range = NumberRange::kRepresentable;
    if (result.ec == std::errc::result_out_of_range) {
        bool large = magnitude_is_large(p, result.ptr, hexadecimal);
        range = large ? NumberRange::kOverflow : NumberRange::kUnderflow;
        value = large ? std::numeric_limits<float>::infinity() : 0.0f;
    }
    next_ = result.ptr;
    return {negative ? -value : value, range, std::string_view(start, static_cast<std::size_t>(next_ - start))};
}

float TextReader::read_element(float overflows_at) {
    ParsedNumber number = read_number();
    if (!(std::fabs(number.value) < overflows_at)) [[unlikely]] {
        if (number.range == NumberRange::kOverflow || std::isfinite(number.value)) fail_out_of_range(number.text);
        check_finite(&number.value, 1, type_name_);
    }
    return number.value;
}

void TextReader::fail_syntax(const char* detail) const {
    throw Error(ErrorCode::kInvalidTextRepresentation,
                std::string("invalid input syntax for type ").append(type_name_).append(": \"").append(text_) + "\"",
                detail);
}

void TextReader::fail_out_of_range(std::string_view number) const {
    throw Error(ErrorCode::kNumericValueOutOfRange,
                std::string("\"").append(number).append("\" is out of range for type ") + type_name_);
}

std::size_t parse_dense(std::string_view text, const DenseType& type, float* out) {
    TextReader reader(type.name, text);
    reader.skip_space();
    if (!reader.accept('[')) reader.fail_syntax("Vector contents must start with \"[\".");
    reader.skip_space();
    if (reader.next_is(']')) {
        throw Error(ErrorCode::kDataException, std::string(type.name) + " must have at least 1 dimension");
    }

    std::size_t dim = 0;
    do {
        if (dim == type.max_dim) {
            throw Error(ErrorCode::kProgramLimitExceeded, std::string(type.name) + " cannot have more than " +
                                                              std::to_string(type.max_dim) + " dimensions");
        }
        reader.skip_space();
        out[dim++] = reader.read_element(type.overflows_at);
        reader.skip_space();
    } while (reader.accept(','));

    if (!reader.accept(']')) reader.fail_syntax();
    reader.skip_space();
    if (!reader.at_end()) reader.fail_syntax("Junk after closing right brace.");
    return dim;
}

}  // namespace vectorx
