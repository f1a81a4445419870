// What the translation units of this folder offer to the dispatch: each function replaces the kernels of a table by
// those of one instruction set. It may be called on any machine; the kernels that it sets may not.
#pragma once

#include "vectorx/kernels.h"

namespace vectorx::simd {

void use_baseline_floats(Kernels* table);
void use_baseline_bits(Kernels* table);
void use_baseline_matrices(Kernels* table);
void use_baseline_codes(Kernels* table);

#if defined(__x86_64__)
void use_avx2_floats(Kernels* table);
void use_avx512_floats(Kernels* table);
void use_avx2_matrices(Kernels* table);
void use_avx512_matrices(Kernels* table);
void use_avx2_codes(Kernels* table);
void use_avx512_vnni_codes(Kernels* table);
void use_popcnt_bits(Kernels* table);
void use_avx512_vpopcntdq_bits(Kernels* table);
#endif

#if defined(__aarch64__)
void use_neon_floats(Kernels* table);
void use_neon_bits(Kernels* table);
void use_neon_codes(Kernels* table);
#endif

}  // namespace vectorx::simd
