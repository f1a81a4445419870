// Text input, compared with the C library's strtof, whose language it has to accept.
#include "vectorx/text.h"

#include <gtest/gtest.h>

#include <bit>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "vectorx/error.h"

namespace vectorx {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr VectorType kType{"vector", 1000};

std::vector<float> parse(std::string_view text, const VectorType& type = kType) {
    // A buffer of its own, not followed by NUL, so that a read past the end is one that a sanitizer sees.
    std::vector<char> copy(text.begin(), text.end());
    std::vector<float> out(type.max_dim);
    out.resize(parse_dense(std::string_view(copy.data(), copy.size()), type, out.data()));
    return out;
}

// "" when the text is accepted, otherwise code, message and detail of the error.
std::string error_of(std::string_view text, const VectorType& type = kType) {
    try {
        parse(text, type);
        return "";
    } catch (const Error& e) {
        return std::to_string(static_cast<int>(e.code())) + " " + e.what() + (e.detail().empty() ? "" : " | ") +
               e.detail();
    }
}

std::string error_text(ErrorCode code, const std::string& message) {
    return std::to_string(static_cast<int>(code)) + " " + message;
}

std::string syntax_error(const std::string& text, const std::string& detail = "") {
    return error_text(ErrorCode::kInvalidTextRepresentation, "invalid input syntax for type vector: \"" + text + "\"") +
           (detail.empty() ? "" : " | ") + detail;
}

std::uint32_t bits(float value) { return std::bit_cast<std::uint32_t>(value); }

// Reads `text` as one number and compares value, range and length with strtof.
::testing::AssertionResult same_as_strtof(const std::string& text) {
    errno = 0;
    char* end;
    float expected = std::strtof(text.c_str(), &end);
    bool range_error = errno == ERANGE;
    auto length = static_cast<std::size_t>(end - text.c_str());

    ParsedNumber number{};
    bool failed = false;
    std::vector<char> copy(text.begin(), text.end());
    TextReader reader("vector", std::string_view(copy.data(), copy.size()));
    try {
        number = reader.read_number();
    } catch (const Error& e) {
        failed = true;
    }
    // strtof reads the 0 of "0x" when no digit follows; no vector can continue with an x, so that is refused at once.
    std::string read = text.substr(0, length);
    bool zero = read == "0" || read == "+0" || read == "-0";
    bool bare_prefix = zero && length < text.size() && (text[length] == 'x' || text[length] == 'X');
    // glibc 2.36 rounds some hexadecimal denormals down that lie above the middle, such as 0x1.000001p-150.
    if (text.find_first_of("xX") != std::string::npos && std::fabs(expected) < std::numeric_limits<float>::min()) {
        expected = static_cast<float>(std::strtold(text.c_str(), nullptr));
    }
    if (length == 0 || bare_prefix) {
        if (failed) return ::testing::AssertionSuccess();
        return ::testing::AssertionFailure() << "accepted \"" << text << "\"";
    }
    if (failed) return ::testing::AssertionFailure() << "refused \"" << text << "\"";
    if (number.text.size() != length) {
        return ::testing::AssertionFailure() << "\"" << text << "\": read " << number.text.size() << ", not " << length;
    }
    if (std::isnan(expected) ? !std::isnan(number.value) : bits(number.value) != bits(expected)) {
        return ::testing::AssertionFailure() << "\"" << text << "\": " << number.value << ", not " << expected;
    }
    NumberRange range = NumberRange::kRepresentable;
    if (range_error && std::isinf(expected)) range = NumberRange::kOverflow;
    if (range_error && expected == 0) range = NumberRange::kUnderflow;
    if (number.range != range) return ::testing::AssertionFailure() << "\"" << text << "\": wrong range";

    // Elements have a fast path of their own.
    if (!std::isfinite(expected)) return ::testing::AssertionSuccess();
    TextReader elements("vector", std::string_view(copy.data(), copy.size()));
    float element = elements.read_element(kInfinity);
    if (bits(element) != bits(expected)) {
        return ::testing::AssertionFailure() << "element \"" << text << "\": " << element << ", not " << expected;
    }
    for (char c : text.substr(length)) elements.accept(c);
    if (!elements.at_end()) return ::testing::AssertionFailure() << "element \"" << text << "\": wrong length";
    return ::testing::AssertionSuccess();
}

TEST(Text, ReadsVectors) {
    EXPECT_EQ(parse("[1,2,3]"), (std::vector<float>{1, 2, 3}));
    EXPECT_EQ(parse(" [ -1.5 ,\t+2e2\n,\r.5\v,\f5. ] "), (std::vector<float>{-1.5f, 200, 0.5f, 5}));
    EXPECT_EQ(parse("[0x10,0X1.8p1,-0xa]"), (std::vector<float>{16, 3, -10}));
    EXPECT_EQ(parse("[0]").size(), 1u);
    EXPECT_EQ(bits(parse("[-0]")[0]), 0x80000000u);
}

TEST(Text, RefusesWhatIsNoVector) {
    const std::string start = "Vector contents must start with \"[\".";
    const std::string junk = "Junk after closing right brace.";
    for (const char* text : {"", " ", "1", "1,2", "(1)", "{1}", "]", "x[1]"})
        EXPECT_EQ(error_of(text), syntax_error(text, start));
    for (const char* text : {"[1]x", "[1] ]", "[1],", "[1][2]"}) EXPECT_EQ(error_of(text), syntax_error(text, junk));
    for (const char* text :
         {"[",      "[ ",    "[1",      "[1,",    "[1, ",    "[1,]",    "[,1]",    "[1,,2]", "[1 2]",
          "[1;2]",  "[[1]]", "[a]",     "[1a]",   "[+]",     "[-]",     "[+-1]",   "[--1]",  "[-+1]",
          "[++1]",  "[.]",   "[-.e1]",  "[e1]",   "[1e]",    "[1e+]",   "[0x]",    "[0x.]",  "[0x-1]",
          "[0x+1]", "[0xg]", "[0x0x1]", "[0x1p]", "[0xinf]", "[0xnan]", "[1.2.3]", "[1_0]",  "[\x80]"}) {
        EXPECT_EQ(error_of(text), syntax_error(text));
    }
    EXPECT_EQ(error_of("[]"), error_text(ErrorCode::kDataException, "vector must have at least 1 dimension"));
    EXPECT_EQ(error_of("[ ]x"), error_text(ErrorCode::kDataException, "vector must have at least 1 dimension"));
    using namespace std::string_view_literals;
    // An error's text ends at the NUL, as what() does.
    EXPECT_EQ(error_of("[1\0]"sv) + "\"", syntax_error("[1"));
    EXPECT_NE(error_of("[1]\0"sv), "");
}

TEST(Text, RefusesWhatIsNotFinite) {
    for (const char* text : {"[nan]", "[NaN]", "[-nan]", "[+NAN]", "[nan(1)]", "[nan(]", "[nanx]", "[1,nan"}) {
        EXPECT_EQ(error_of(text), error_text(ErrorCode::kDataException, "NaN not allowed in vector")) << text;
    }
    for (const char* text : {"[inf]", "[-Infinity]", "[+INF]", "[infinit]", "[1,inf"}) {
        EXPECT_EQ(error_of(text), error_text(ErrorCode::kDataException, "infinite value not allowed in vector"))
            << text;
    }
    for (const char* number : {"1e39", "-1e39", "+3.4028236e38", "0x1p128", "1e99999999999999999999", "0.0001e400",
                               "340282356779733661637539395458142568448"}) {
        EXPECT_EQ(error_of(std::string("[ ") + number + " ]"),
                  error_text(ErrorCode::kNumericValueOutOfRange,
                             std::string("\"") + number + "\" is out of range for type vector"));
    }
    EXPECT_EQ(parse("[3.40282356e38,-3.4028235677973366e38]")[0], std::numeric_limits<float>::max());
}

TEST(Text, KnowsTheLimitsOfTheType) {
    constexpr VectorType kHalf{"halfvec", 3, 65520.0f};
    EXPECT_EQ(parse("[65504,-65519.9,1]", kHalf), (std::vector<float>{65504, -65519.9f, 1}));
    EXPECT_EQ(error_of("[65520]", kHalf),
              error_text(ErrorCode::kNumericValueOutOfRange, "\"65520\" is out of range for type halfvec"));
    EXPECT_EQ(error_of("[-1e39]", kHalf),
              error_text(ErrorCode::kNumericValueOutOfRange, "\"-1e39\" is out of range for type halfvec"));
    EXPECT_EQ(error_of("[-inf]", kHalf),
              error_text(ErrorCode::kDataException, "infinite value not allowed in halfvec"));
    EXPECT_EQ(error_of("[nan]", kHalf), error_text(ErrorCode::kDataException, "NaN not allowed in halfvec"));
    EXPECT_EQ(error_of("[1,2,3,x]", kHalf),
              error_text(ErrorCode::kProgramLimitExceeded, "halfvec cannot have more than 3 dimensions"));
}

TEST(Text, ReadsNumbersAsStrtofDoes) {
    for (const char* text : {"0",
                             "-0",
                             "+0",
                             "00",
                             "000.000",
                             "0e99999999999999",
                             "1",
                             "01",
                             "+1",
                             "-1.",
                             ".5",
                             "-.5e-3",
                             "1e5",
                             "1E+5",
                             "1e-5",
                             "1e05",
                             "1e0005",
                             "1e+0000000000000000005",
                             "1e",
                             "1e+",
                             "1ex",
                             "1e5.5",
                             "1.5.5",
                             "16777217",
                             "16777216.9999999999",
                             "16777217.00000000000000000000001",
                             "16777219",
                             "33554434",
                             "0.1",
                             "0.100000001490116119384765625",
                             "1.00000005960464477539062",
                             "1.000000059604644775390625",
                             "1.00000005960464477539063",
                             "1.000000059604644775390626",
                             "1.17549435e-38",
                             "1.1754943e-38",
                             "1.17549429e-38",
                             "1e-45",
                             "1.4e-45",
                             "7.1e-46",
                             "7.006492321624085e-46",
                             "7.0064923216240853546186479164495e-46",
                             "7.0064923216240853546186479164496e-46",
                             "1e-46",
                             "1e-400",
                             "-1e-400",
                             "1e-99999999999999999999999",
                             "3.4028235e38",
                             "3.4028235677973366e38",
                             "340282356779733661637539395458142568447",
                             "3.4028236e38",
                             "1e39",
                             "1e308",
                             "1e309",
                             "-1e99999999999999999999999",
                             "9007199254740993",
                             "9007199254740992e1",
                             "18446744073709551616",
                             "99999999999999999999",
                             "0.0000000000000000000000000000000000000000000000000000000000001e70",
                             "1000000000000000000000000000000000000000000000000000e-40",
                             "0.00000000000000000000000000000000000000000000000000000000000000000001",
                             "12345678",
                             "123456789",
                             "1234567812345678",
                             "12345678.12345678",
                             "1234567812345678123",
                             "12345678123456781234",
                             "0x1",
                             "0x1p0",
                             "0X1.8P+1",
                             "0x.8",
                             "0x8.",
                             "0x1.000001p0",
                             "0x1.0000010001p0",
                             "0x1.000003p0",
                             "0x1.fffffep127",
                             "0x1.ffffff p127",
                             "0x1.ffffffp127",
                             "0x1.fffffeffffp127",
                             "0x1p128",
                             "0x1p-149",
                             "0x1p-150",
                             "0x1.8p-150",
                             "0x1.000001p-150",
                             "0x1p-9999999999999",
                             "0x1p99999999999999",
                             "0x0p99999999",
                             "0x0.0000000000000000000000000000000001p200",
                             "0xffffffffffffffffff",
                             "0x10000000000000000000000000000000000000p-200",
                             "inf",
                             "INFINITY",
                             "-infinit",
                             "nan",
                             "-NaN",
                             "nan(123)",
                             "nan(",
                             "nan(a b)",
                             "x",
                             "",
                             "-",
                             "e5",
                             ".",
                             "-.",
                             "0x",
                             "0x.",
                             "0xp1",
                             "0x-1",
                             "1x",
                             "--1",
                             "+-1",
                             " ",
                             "1,2",
                             "1]",
                             "1 2"}) {
        EXPECT_TRUE(same_as_strtof(text));
    }
}

// Every float is read back from its shortest, from 9 significant and from more digits, and from hexadecimal digits.
TEST(Text, ReadsBackEveryFloat) {
    std::mt19937 random(1);
    char text[128];
    for (int i = 0; i < 300000; ++i) {
        float value = std::bit_cast<float>(static_cast<std::uint32_t>(random()));
        if (i < 1000) value = std::bit_cast<float>(static_cast<std::uint32_t>(i));  // the smallest denormals
        if (i >= 1000 && i < 2000)
            value = std::bit_cast<float>(0x7f7fffffu - static_cast<std::uint32_t>(i - 1000));  // the largest
        if (!std::isfinite(value)) continue;
        auto check = [&](const char* end) {
            TextReader reader("vector", std::string_view(text, static_cast<std::size_t>(end - text)));
            ASSERT_EQ(bits(reader.read_element(kInfinity)), bits(value))
                << std::string_view(text, static_cast<std::size_t>(end - text));
            ASSERT_TRUE(reader.at_end());
        };
        check(std::to_chars(text, text + sizeof text, value).ptr);
        check(text + std::snprintf(text, sizeof text, "%.8e", value));
        check(text + std::snprintf(text, sizeof text, "%.20e", value));
        check(text + std::snprintf(text, sizeof text, "%a", value));
    }
}

// The texts around the middle between two neighbouring floats, which is where a double rounding would show.
TEST(Text, RoundsOnce) {
    std::mt19937_64 random(2);
    char text[128];
    for (int i = 0; i < 200000; ++i) {
        float low = std::bit_cast<float>(static_cast<std::uint32_t>(random() % 0x7f7fffffu));
        if (i % 2 == 0)
            low = std::ldexp(static_cast<float>(random() % (1 << 24)), static_cast<int>(random() % 40) - 30);
        double middle = (static_cast<double>(low) + std::nextafter(low, kInfinity)) / 2;
        ASSERT_GT(std::snprintf(text, sizeof text, "%.*e", static_cast<int>(random() % 25), middle), 0);
        ASSERT_TRUE(same_as_strtof(text));
        ASSERT_GT(
            std::snprintf(text, sizeof text, "%.*f", static_cast<int>(random() % 25), middle < 1e30 ? middle : 1.0), 0);
        ASSERT_TRUE(same_as_strtof(text));
    }
}

TEST(Text, ReadsRandomNumbersAsStrtofDoes) {
    std::mt19937 random(3);
    const std::string decimal = "0123456789";
    const std::string hexadecimal = "0123456789abcdefABCDEF";
    auto append = [&](std::string* text, const std::string& digits, std::size_t max_count, bool many_zeros) {
        for (std::size_t count = random() % (max_count + 1); count > 0; --count) {
            text->push_back(many_zeros && random() % 4 != 0 ? '0' : digits[random() % digits.size()]);
        }
    };
    for (int i = 0; i < 400000; ++i) {
        bool hex = random() % 4 == 0;
        bool many_zeros = random() % 2 == 0;
        std::size_t max_count = random() % 8 == 0 ? 60 : 12;
        std::string text;
        if (random() % 3 == 0) text += random() % 2 == 0 ? '-' : '+';
        if (hex) text += random() % 2 == 0 ? "0x" : "0X";
        append(&text, hex ? hexadecimal : decimal, max_count, many_zeros);
        if (random() % 4 != 0) text += '.';
        append(&text, hex ? hexadecimal : decimal, max_count, many_zeros);
        if (random() % 2 == 0) {
            text += hex ? "pP"[random() % 2] : "eE"[random() % 2];
            if (random() % 2 == 0) text += random() % 2 == 0 ? '-' : '+';
            append(&text, decimal, 3, false);
        }
        if (random() % 16 == 0) text += " ,]xe."[random() % 6];
        ASSERT_TRUE(same_as_strtof(text));
    }
}

// Whatever the bytes are: no read outside the text, and either a vector of finite elements or an Error of a known kind.
TEST(Text, SurvivesGarbage) {
    std::mt19937 random(4);
    const std::string alphabet = "[[]],,  ..--++eEpPxX00112345789nNaAiIfFtTyY(){}\t\n\0\x80\xff";
    constexpr VectorType kSmall{"vector", 5};
    int accepted = 0;
    for (int i = 0; i < 400000; ++i) {
        std::string text;
        if (random() % 4 != 0) text += '[';
        for (std::size_t count = random() % 16; count > 0; --count) {
            text.push_back(random() % 16 == 0 ? static_cast<char>(random()) : alphabet[random() % alphabet.size()]);
        }
        if (random() % 2 != 0) text += ']';
        try {
            std::vector<float> elements = parse(text, kSmall);
            ++accepted;
            ASSERT_GE(elements.size(), 1u);
            ASSERT_LE(elements.size(), 5u);
            for (float element : elements) ASSERT_TRUE(std::isfinite(element)) << text;
        } catch (const Error& e) {
            ASSERT_TRUE(e.code() == ErrorCode::kInvalidTextRepresentation || e.code() == ErrorCode::kDataException ||
                        e.code() == ErrorCode::kNumericValueOutOfRange || e.code() == ErrorCode::kProgramLimitExceeded);
        }
    }
    EXPECT_GT(accepted, 1000);  // otherwise the garbage shows little
}

// A vector with bytes changed, removed or inserted is read as strtof would read it element by element.
TEST(Text, ReadsDamagedVectorsAsStrtofDoes) {
    std::mt19937 random(5);
    // The grammar once more, over strtof, for NUL-terminated texts without NaN or infinity in them.
    auto reference = [](const std::string& text, std::vector<float>* out) {
        const char* p = text.c_str();
        auto skip = [&p] {
            while (*p == ' ' || (*p >= '\t' && *p <= '\r')) ++p;
        };
        skip();
        if (*p++ != '[') return false;
        do {
            errno = 0;
            char* end;
            float value = std::strtof(p, &end);  // skips whitespace itself
            if (end == p || !std::isfinite(value)) return false;
            out->push_back(value);
            p = end;
            skip();
        } while (*p++ == ',');
        if (p[-1] != ']') return false;
        skip();
        return *p == '\0';
    };
    int accepted = 0;
    const std::string bytes = "0123456789.,-+eExXpP []naif\t";
    for (int i = 0; i < 200000; ++i) {
        std::string text = "[0.0123, -4.5e-3,6e2 ,0x1.8p3,1234567890123456789012]";
        for (std::size_t count = random() % 4; count > 0; --count) {
            std::size_t at = random() % text.size();
            char byte = bytes[random() % bytes.size()];
            switch (random() % 3) {
                case 0:
                    text[at] = byte;
                    break;
                case 1:
                    text.erase(at, 1);
                    break;
                default:
                    text.insert(at, 1, byte);
            }
        }
        std::vector<float> expected;
        bool valid = reference(text, &expected);
        std::string error = error_of(text);
        ASSERT_EQ(error.empty(), valid) << text << ": " << error;
        if (valid) {
            ASSERT_EQ(parse(text), expected) << text;
            ++accepted;
        }
    }
    EXPECT_GT(accepted, 10000);
}

}  // namespace
}  // namespace vectorx
