// Binary input: what is written is read back, what is not a value is refused, nothing beyond a message is read.
#include "vectorx/wire.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "vectorx/elementwise.h"
#include "vectorx/sparse.h"

namespace vectorx {
namespace {

using Bytes = std::vector<unsigned char>;

void append(Bytes* bytes, std::uint64_t value, int size) {
    for (int shift = 8 * (size - 1); shift >= 0; shift -= 8)
        bytes->push_back(static_cast<unsigned char>(value >> shift));
}

// "" if the message is accepted; the bytes that have been read otherwise do not matter.
template <typename Element>
std::string read_dense(const Bytes& bytes, const VectorType& type, std::vector<Element>* out,
                       std::int32_t expected = -1) {
    try {
        Bytes exact(bytes);  // so that a sanitizer sees a read past the end
        WireReader reader(exact.data(), exact.size());
        out->resize(static_cast<std::size_t>(read_dense_header(&reader, type, expected)));
        read_elements(&reader, type, out->size(), out->data());
        EXPECT_EQ(reader.position(), 4 + out->size() * sizeof(Element));
        return "";
    } catch (const Error& e) {
        return std::to_string(static_cast<int>(e.code())) + " " + e.what();
    }
}

struct Sparse {
    SparseHeader header{};
    std::vector<std::int32_t> indices;
    std::vector<float> values;
};

std::string read_sparse(const Bytes& bytes, Sparse* out, std::int32_t expected = -1) {
    try {
        Bytes exact(bytes);
        WireReader reader(exact.data(), exact.size());
        out->header = read_sparse_header(&reader, expected);
        out->indices.resize(static_cast<std::size_t>(out->header.nnz));
        out->values.resize(out->indices.size());
        read_sparse_elements(&reader, out->header, out->indices.data(), out->values.data());
        EXPECT_EQ(reader.position(), 12 + out->indices.size() * 8);
        return "";
    } catch (const Error& e) {
        return std::to_string(static_cast<int>(e.code())) + " " + e.what();
    }
}

std::string error_text(ErrorCode code, const std::string& message) {
    return std::to_string(static_cast<int>(code)) + " " + message;
}

const std::string kShort = error_text(ErrorCode::kProtocolViolation, "insufficient data left in message");

Bytes dense_message(std::uint32_t dim, std::uint32_t unused, const std::vector<std::uint32_t>& elements, int size) {
    Bytes bytes;
    append(&bytes, dim, 2);
    append(&bytes, unused, 2);
    for (std::uint32_t element : elements) append(&bytes, element, size);
    return bytes;
}

Bytes sparse_message(std::uint32_t dim, std::uint32_t nnz, std::uint32_t unused,
                     const std::vector<std::uint32_t>& words) {
    Bytes bytes;
    for (std::uint32_t word : {dim, nnz, unused}) append(&bytes, word, 4);
    for (std::uint32_t word : words) append(&bytes, word, 4);
    return bytes;
}

TEST(Wire, Dense) {
    std::vector<float> floats;
    std::vector<Half> halves;
    Bytes message = dense_message(3, 0, {0x3f800000, 0xc0200000, 0x80000001}, 4);
    EXPECT_EQ(read_dense(message, kVectorType, &floats), "");
    EXPECT_EQ(floats, (std::vector<float>{1, -2.5F, -1e-45F}));
    EXPECT_EQ(read_dense(message, kVectorType, &floats, 3), "");
    EXPECT_EQ(read_dense(message, kVectorType, &floats, 4),
              error_text(ErrorCode::kDataException, "expected 4 dimensions, not 3"));
    for (std::size_t size = 0; size < message.size(); ++size) {
        EXPECT_EQ(read_dense(Bytes(message.begin(), message.begin() + static_cast<std::ptrdiff_t>(size)), kVectorType,
                             &floats),
                  kShort);
    }
    message = dense_message(2, 0, {0x3c00, 0x8001}, 2);
    EXPECT_EQ(read_dense(message, kHalfvecType, &halves), "");
    EXPECT_EQ(halves, (std::vector<Half>{0x3c00, 0x8001}));
    for (std::size_t size = 0; size < message.size(); ++size) {
        EXPECT_EQ(read_dense(Bytes(message.begin(), message.begin() + static_cast<std::ptrdiff_t>(size)), kHalfvecType,
                             &halves),
                  kShort);
    }
    EXPECT_EQ(read_dense(dense_message(0, 0, {}, 4), kVectorType, &floats),
              error_text(ErrorCode::kDataException, "vector must have at least 1 dimension"));
    for (std::uint32_t dim : {16001U, 0x8000U, 0xffffU}) {
        EXPECT_EQ(read_dense(dense_message(dim, 0, {}, 4), kHalfvecType, &halves),
                  error_text(ErrorCode::kProgramLimitExceeded, "halfvec cannot have more than 16000 dimensions"));
    }
    EXPECT_EQ(read_dense(dense_message(1, 0xffff, {0}, 4), kVectorType, &floats),
              error_text(ErrorCode::kDataException, "expected unused to be 0, not 65535"));
    EXPECT_EQ(read_dense(dense_message(2, 0, {0, 0x7fc00000}, 4), kVectorType, &floats),
              error_text(ErrorCode::kDataException, "NaN not allowed in vector"));
    EXPECT_EQ(read_dense(dense_message(2, 0, {0xfc00, 0xfe00}, 2), kHalfvecType, &halves),
              error_text(ErrorCode::kDataException, "infinite value not allowed in halfvec"));
}

// pgvector reads and checks one element after the other, so what is wrong before the end of the message comes first.
TEST(Wire, WhatIsThereIsCheckedBeforeWhatIsNot) {
    std::vector<float> floats;
    std::vector<Half> halves;
    Sparse s;
    const std::string nan = error_text(ErrorCode::kDataException, "NaN not allowed in vector");
    EXPECT_EQ(read_dense(dense_message(3, 0, {0, 0x7fc00000}, 4), kVectorType, &floats), nan);
    EXPECT_EQ(read_dense(dense_message(3, 0, {0, 1}, 4), kVectorType, &floats), kShort);
    Bytes part = dense_message(3, 0, {0, 0x7fc00000}, 4);
    part.pop_back();
    EXPECT_EQ(read_dense(part, kVectorType, &floats), kShort);
    EXPECT_EQ(read_dense(dense_message(2, 0, {0x7c00}, 2), kHalfvecType, &halves),
              error_text(ErrorCode::kDataException, "infinite value not allowed in halfvec"));
    EXPECT_EQ(read_sparse(sparse_message(9, 3, 0, {5, 4}), &s),
              error_text(ErrorCode::kDataException, "sparsevec indices must be in ascending order"));
    EXPECT_EQ(read_sparse(sparse_message(9, 3, 0, {5, 9}), &s),
              error_text(ErrorCode::kDataException, "sparsevec index out of bounds"));
    EXPECT_EQ(read_sparse(sparse_message(9, 3, 0, {4, 5}), &s), kShort);
    EXPECT_EQ(read_sparse(sparse_message(9, 3, 0, {4, 5, 6, 0x3f800000, 0}), &s),
              error_text(ErrorCode::kDataException, "binary representation of sparsevec cannot contain zero values"));
    EXPECT_EQ(read_sparse(sparse_message(9, 3, 0, {4, 5, 6, 0x7fc00000}), &s),
              error_text(ErrorCode::kDataException, "NaN not allowed in sparsevec"));
    EXPECT_EQ(read_sparse(sparse_message(9, 3, 0, {4, 5, 6, 0x3f800000}), &s), kShort);
}

TEST(Wire, Sparse) {
    Sparse s;
    Bytes message = sparse_message(9, 2, 0, {0, 8, 0x3f800000, 0xc0200000});
    EXPECT_EQ(read_sparse(message, &s, 9), "");
    EXPECT_EQ(s.header.dim, 9);
    EXPECT_EQ(s.indices, (std::vector<std::int32_t>{0, 8}));
    EXPECT_EQ(s.values, (std::vector<float>{1, -2.5F}));
    for (std::size_t size = 0; size < message.size(); ++size) {
        EXPECT_EQ(read_sparse(Bytes(message.begin(), message.begin() + static_cast<std::ptrdiff_t>(size)), &s), kShort);
    }
    EXPECT_EQ(read_sparse(sparse_message(1000000000, 0, 0, {}), &s), "");

    const std::pair<Bytes, std::string> refused[] = {
        {sparse_message(0, 0, 0, {}),
         error_text(ErrorCode::kDataException, "sparsevec must have at least 1 dimension")},
        {sparse_message(0x80000000, 0, 0, {}),
         error_text(ErrorCode::kDataException, "sparsevec must have at least 1 dimension")},
        {sparse_message(1000000001, 0, 0, {}),
         error_text(ErrorCode::kProgramLimitExceeded, "sparsevec cannot have more than 1000000000 dimensions")},
        {sparse_message(5, 0xffffffff, 0, {}),
         error_text(ErrorCode::kDataException, "sparsevec cannot have negative number of elements")},
        {sparse_message(20000, 16001, 0, {}),
         error_text(ErrorCode::kProgramLimitExceeded, "sparsevec cannot have more than 16000 non-zero elements")},
        {sparse_message(1, 2, 0, {}),
         error_text(ErrorCode::kProgramLimitExceeded, "sparsevec cannot have more elements than dimensions")},
        {sparse_message(5, 0, 0xffffffff, {}),
         error_text(ErrorCode::kDataException, "expected unused to be 0, not -1")},
        {sparse_message(5, 1, 0, {5, 0x3f800000}),
         error_text(ErrorCode::kDataException, "sparsevec index out of bounds")},
        {sparse_message(5, 1, 0, {0xffffffff, 0x3f800000}),
         error_text(ErrorCode::kDataException, "sparsevec index out of bounds")},
        {sparse_message(5, 2, 0, {2, 1, 1, 1}),
         error_text(ErrorCode::kDataException, "sparsevec indices must be in ascending order")},
        {sparse_message(5, 2, 0, {1, 1, 1, 1}),
         error_text(ErrorCode::kDataException, "sparsevec indices must not contain duplicates")},
        {sparse_message(5, 1, 0, {1, 0x7fc00000}),
         error_text(ErrorCode::kDataException, "NaN not allowed in sparsevec")},
        {sparse_message(5, 1, 0, {1, 0xff800000}),
         error_text(ErrorCode::kDataException, "infinite value not allowed in sparsevec")},
        {sparse_message(5, 2, 0, {1, 2, 0x80000000, 0x7fc00000}),
         error_text(ErrorCode::kDataException, "binary representation of sparsevec cannot contain zero values")},
    };
    for (const auto& [bytes, error] : refused) EXPECT_EQ(read_sparse(bytes, &s), error);
    EXPECT_EQ(read_sparse(sparse_message(5, 0, 0, {}), &s, 6),
              error_text(ErrorCode::kDataException, "expected 6 dimensions, not 5"));
}

// Whatever comes, it is refused, or it is a value that is written as it came.
TEST(Wire, RandomMessages) {
    std::mt19937 random(1);
    int accepted = 0;
    for (int i = 0; i < 50000; ++i) {
        auto count = static_cast<std::uint32_t>(random() % 5);
        std::vector<std::uint32_t> words(count * 2);
        for (std::uint32_t& word : words)
            word = random() % 4 == 0 ? static_cast<std::uint32_t>(random()) : static_cast<std::uint32_t>(random() % 9);
        Bytes message =
            random() % 2 == 0
                ? sparse_message(static_cast<std::uint32_t>(random() % 12), count, random() % 9 == 0, words)
                : dense_message(static_cast<std::uint32_t>(count * (1 + random() % 2)), random() % 9 == 0, words, 2);
        if (random() % 8 == 0) message.resize(random() % (message.size() + 1));

        std::vector<Half> halves;
        if (read_dense(message, kHalfvecType, &halves).empty()) {
            Bytes written =
                dense_message(static_cast<std::uint32_t>(halves.size()), 0, {halves.begin(), halves.end()}, 2);
            EXPECT_TRUE(std::equal(written.begin(), written.end(), message.begin()));
            ++accepted;
        }
        Sparse s;
        if (read_sparse(message, &s).empty()) {
            Bytes written(12 + s.indices.size() * 8);
            const std::int32_t header[] = {s.header.dim, s.header.nnz, 0};
            encode_big_endian(header, 3, written.data());
            encode_big_endian(s.indices.data(), s.indices.size(), written.data() + 12);
            encode_big_endian(s.values.data(), s.values.size(), written.data() + 12 + s.indices.size() * 4);
            EXPECT_TRUE(std::equal(written.begin(), written.end(), message.begin()));
            check_sparse_indices(s.indices.data(), s.indices.size(), s.header.dim);
            ++accepted;
        }
    }
    EXPECT_GT(accepted, 1000);
}

}  // namespace
}  // namespace vectorx
