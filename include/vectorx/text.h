// Text input of the vector types: "[1,2.5,-3e-2]".
//
// The accepted language is that of C's strtof in the C locale, which is pgvector's: an optional sign, decimal or
// hexadecimal digits with an optional exponent, any case of "inf" and "nan" (both refused with messages of their own),
// numbers too small for a denormal become zero. Whitespace (C locale) may stand around numbers and brackets.
// Every number is the nearest float, independent of the locale: short decimal elements by Clinger's fast path, all
// others by std::from_chars (Lemire, "Number parsing at a gigabyte per second", arXiv 2101.11408).
//
// Texts need not end with NUL and may hold any bytes. Nothing is allocated unless an Error is thrown.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "vectorx/vector_type.h"

namespace vectorx {

enum class NumberRange {
    kRepresentable,  // `value` is the nearest float; NaN and infinity count, if the text spelled them
    kOverflow,       // finite text, `value` is infinite
    kUnderflow,      // non-zero text, `value` is zero
};

struct ParsedNumber {
    float value;
    NumberRange range;
    std::string_view text;  // the part of the input that was read
};

// What becomes of a number that is not zero but too small for a denormal.
enum class Underflow { kBecomesZero, kOutOfRange };

// A position in the text of one value. What the vector types have in common: the dense ones are parsed by
// parse_dense below, sparse ones by their own grammar over the same reader.
class TextReader {
 public:
    // `type_name` and `text` must outlive the reader.
    TextReader(const char* type_name, std::string_view text)
        : type_name_(type_name), text_(text), next_(text.data()), end_(text.data() + text.size()) {}

    void skip_space() {
        while (next_ != end_ && is_space(*next_)) ++next_;
    }

    bool at_end() const { return next_ == end_; }
    bool next_is(char c) const { return next_ != end_ && *next_ == c; }

    // Moves past `c` if it is next.
    bool accept(char c) {
        if (!next_is(c)) return false;
        ++next_;
        return true;
    }

    // Reads the number that starts here. Throws an Error with kInvalidTextRepresentation if there is none.
    ParsedNumber read_number();

    // Reads a number that can be an element: throws an Error with kNumericValueOutOfRange if its magnitude is
    // `overflows_at` or more, or if it underflows and that is refused; with kDataException if it is spelled as NaN or
    // infinity.
    float read_element(float overflows_at, Underflow underflow = Underflow::kBecomesZero);

    // Reads an integer as C's strtol does in base 10, after any whitespace; what does not fit becomes the nearest
    // std::int32_t. Throws an Error with kInvalidTextRepresentation if there is none.
    std::int32_t read_integer();

    // The errors that every type reports about its whole text.
    [[noreturn]] void fail_syntax(const char* detail = "") const;
    [[noreturn]] void fail_out_of_range(std::string_view number) const;

 private:
    static bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

    const char* type_name_;
    std::string_view text_;
    const char* next_;
    const char* end_;
};

// Parses "[x,y,...]", writes the elements to `out`, which has room for type.max_dim of them, and returns how many
// there are (at least 1). Throws an Error; what `out` then holds is unspecified.
std::size_t parse_dense(std::string_view text, const VectorType& type, float* out);

}  // namespace vectorx
