// Text input: what is accepted is a valid value, and is the same value when written and read again.
#include <charconv>
#include <cmath>
#include <string>
#include <string_view>

#include "fuzz.h"
#include "vectorx/error.h"
#include "vectorx/text.h"

namespace vectorx::fuzz {

void append(std::string* text, float x) {
    char number[64];
    text->append(number, std::to_chars(number, number + sizeof number, x).ptr);
}

template <typename T>
std::vector<typename T::Element> parse(std::string_view text) {
    static float floats[T::kType.max_dim];
    const std::size_t dim = parse_dense(text, T::kType, floats);
    std::vector<typename T::Element> elements(dim);
    for (std::size_t i = 0; i < dim; ++i) narrow(floats[i], &elements[i]);
    return elements;
}

template <typename T>
void check(std::string_view text) {
    const auto elements = parse<T>(text);
    require(!elements.empty(), "there is an element");
    std::string written = "[";
    for (const auto& element : elements) {
        require(std::isfinite(widen(element)), "elements are finite");
        if (written.size() > 1) written += ',';
        append(&written, widen(element));
    }
    require(parse<T>(written + "]") == elements, "what is written is read as the same vector");
}

Sparse parse_sparsevec(std::string_view text) {
    std::vector<SparseElement> room(sparse_text_capacity(text));
    const ParsedSparse parsed = parse_sparse(text, room.data(), room.size());
    Sparse s{parsed.dim, std::vector<std::int32_t>(parsed.nnz), std::vector<float>(parsed.nnz)};
    split_elements(room.data(), parsed.nnz, s.indices.data(), s.values.data());
    check_sparse_indices(s.indices.data(), parsed.nnz, parsed.dim);
    return s;
}

template <>
void check<sparsevec>(std::string_view text) {
    const Sparse s = parse_sparsevec(text);
    require_valid(s);
    std::string written = "{";
    for (std::size_t i = 0; i < s.indices.size(); ++i) {
        if (i > 0) written += ',';
        written += std::to_string(s.indices[i] + 1) + ':';
        append(&written, s.values[i]);
    }
    require(parse_sparsevec(written + "}/" + std::to_string(s.dim)) == s, "what is written is read as the same vector");
}

}  // namespace vectorx::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try {
        vectorx::fuzz::check<vectorx::fuzz::Type>(std::string_view(reinterpret_cast<const char*>(data), size));
    } catch (const vectorx::Error&) {
    }
    return 0;
}
