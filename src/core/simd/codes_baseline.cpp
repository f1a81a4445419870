// Codes with what every CPU of the architecture has.
#include "core/simd/codes.h"
#include "core/simd/tables.h"

namespace vectorx::simd {
namespace {

struct Baseline {
    using Sum = std::int32_t;
    static constexpr std::size_t kBytes = 16;

    VECTORX_INLINE static Sum zero() { return 0; }
    VECTORX_INLINE static Sum add4(Sum sum, const std::uint8_t* code, const std::int8_t* low, const std::int8_t* high,
                                   std::size_t n) {
        for (std::size_t i = 0; i < n; ++i) sum += (code[i] & 15) * low[i] + (code[i] >> 4) * high[i];
        return sum;
    }
    VECTORX_INLINE static Sum add8(Sum sum, const std::uint8_t* code, const std::int8_t* query, std::size_t n) {
        for (std::size_t i = 0; i < n; ++i) sum += code[i] * query[i];
        return sum;
    }
    VECTORX_INLINE static Sum add4(Sum sum, const std::uint8_t* a, const std::uint8_t* b, std::size_t n) {
        for (std::size_t i = 0; i < n; ++i) sum += (a[i] & 15) * (b[i] & 15) + (a[i] >> 4) * (b[i] >> 4);
        return sum;
    }
    VECTORX_INLINE static Sum add8(Sum sum, const std::uint8_t* a, const std::uint8_t* b, std::size_t n) {
        for (std::size_t i = 0; i < n; ++i) sum += a[i] * b[i];
        return sum;
    }
    VECTORX_INLINE static std::int32_t sum(Sum sum) { return sum; }

    static void fast_scan(const std::uint8_t* tables, const std::uint8_t* block, std::size_t groups,
                          std::uint16_t* out) {
        for (std::size_t i = 0; i < kFastScanCodes; ++i) out[i] = 0;
        for (std::size_t g = 0; g < groups; ++g, tables += 16, block += 16) {
            for (std::size_t i = 0; i < 16; ++i) {
                out[i] = static_cast<std::uint16_t>(out[i] + tables[block[i] & 15]);
                out[i + 16] = static_cast<std::uint16_t>(out[i + 16] + tables[block[i] >> 4]);
            }
        }
    }
};

}  // namespace

void use_baseline_codes(Kernels* table) { set_code_kernels<Baseline>(table); }

}  // namespace vectorx::simd
