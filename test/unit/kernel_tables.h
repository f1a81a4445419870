// The kernel tables as parameters of tests, and how their results are compared.
#pragma once

#include <gtest/gtest.h>

#include <bit>
#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "vectorx/kernels.h"

namespace vectorx {

// How GoogleTest names the table of a failed test.
inline void PrintTo(const Kernels* table, std::ostream* out) { *out << table->name; }

namespace test {

inline std::vector<const Kernels*> all_tables() {
    std::vector<const Kernels*> tables;
    for (auto table = supported_kernels(); *table != nullptr; ++table) tables.push_back(*table);
    return tables;
}

inline bool same_bits(float a, float b) { return std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b); }

inline bool same_bits(const CosineSums& a, const CosineSums& b) {
    return same_bits(a.inner_product, b.inner_product) && same_bits(a.norm_squared_a, b.norm_squared_a) &&
           same_bits(a.norm_squared_b, b.norm_squared_b);
}

inline bool same_bits(std::uint64_t a, std::uint64_t b) { return a == b; }

inline bool same_bits(const JaccardSums& a, const JaccardSums& b) {
    return a.and_count == b.and_count && a.or_count == b.or_count;
}

}  // namespace test
}  // namespace vectorx

// Runs the TEST_Ps of `suite` once for each table of this CPU.
#define VECTORX_FOR_EACH_TABLE(suite)                                                 \
    INSTANTIATE_TEST_SUITE_P(, suite, testing::ValuesIn(vectorx::test::all_tables()), \
                             [](const auto& table) { return std::string(table.param->name); })
