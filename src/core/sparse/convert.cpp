// Conversions between sparse and dense vectors, and checks of indices.
#include <algorithm>

#include "vectorx/error.h"
#include "vectorx/sparse.h"

namespace vectorx {

std::size_t count_non_zero(const float* x, std::size_t dim) {
    std::size_t count = 0;
    for (std::size_t i = 0; i < dim; ++i) count += x[i] != 0;
    return count;
}

void gather_non_zero(const float* x, std::size_t dim, std::int32_t* indices, float* values) {
    for (std::size_t i = 0; i < dim; ++i) {
        if (x[i] == 0) continue;
        *indices++ = static_cast<std::int32_t>(i);
        *values++ = x[i];
    }
}

void copy_non_zero(const std::int32_t* indices, const float* values, std::size_t nnz, std::int32_t* indices_out,
                   float* values_out) {
    for (std::size_t i = 0; i < nnz; ++i) {
        if (values[i] == 0) continue;
        *indices_out++ = indices[i];
        *values_out++ = values[i];
    }
}

void scatter(const SparseView& v, float* out) {
    std::fill_n(out, v.dim, 0.0F);
    for (std::size_t i = 0; i < v.nnz; ++i) {
        if (v.indices[i] < 0 || v.indices[i] >= v.dim) throw Error(ErrorCode::kInternalError, "index out of bounds");
        out[v.indices[i]] = v.values[i];
    }
}

void split_elements(const SparseElement* elements, std::size_t nnz, std::int32_t* indices, float* values) {
    for (std::size_t i = 0; i < nnz; ++i) {
        indices[i] = elements[i].index;
        values[i] = elements[i].value;
    }
}

void check_sparse_indices(const std::int32_t* indices, std::size_t nnz, std::int32_t dim) {
    // Ascending, they are within the bounds if the ends are. The rest of the function says what is wrong.
    int ascending = 1;
    for (std::size_t i = 1; i < nnz; ++i) ascending &= indices[i - 1] < indices[i];
    if (nnz == 0 || (ascending != 0 && indices[0] >= 0 && indices[nnz - 1] < dim)) return;

    for (std::size_t i = 0; i < nnz; ++i) {
        if (indices[i] < 0 || indices[i] >= dim) {
            throw Error(ErrorCode::kDataException, "sparsevec index out of bounds");
        }
        if (i > 0 && indices[i] < indices[i - 1]) {
            throw Error(ErrorCode::kDataException, "sparsevec indices must be in ascending order");
        }
        if (i > 0 && indices[i] == indices[i - 1]) {
            throw Error(ErrorCode::kDataException, "sparsevec indices must not contain duplicates");
        }
    }
}

}  // namespace vectorx
