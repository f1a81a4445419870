// Sparse vectors, compared with the dense vectors that they stand for.
#include "vectorx/sparse.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "vectorx/elementwise.h"
#include "vectorx/error.h"

namespace vectorx {
namespace {

struct Sparse {
    std::int32_t dim = 1;
    std::vector<std::int32_t> indices;
    std::vector<float> values;

    SparseView view() const { return {indices.data(), values.data(), indices.size(), dim}; }
    bool operator==(const Sparse&) const = default;
};

Sparse sparse_of(const std::vector<float>& x) {
    std::size_t nnz = count_non_zero(x.data(), x.size());
    Sparse s{static_cast<std::int32_t>(x.size()), std::vector<std::int32_t>(nnz), std::vector<float>(nnz)};
    gather_non_zero(x.data(), x.size(), s.indices.data(), s.values.data());
    return s;
}

// Each element is, with this probability, a small integer other than 0: sums of them are exact in any order.
std::vector<float> random_dense(std::size_t dim, double density, std::mt19937* random) {
    std::bernoulli_distribution present(density);
    std::uniform_int_distribution<int> value(1, 9);
    std::vector<float> x(dim);
    for (float& element : x) {
        if (present(*random)) element = static_cast<float>((*random)() % 2 == 0 ? value(*random) : -value(*random));
    }
    return x;
}

struct Reference {
    double l2_squared = 0, inner_product = 0, l1 = 0, norm_a = 0, norm_b = 0;
};

Reference reference(const std::vector<float>& a, const std::vector<float>& b) {
    Reference r;
    for (std::size_t i = 0; i < a.size(); ++i) {
        double x = a[i], y = b[i];
        r.l2_squared += (x - y) * (x - y);
        r.inner_product += x * y;
        r.l1 += std::fabs(x - y);
        r.norm_a += x * x;
        r.norm_b += y * y;
    }
    return r;
}

template <typename Call>
std::string error_of(Call call) {
    try {
        call();
        return "";
    } catch (const Error& e) {
        return std::to_string(static_cast<int>(e.code())) + " " + e.what() + (e.detail().empty() ? "" : " | ") +
               e.detail();
    }
}

std::string error_text(ErrorCode code, const std::string& message) {
    return std::to_string(static_cast<int>(code)) + " " + message;
}

TEST(Sparse, DistancesAreThoseOfDenseVectors) {
    std::mt19937 random(1);
    int galloped = 0;
    for (std::size_t dim : {1, 2, 3, 10, 63, 200, 1000, 3000}) {
        for (double density_a : {0.0, 0.002, 0.02, 0.3, 1.0}) {
            for (double density_b : {0.0, 0.005, 0.1, 0.9, 1.0}) {
                for (int repeat = 0; repeat < 5; ++repeat) {
                    std::vector<float> a = random_dense(dim, density_a, &random),
                                       b = random_dense(dim, density_b, &random);
                    Sparse s = sparse_of(a), t = sparse_of(b);
                    galloped += s.indices.size() * 17 < t.indices.size() || t.indices.size() * 17 < s.indices.size();
                    Reference r = reference(a, b);
                    EXPECT_EQ(l2_squared(s.view(), t.view()), r.l2_squared);
                    EXPECT_EQ(l2_squared(t.view(), s.view()), r.l2_squared);
                    EXPECT_EQ(inner_product(s.view(), t.view()), r.inner_product);
                    EXPECT_EQ(inner_product(t.view(), s.view()), r.inner_product);
                    EXPECT_EQ(l1(s.view(), t.view()), r.l1);
                    EXPECT_EQ(l1(t.view(), s.view()), r.l1);
                    CosineSums sums = cosine_sums(s.view(), t.view());
                    EXPECT_EQ(sums.inner_product, r.inner_product);
                    EXPECT_EQ(sums.norm_squared_a, r.norm_a);
                    EXPECT_EQ(sums.norm_squared_b, r.norm_b);
                    EXPECT_EQ(compare(s.view(), t.view()), compare(a.data(), dim, b.data(), dim));
                    EXPECT_EQ(compare(s.view(), s.view()), 0);
                }
            }
        }
    }
    EXPECT_GT(galloped, 50);
}

TEST(Sparse, RoundingStaysSmall) {
    std::mt19937 random(2);
    std::normal_distribution<float> normal;
    for (double density : {0.001, 0.5}) {
        std::vector<float> a = random_dense(16000, density, &random), b = random_dense(16000, 0.5, &random);
        for (float& x : a) x *= normal(random);
        for (float& x : b) x *= normal(random);
        Reference r = reference(a, b);
        Sparse s = sparse_of(a), t = sparse_of(b);
        EXPECT_NEAR(l2_squared(s.view(), t.view()), r.l2_squared, r.l2_squared * 1e-4);
        EXPECT_NEAR(l1(s.view(), t.view()), r.l1, r.l1 * 1e-4);
        EXPECT_NEAR(inner_product(s.view(), t.view()), r.inner_product, std::sqrt(r.norm_a * r.norm_b) * 1e-4);
    }
}

TEST(Sparse, ComparesDifferentDimensions) {
    std::mt19937 random(3);
    for (int i = 0; i < 20000; ++i) {
        std::vector<float> a = random_dense(1 + random() % 4, 0.5, &random),
                           b = random_dense(1 + random() % 4, 0.5, &random);
        for (float& x : a) x = x > 0 ? 1.0F : (x < 0 ? -1.0F : 0.0F);
        for (float& x : b) x = x > 0 ? 1.0F : (x < 0 ? -1.0F : 0.0F);
        EXPECT_EQ(compare(sparse_of(a).view(), sparse_of(b).view()), compare(a.data(), a.size(), b.data(), b.size()));
    }
}

// Whatever the indices are, nothing outside the view is read: the sanitizers see it.
TEST(Sparse, SurvivesIndicesThatAreNotSorted) {
    std::mt19937 random(4);
    for (int i = 0; i < 2000; ++i) {
        Sparse s{100, std::vector<std::int32_t>(random() % 40), {}},
            t{100, std::vector<std::int32_t>(random() % 1000), {}};
        for (auto& index : s.indices) index = static_cast<std::int32_t>(random());
        for (auto& index : t.indices) index = static_cast<std::int32_t>(random());
        s.values.assign(s.indices.size(), 1.0F);
        t.values.assign(t.indices.size(), 1.0F);
        EXPECT_GE(l2_squared(s.view(), t.view()), 0.0F);
        EXPECT_GE(l1(t.view(), s.view()), 0.0F);
        EXPECT_GE(inner_product(s.view(), t.view()), 0.0F);
        EXPECT_LE(std::abs(compare(s.view(), t.view())), 1);
    }
}

TEST(Sparse, ConvertsToDenseAndBack) {
    std::mt19937 random(5);
    for (std::size_t dim : {1, 5, 100, 1000}) {
        std::vector<float> x = random_dense(dim, 0.3, &random), out(dim, 7.0F);
        x[0] = std::numeric_limits<float>::quiet_NaN();
        EXPECT_EQ(sparse_of(x).indices.at(0), 0);
        x[0] = -0.0F;
        Sparse s = sparse_of(x);
        scatter(s.view(), out.data());
        EXPECT_EQ(out, x);
        Sparse copy{s.dim, std::vector<std::int32_t>(s.indices.size()), std::vector<float>(s.indices.size())};
        copy_non_zero(s.indices.data(), s.values.data(), s.indices.size(), copy.indices.data(), copy.values.data());
        EXPECT_EQ(copy, s);
    }
    std::vector<std::int32_t> indices(2);
    std::vector<float> values(2);
    const std::int32_t with_zeros_indices[] = {1, 4, 5, 9};
    const float with_zeros[] = {0, 2, -0.0F, 3};
    copy_non_zero(with_zeros_indices, with_zeros, 4, indices.data(), values.data());
    EXPECT_EQ(indices, (std::vector<std::int32_t>{4, 9}));
    EXPECT_EQ(values, (std::vector<float>{2, 3}));

    std::vector<float> out(3);
    for (std::int32_t index :
         {-1, 3, std::numeric_limits<std::int32_t>::max(), std::numeric_limits<std::int32_t>::min()}) {
        Sparse s{3, {index}, {1}};
        EXPECT_EQ(error_of([&] { scatter(s.view(), out.data()); }),
                  error_text(ErrorCode::kInternalError, "index out of bounds"));
    }
}

Sparse parse(std::string_view text) {
    std::vector<char> copy(text.begin(), text.end());  // not followed by NUL
    std::string_view exact(copy.data(), copy.size());
    std::vector<SparseElement> elements(sparse_text_capacity(exact));
    ParsedSparse parsed = parse_sparse(exact, elements.data(), elements.size());
    Sparse s{parsed.dim, std::vector<std::int32_t>(parsed.nnz), std::vector<float>(parsed.nnz)};
    split_elements(elements.data(), parsed.nnz, s.indices.data(), s.values.data());
    check_sparse_indices(s.indices.data(), parsed.nnz, parsed.dim);
    return s;
}

TEST(SparseText, ReadsWhatItHasWritten) {
    std::mt19937 random(6);
    for (int i = 0; i < 2000; ++i) {
        Sparse s;
        s.dim = static_cast<std::int32_t>(1 + random() % kSparsevecType.max_dim);
        std::int64_t index = -1;
        while (s.indices.size() < 20 && (index += 1 + random() % (1U << (random() % 30))) < s.dim) {
            auto bits = static_cast<std::uint32_t>(random());
            float value = std::bit_cast<float>(bits);
            if (!std::isfinite(value) || value == 0) continue;
            s.indices.push_back(static_cast<std::int32_t>(index));
            s.values.push_back(value);
        }
        std::vector<std::string> elements;
        for (std::size_t j = 0; j < s.indices.size(); ++j) {
            char number[64];
            std::to_chars_result end = std::to_chars(number, number + sizeof number, s.values[j]);
            elements.push_back(std::to_string(s.indices[j] + 1) + ":" + std::string(number, end.ptr));
        }
        for (bool shuffled : {false, true}) {
            if (shuffled) std::shuffle(elements.begin(), elements.end(), random);
            std::string text = "{";
            for (const std::string& element : elements) text += (text.size() > 1 ? "," : "") + element;
            EXPECT_EQ(parse(text + "}/" + std::to_string(s.dim)), s) << text;
        }
    }
}

TEST(SparseText, ReadsIntegersAsStrtolDoes) {
    EXPECT_EQ(parse(" { +3 : 1 , 001:2 } / +4 "), (Sparse{4, {0, 2}, {2, 1}}));
    EXPECT_EQ(parse("{}/1"), (Sparse{1, {}, {}}));
    EXPECT_EQ(parse("{-5:0,0:0,99:-0}/1"), (Sparse{1, {}, {}}));
    for (const char* text : {"9223372036854775807", "9223372036854775808", "99999999999999999999999999"}) {
        TextReader reader("sparsevec", text);
        EXPECT_EQ(reader.read_integer(), std::numeric_limits<std::int32_t>::max());
        EXPECT_TRUE(reader.at_end());
        std::string negative = std::string("-") + text;
        TextReader below("sparsevec", negative);
        EXPECT_EQ(below.read_integer(), std::numeric_limits<std::int32_t>::min());
        EXPECT_EQ(error_of([&] { parse("{" + std::string(text) + ":1}/1"); }),
                  error_text(ErrorCode::kDataException, "sparsevec index out of bounds"));
        EXPECT_EQ(error_of([&] { parse("{" + negative + ":1}/1"); }),
                  error_text(ErrorCode::kDataException, "sparsevec index out of bounds"));
    }
}

TEST(SparseText, RefusesWhatDoesNotFit) {
    EXPECT_EQ(error_of([] { parse("{1:1e-46}/1"); }),
              error_text(ErrorCode::kNumericValueOutOfRange, "\"1e-46\" is out of range for type sparsevec"));
    EXPECT_EQ(error_of([] { parse("{1:-1e39}/1"); }),
              error_text(ErrorCode::kNumericValueOutOfRange, "\"-1e39\" is out of range for type sparsevec"));
    EXPECT_EQ(error_of([] { parse(std::string(16000, ',')); }),
              error_text(ErrorCode::kProgramLimitExceeded, "sparsevec cannot have more than 16000 non-zero elements"));
    EXPECT_EQ(error_of([] { parse("{1:1,2:1}/2 "); }), "");
    SparseElement room[1];
    EXPECT_EQ(error_of([&] { parse_sparse("{1:1,2:2}/2", room, 1); }),
              error_text(ErrorCode::kInvalidTextRepresentation, "ran out of buffer: \"{1:1,2:2}/2\""));
}

TEST(Sparse, ChecksIndices) {
    auto check = [](std::vector<std::int32_t> indices, std::int32_t dim) {
        return error_of([&] { check_sparse_indices(indices.data(), indices.size(), dim); });
    };
    EXPECT_EQ(check({}, 1), "");
    EXPECT_EQ(check({0, 2, 5}, 6), "");
    const std::string bounds = error_text(ErrorCode::kDataException, "sparsevec index out of bounds");
    const std::string order = error_text(ErrorCode::kDataException, "sparsevec indices must be in ascending order");
    const std::string twice = error_text(ErrorCode::kDataException, "sparsevec indices must not contain duplicates");
    EXPECT_EQ(check({-1}, 1), bounds);
    EXPECT_EQ(check({1}, 1), bounds);
    EXPECT_EQ(check({0, 2, 1}, 3), order);
    EXPECT_EQ(check({0, 2, 2}, 3), twice);
    EXPECT_EQ(check({0, 0, 9}, 3), twice);
    EXPECT_EQ(check({2, 1, 9}, 3), order);
}

}  // namespace
}  // namespace vectorx
