// Reading NumPy's .npy files: matrices of float32, float16 or int32, in C order, little endian.
#pragma once

#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <regex>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "vectorx/half.h"

namespace vectorx::bench {

template <typename Element>
struct Matrix {
    std::size_t rows = 0;
    std::size_t columns = 0;
    std::vector<Element> values;

    const Element* operator[](std::size_t row) const { return values.data() + row * columns; }
};

struct NpyFile {
    std::string descr;  // NumPy's name of the element type, as "<f4"
    std::size_t rows = 0;
    std::size_t columns = 0;
    std::string bytes;  // of the elements
};

inline NpyFile read_npy_file(const std::string& path) {
    std::ifstream stream(path, std::ios::binary);
    if (!stream) throw std::runtime_error("cannot read " + path);
    std::string all{std::istreambuf_iterator<char>(stream), {}};
    if (all.size() < 10 || all.compare(0, 6, "\x93NUMPY") != 0 || all[6] != 1)
        throw std::runtime_error(path + " is not a .npy file of version 1");
    std::size_t begin = 10U + static_cast<unsigned char>(all[8]) + 256U * static_cast<unsigned char>(all[9]);
    if (all.size() < begin) throw std::runtime_error(path + " is cut short");
    std::string header = all.substr(10, begin - 10);
    static const std::regex pattern(
        R"(\{'descr': '([^']*)', 'fortran_order': False, 'shape': \((\d+), (\d+)\), \}\s*)");
    std::smatch match;
    if (!std::regex_match(header, match, pattern)) throw std::runtime_error(path + " is no matrix in C order");
    NpyFile file{match[1], std::stoul(match[2]), std::stoul(match[3]), all.substr(begin)};
    std::size_t element = file.descr == "<f2" ? 2 : 4;
    if (file.bytes.size() != file.rows * file.columns * element) throw std::runtime_error(path + " is cut short");
    return file;
}

// Vectors as float or as Half, whichever the file holds.
template <typename Element>
Matrix<Element> read_vectors(const std::string& path) {
    NpyFile file = read_npy_file(path);
    Matrix<Element> matrix{file.rows, file.columns, {}};
    matrix.values.reserve(file.rows * file.columns);
    auto read_as = [&]<typename Stored>(Stored stored) {
        for (std::size_t i = 0; i < file.rows * file.columns; ++i) {
            std::memcpy(&stored, file.bytes.data() + i * sizeof(Stored), sizeof(Stored));
            if constexpr (std::is_same_v<Stored, Element>)
                matrix.values.push_back(stored);
            else if constexpr (std::is_same_v<Stored, Half>)
                matrix.values.push_back(half_to_float(stored));
            else
                matrix.values.push_back(float_to_half(stored));
        }
    };
    if (file.descr == "<f4")
        read_as(float{});
    else if (file.descr == "<f2")
        read_as(Half{});
    else
        throw std::runtime_error(path + " holds neither float32 nor float16");
    return matrix;
}

inline Matrix<std::int32_t> read_row_numbers(const std::string& path) {
    NpyFile file = read_npy_file(path);
    if (file.descr != "<i4") throw std::runtime_error(path + " does not hold int32");
    Matrix<std::int32_t> matrix{file.rows, file.columns, std::vector<std::int32_t>(file.rows * file.columns)};
    std::memcpy(matrix.values.data(), file.bytes.data(), file.bytes.size());
    return matrix;
}

}  // namespace vectorx::bench
