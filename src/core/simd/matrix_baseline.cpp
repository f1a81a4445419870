// Matrix kernels for every CPU of the kind.
#define VECTORX_EIGEN vectorx_eigen_baseline
#include "core/simd/matrix.h"
#include "core/simd/tables.h"

namespace vectorx::simd {

void use_baseline_matrices(Kernels* table) { table->nearest_centroids = nearest_centroids; }

}  // namespace vectorx::simd
