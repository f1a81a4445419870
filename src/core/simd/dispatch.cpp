// Chooses the kernels: the only file of this folder that asks what the CPU can do.
#include "core/simd/tables.h"
#include "vectorx/kernels.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace vectorx {
namespace {

#if defined(__x86_64__)
// clang 14's __builtin_cpu_supports does not know this one. Its registers are those of AVX, which is asked for as well.
bool has_f16c() {
    unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
    return __get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0 && (ecx & bit_F16C) != 0;
}
#endif

// Each level starts as a copy of the one below it, so it needs to hold only the kernels that it makes faster.
class Tables {
 public:
    Tables() {
        Kernels table = {};
        simd::use_baseline_floats(&table);
        simd::use_baseline_bits(&table);
        simd::use_baseline_matrices(&table);
        simd::use_baseline_codes(&table);
        add("baseline", table);
#if defined(__x86_64__)
        // __builtin_cpu_supports also asks whether the operating system saves the registers.
        __builtin_cpu_init();
        if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && has_f16c() &&
            __builtin_cpu_supports("popcnt")) {
            simd::use_avx2_floats(&table);
            simd::use_popcnt_bits(&table);
            simd::use_avx2_matrices(&table);
            simd::use_avx2_codes(&table);
            add("avx2", table);
            if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                __builtin_cpu_supports("avx512vl")) {
                simd::use_avx512_floats(&table);
                simd::use_avx512_matrices(&table);
                add("avx512", table);
                // What Ice Lake and Zen 4 brought.
                if (__builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512vpopcntdq")) {
                    simd::use_avx512_vpopcntdq_bits(&table);
                    simd::use_avx512_vnni_codes(&table);
                    add("avx512_vnni", table);
                }
            }
        }
#elif defined(__aarch64__)
        simd::use_neon_floats(&table);
        simd::use_neon_bits(&table);
        simd::use_neon_codes(&table);
        add("neon", table);
#endif
    }
    Tables(const Tables&) = delete;
    Tables& operator=(const Tables&) = delete;

    const Kernels* const* best_first() const { return best_first_; }

 private:
    static constexpr std::size_t kMaxTables = 4;

    void add(const char* name, const Kernels& table) {
        storage_[count_] = table;
        storage_[count_].name = name;
        ++count_;
        for (std::size_t i = 0; i < count_; ++i) best_first_[i] = &storage_[count_ - 1 - i];
    }

    std::size_t count_ = 0;
    Kernels storage_[kMaxTables] = {};
    const Kernels* best_first_[kMaxTables + 1] = {};  // ends with nullptr
};

// A local static: decided by the first caller (the library's initialisation), once, whatever the number of threads.
const Kernels* const* tables() {
    static const Tables all;
    return all.best_first();
}

}  // namespace

const Kernels& kernels() { return *tables()[0]; }

const Kernels* const* supported_kernels() { return tables(); }

}  // namespace vectorx
