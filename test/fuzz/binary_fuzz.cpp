// Binary input: what is accepted is a valid value, and writing it gives the bytes that have been read.
#include <algorithm>
#include <cmath>

#include "fuzz.h"
#include "vectorx/elementwise.h"
#include "vectorx/error.h"
#include "vectorx/wire.h"

namespace vectorx::fuzz {

void require_same(const std::vector<unsigned char>& written, const WireReader& reader, const unsigned char* data) {
    require(written.size() == reader.position() && std::equal(written.begin(), written.end(), data),
            "what has been read is written as it was");
}

template <typename T>
void check(WireReader reader, const unsigned char* data) {
    using Element = typename T::Element;
    const std::int32_t dim = read_dense_header(&reader, T::kType, -1);
    require(dim >= 1 && dim <= T::kType.max_dim, "the dimension is permitted");
    std::vector<Element> elements(static_cast<std::size_t>(dim));
    read_elements(&reader, T::kType, elements.size(), elements.data());
    for (Element element : elements) require(std::isfinite(widen(element)), "elements are finite");

    std::vector<unsigned char> written(4 + elements.size() * sizeof(Element));
    written[0] = static_cast<unsigned char>(dim >> 8);
    written[1] = static_cast<unsigned char>(dim);
    encode_big_endian(elements.data(), elements.size(), written.data() + 4);
    require_same(written, reader, data);
}

template <>
void check<sparsevec>(WireReader reader, const unsigned char* data) {
    const SparseHeader header = read_sparse_header(&reader, -1);
    const auto nnz = static_cast<std::size_t>(header.nnz);
    Sparse s{header.dim, std::vector<std::int32_t>(nnz), std::vector<float>(nnz)};
    read_sparse_elements(&reader, header, s.indices.data(), s.values.data());
    require_valid(s);

    std::vector<unsigned char> written(12 + nnz * 8);
    const std::int32_t words[] = {header.dim, header.nnz, 0};
    encode_big_endian(words, 3, written.data());
    encode_big_endian(s.indices.data(), nnz, written.data() + 12);
    encode_big_endian(s.values.data(), nnz, written.data() + 12 + nnz * 4);
    require_same(written, reader, data);
}

}  // namespace vectorx::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try {
        vectorx::fuzz::check<vectorx::fuzz::Type>(vectorx::WireReader(data, size), data);
    } catch (const vectorx::Error&) {
    }
    return 0;
}
