// Matrix kernels with AVX2 and FMA.
#if defined(__x86_64__)
#define VECTORX_EIGEN vectorx_eigen_avx2
#include "core/simd/matrix.h"
#include "core/simd/tables.h"

namespace vectorx::simd {

void use_avx2_matrices(Kernels* table) { table->nearest_centroids = nearest_centroids; }

}  // namespace vectorx::simd
#endif
