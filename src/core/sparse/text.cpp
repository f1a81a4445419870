// Text input of sparse vectors.
#include <algorithm>
#include <limits>
#include <string>

#include "vectorx/error.h"
#include "vectorx/sparse.h"

namespace vectorx {
namespace {

// The index that SQL counts from 1.
std::int32_t read_index(TextReader* reader) {
    constexpr std::int32_t kMin = std::numeric_limits<std::int32_t>::min();
    std::int32_t index = reader->read_integer();
    return index == kMin ? kMin : index - 1;
}

bool ascending(const SparseElement* elements, std::size_t count) {
    for (std::size_t i = 1; i < count; ++i) {
        if (elements[i].index < elements[i - 1].index) return false;
    }
    return true;
}

}  // namespace

std::size_t sparse_text_capacity(std::string_view text) {
    auto capacity = static_cast<std::size_t>(std::count(text.begin(), text.end(), ',')) + 1;
    check_non_zero_count(static_cast<std::int64_t>(capacity));
    return capacity;
}

ParsedSparse parse_sparse(std::string_view text, SparseElement* out, std::size_t capacity) {
    TextReader reader(kSparsevecType.name, text);
    reader.skip_space();
    if (!reader.accept('{')) reader.fail_syntax("Vector contents must start with \"{\".");
    reader.skip_space();

    std::size_t nnz = 0;
    if (!reader.accept('}')) {
        do {
            if (nnz == capacity) {
                throw Error(ErrorCode::kInvalidTextRepresentation,
                            std::string("ran out of buffer: \"").append(text) + "\"");
            }
            std::int32_t index = read_index(&reader);
            reader.skip_space();
            if (!reader.accept(':')) reader.fail_syntax();
            reader.skip_space();
            float value = reader.read_element(kSparsevecType.overflows_at, Underflow::kOutOfRange);
            if (value != 0) out[nnz++] = {index, value};
            reader.skip_space();
        } while (reader.accept(','));
        if (!reader.accept('}')) reader.fail_syntax();
    }

    reader.skip_space();
    if (!reader.accept('/')) reader.fail_syntax("Unexpected end of input.");
    std::int32_t dim = reader.read_integer();
    reader.skip_space();
    if (!reader.at_end()) reader.fail_syntax("Junk after closing.");
    check_dimensions(kSparsevecType, dim);

    if (!ascending(out, nnz)) {
        std::sort(out, out + nnz, [](const SparseElement& a, const SparseElement& b) { return a.index < b.index; });
    }
    return {dim, nnz};
}

}  // namespace vectorx
