#include "vectorx/text.h"

#include <algorithm>
#include <bit>
#include <cfloat>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
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

// 8 ASCII characters at once (D. Lemire, "Quickly parsing eight digits", 2018); the first is in the lowest byte.
//
// Zero if all are digits. Otherwise the lowest bit that is set is the highest of the first byte that is none: sums and
// differences of the digits before it neither carry nor borrow.
std::uint64_t non_digits(std::uint64_t chunk) {
    return ((chunk + 0x4646464646464646) | (chunk - 0x3030303030303030)) & 0x8080808080808080;
}

// The number that 8 digits spell, which are in the bytes as values, not as characters.
std::uint64_t eight_digits(std::uint64_t chunk) {
    chunk = chunk * 10 + (chunk >> 8);  // pairs of digits, in every other byte
    constexpr std::uint64_t kMask = 0x000000FF000000FF;
    return (((chunk & kMask) * 0x000F424000000064 + ((chunk >> 16) & kMask) * 0x0000271000000001) >> 32) & 0xFFFFFFFF;
}

// Appends the digits at p to *value, which is exact as long as there are at most 19 of them.
inline const char* read_digits(const char* p, const char* end, std::uint64_t* value) {
    for (; p != end && is_digit(*p); ++p) *value = *value * 10 + static_cast<std::uint64_t>(*p - '0');
    return p;
}

// The same for the digits behind the point, of which there are usually several.
inline const char* read_many_digits(const char* p, const char* end, std::uint64_t* value) {
    static constexpr std::uint64_t kPowersOfTen[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000};
    if constexpr (std::endian::native == std::endian::little) {
        while (end - p >= 8) {
            std::uint64_t chunk;
            std::memcpy(&chunk, p, sizeof chunk);
            const std::uint64_t stop = non_digits(chunk);
            chunk -= 0x3030303030303030;
            if (stop == 0) {
                *value = *value * 100000000 + eight_digits(chunk);
                p += 8;
                continue;
            }
            const int count = std::countr_zero(stop) / 8;
            // The digits that are there become the last of eight; zeros go before them.
            if (count > 0) *value = *value * kPowersOfTen[count] + eight_digits(chunk << (64 - 8 * count));
            return p + count;
        }
    }
    return read_digits(p, end, value);
}

// Reads what embeddings are made of: unsigned decimal numbers with so few digits that one rounding of a double gives
// the float. Returns the end of the number, or nullptr if it takes the general algorithm (or is no number at all).
//
// Clinger's fast path (PLDI 1990) in double: digits and power of ten are both exact, so their product or quotient is
// the double nearest to the text. Rounding that to float is the float nearest to the text, unless the double lies
// halfway between two floats: then it no longer tells on which side the text is. What passes lies between 1e-22 and
// 1e38, so it is neither a denormal float, whose halfway points would be elsewhere, nor out of range.
inline const char* read_short_decimal(const char* p, const char* end, float* value) {
    static constexpr double kPowersOfTen[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                              1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    constexpr int kMaxPower = 22;              // 5^22 < 2^53
    constexpr std::ptrdiff_t kMaxDigits = 19;  // 10^19 < 2^64
    constexpr std::uint64_t kMaxExact = std::uint64_t{1} << 53;
    constexpr std::uint64_t kBelowFloat = 0x1FFFFFFF;  // the 29 bits of a double's fraction that a float lacks
    constexpr std::uint64_t kHalfway = 0x10000000;
    if (FLT_EVAL_METHOD != 0) return nullptr;  // x87 would round twice

    std::uint64_t digits = 0;
    const char* start = p;
    p = read_digits(p, end, &digits);
    std::ptrdiff_t digit_count = p - start;
    std::ptrdiff_t power = 0;
    if (p != end && *p == '.') {
        start = ++p;
        p = read_many_digits(p, end, &digits);
        power = start - p;
        digit_count -= power;
    }
    if (digit_count == 0 || digit_count > kMaxDigits || digits > kMaxExact) return nullptr;

    if (p != end && lower(*p) == 'e') {
        ++p;
        bool negative = false;
        if (p != end && (*p == '-' || *p == '+')) negative = *p++ == '-';
        int exponent = 0;
        start = p;
        for (; p != end && is_digit(*p) && p - start < 3; ++p) exponent = exponent * 10 + (*p - '0');
        if (p == start || (p != end && is_digit(*p))) return nullptr;
        power += negative ? -exponent : exponent;
    }
    if (power < -kMaxPower || power > kMaxPower) return nullptr;

    auto number = static_cast<double>(digits);
    number = power < 0 ? number / kPowersOfTen[-power] : number * kPowersOfTen[power];
    if ((std::bit_cast<std::uint64_t>(number) & kBelowFloat) == kHalfway) return nullptr;
    if (p != end && lower(*p) == 'x') return nullptr;  // what has been read is the 0 of a hexadecimal prefix
    *value = static_cast<float>(number);
    return p;
}

// from_chars says only that a number does not fit; this tells too large from too small. [p, end) is what from_chars has
// accepted, without sign and prefix. It adds up where the first significant digit stands before or behind the point and
// the exponent: the sum is positive if the number is 1 or more.
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

float TextReader::read_element(float overflows_at, Underflow underflow) {
    const char* p = next_;
    bool negative = false;
    if (p != end_ && (*p == '-' || *p == '+')) negative = *p++ == '-';
    float value;
    const char* number_end = read_short_decimal(p, end_, &value);
    if (number_end != nullptr && value < overflows_at) [[likely]] {
        next_ = number_end;
        return negative ? -value : value;
    }

    ParsedNumber number = read_number();
    if (!(std::fabs(number.value) < overflows_at)) {
        if (number.range == NumberRange::kOverflow || std::isfinite(number.value)) fail_out_of_range(number.text);
        check_finite(&number.value, 1, type_name_);
    }
    if (number.range == NumberRange::kUnderflow && underflow == Underflow::kOutOfRange) fail_out_of_range(number.text);
    return number.value;
}

std::int32_t TextReader::read_integer() {
    constexpr std::int64_t kSaturated = std::int64_t{1} << 40;  // beyond any int32
    skip_space();
    bool negative = false;
    if (next_ != end_ && (*next_ == '-' || *next_ == '+')) negative = *next_++ == '-';
    if (next_ == end_ || !is_digit(*next_)) fail_syntax();
    std::int64_t value = 0;
    for (; next_ != end_ && is_digit(*next_); ++next_) {
        if (value < kSaturated) value = value * 10 + (*next_ - '0');
    }
    constexpr std::int64_t kMin = std::numeric_limits<std::int32_t>::min();
    constexpr std::int64_t kMax = std::numeric_limits<std::int32_t>::max();
    return static_cast<std::int32_t>(std::clamp(negative ? -value : value, kMin, kMax));
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

std::size_t parse_dense(std::string_view text, const VectorType& type, float* out) {
    TextReader reader(type.name, text);
    reader.skip_space();
    if (!reader.accept('[')) reader.fail_syntax("Vector contents must start with \"[\".");
    reader.skip_space();
    if (reader.next_is(']')) {
        check_dimensions(type, 0);
    }

    const auto max_dim = static_cast<std::size_t>(type.max_dim);
    std::size_t dim = 0;
    do {
        if (dim == max_dim) check_dimensions(type, type.max_dim + 1);
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
