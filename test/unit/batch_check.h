// A batch kernel against its single form.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <vector>

#include "guarded_memory.h"
#include "kernel_tables.h"

namespace vectorx::test {

// `random_elements(n)` gives n of them. Vectors end at a page that may not be touched, which prefetching must survive,
// and their order in memory is not that of the batch.
template <typename Element, typename Result, typename Random>
void expect_batch_equals_single(DistanceBatchKernel<Element, Result> batch, DistanceKernel<Element, Result> single,
                                Result untouched, const Random& random_elements) {
    for (const std::size_t dim : {0, 1, 2, 3, 7, 16, 31, 63, 100, 128, 257, 384, 768, 1000, 1024, 1536, 2048, 2100}) {
        const std::vector<Element> query = random_elements(dim);
        for (const std::size_t count : {0, 1, 2, 3, 4, 5, 8, 31, 32, 33, 100}) {
            GuardedMemory memory(count * dim * sizeof(Element));
            const Element* first = memory.put(random_elements(count * dim), count * dim, Place::kAtEnd);
            // In scattered order and in that of memory: batches treat them differently.
            for (const std::size_t step : {37, 1}) {
                std::vector<const Element*> vectors(count);
                for (std::size_t i = 0; i < count; ++i) vectors[i] = first + (i * step + step / 3) % count * dim;

                std::vector<Result> out(count + 1, untouched);
                batch(query.data(), vectors.data(), count, dim, out.data());
                for (std::size_t i = 0; i < count; ++i) {
                    ASSERT_TRUE(same_bits(out[i], single(query.data(), vectors[i], dim)))
                        << "dim " << dim << ", vector " << i << " of " << count << ", step " << step;
                }
                ASSERT_TRUE(same_bits(out[count], untouched)) << "wrote more than " << count << " results";
            }
        }
    }
}

}  // namespace vectorx::test
