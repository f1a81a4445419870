// How near the kernels come to what the machine can load. See README.md in this folder for how to read the output.
#include <benchmark/benchmark.h>
#include <sys/mman.h>
#include <ctime>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "vectorx/kernels.h"

namespace {

using vectorx::DistanceBatchKernel;
using vectorx::DistanceKernel;
using vectorx::Kernels;

constexpr std::size_t kL1Bytes = std::size_t{24} << 10;     // of vectors; the query comes on top
constexpr std::size_t kMemoryBytes = std::size_t{1} << 30;  // far more than a core's share of the last-level cache
constexpr std::size_t kScanBatch = 1024;                    // vectors a call in sequential order: a scan of a list
constexpr std::size_t kHopBatch = 32;                       // and in random order: a hop of a graph search
constexpr std::size_t kDims[] = {128, 256, 384, 768, 1024, 1536, 2048};
constexpr std::size_t kBits[] = {1024, 2048, 4096, 16384};

// Memory in huge pages where the system gives them, so that the rate is that of memory and not of page walks.
class Arena {
 public:
    explicit Arena(std::size_t bytes) : bytes_(bytes) {
        void* p = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED) {
            std::perror("mmap");
            std::exit(1);
        }
        madvise(p, bytes, MADV_HUGEPAGE);
        // Words of 0.5 to 1 in magnitude and either sign, both as one float and as two float16 of ordinary size.
        words_ = static_cast<std::uint32_t*>(p);
        std::uint32_t state = 1;
        for (std::size_t i = 0; i < bytes / sizeof(std::uint32_t); ++i) {
            state = state * 1664525U + 1013904223U;
            words_[i] = (state & 0x807f8fffU) | 0x3f003000U;
        }
    }
    Arena(const Arena&) = delete;
    Arena& operator=(const Arena&) = delete;
    ~Arena() { munmap(words_, bytes_); }

    template <typename Element>
    const Element* data() const {
        return reinterpret_cast<const Element*>(words_);
    }

 private:
    std::size_t bytes_;
    std::uint32_t* words_;
};

// The pure load loop: two streams, one operation a load. `a` is read again for every `bytes` of `b`.
template <typename Register>
[[gnu::always_inline]] inline std::uint32_t load_streams(const char* a, const char* b, std::size_t bytes,
                                                         std::size_t count) {
    constexpr std::size_t kUnroll = 4;
    Register sum[2 * kUnroll] = {};
    for (std::size_t v = 0; v < count; ++v, b += bytes) {
        for (std::size_t i = 0; i + kUnroll * sizeof(Register) <= bytes; i += kUnroll * sizeof(Register)) {
#pragma GCC unroll 4
            for (std::size_t j = 0; j < kUnroll; ++j) {
                Register x;
                Register y;
                __builtin_memcpy(&x, a + i + j * sizeof(x), sizeof(x));
                __builtin_memcpy(&y, b + i + j * sizeof(y), sizeof(y));
                sum[2 * j] |= x;
                sum[2 * j + 1] |= y;
            }
        }
    }
    for (std::size_t j = 1; j < 2 * kUnroll; ++j) sum[0] |= sum[j];
    return sum[0][0];
}

using Load = std::uint32_t (*)(const char* a, const char* b, std::size_t bytes, std::size_t count);
using Register16 = std::uint32_t __attribute__((vector_size(16)));
std::uint32_t load_16(const char* a, const char* b, std::size_t bytes, std::size_t count) {
    return load_streams<Register16>(a, b, bytes, count);
}
#if defined(__x86_64__)
using Register32 = std::uint32_t __attribute__((vector_size(32)));
using Register64 = std::uint32_t __attribute__((vector_size(64)));
[[gnu::target("avx2")]] std::uint32_t load_32(const char* a, const char* b, std::size_t bytes, std::size_t count) {
    return load_streams<Register32>(a, b, bytes, count);
}
[[gnu::target("avx512f")]] std::uint32_t load_64(const char* a, const char* b, std::size_t bytes, std::size_t count) {
    return load_streams<Register64>(a, b, bytes, count);
}
#endif

// The load loop with the registers of a table.
Load load_loop(const std::string& table) {
#if defined(__x86_64__)
    if (table.starts_with("avx512")) return load_64;
    if (table == "avx2") return load_32;
#endif
    static_cast<void>(table);
    return load_16;
}

// CPU time of this thread, as Google Benchmark counts it: what other processes do disturbs it least.
double cpu_seconds() {
    timespec now = {};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// The best of several rounds of `calls` calls of `body`, which loads `bytes` a call, in bytes/s.
template <typename Body>
double best_rate(std::size_t bytes, std::size_t calls, const Body& body) {
    double best = 0;
    for (int round = 0; round < 9; ++round) {
        const double start = cpu_seconds();
        for (std::size_t i = 0; i < calls; ++i) benchmark::DoNotOptimize(body());
        best = std::max(best, static_cast<double>(bytes) * static_cast<double>(calls) / (cpu_seconds() - start));
    }
    return best;
}

// Bytes a second of the load loop: both streams from L1, the stream of vectors from memory.
struct Machine {
    double l1;
    double memory_sequential;
    double memory_random;  // for vectors as long as the row's
};

struct Case {
    const Kernels* table;
    Machine machine;
    const Arena* arena;
    std::size_t vector_bytes;
    std::size_t dim;
};

enum class Order { kSequential, kRandom };

template <typename Element>
std::vector<const Element*> vectors_of(const Arena& arena, std::size_t bytes, std::size_t vector_bytes, Order order) {
    const std::size_t count = std::max<std::size_t>(1, bytes / vector_bytes);
    std::vector<const Element*> vectors(count);
    for (std::size_t i = 0; i < count; ++i) vectors[i] = arena.data<Element>() + i * (vector_bytes / sizeof(Element));
    if (order == Order::kRandom) std::shuffle(vectors.begin(), vectors.end(), std::mt19937(1));
    return vectors;
}

// Behind the vectors of the first-level cache.
template <typename Element>
const Element* query_of(const Arena& arena) {
    return arena.data<Element>() + kL1Bytes / sizeof(Element);
}

// load_rate is the load loop's in the same place and order, full_rate what the percentage is of: for vectors in random
// order that is the rate of sequential memory all the same.
void report(benchmark::State& state, std::size_t vectors, std::size_t bytes, double load_rate, double full_rate) {
    using benchmark::Counter;
    const auto iterations = static_cast<double>(state.iterations());
    const double all_bytes = iterations * static_cast<double>(bytes);
    state.counters["GB/s"] = Counter(all_bytes * 1e-9, Counter::kIsRate);
    state.counters["load_GB/s"] = load_rate * 1e-9;
    state.counters["percent"] = Counter(all_bytes * 100 / full_rate, Counter::kIsRate);
    state.counters["Mvectors/s"] = Counter(iterations * static_cast<double>(vectors) * 1e-6, Counter::kIsRate);
}

template <typename Element, typename Result>
void run_l1(benchmark::State& state, const Case& c, DistanceKernel<Element, Result> kernel) {
    const auto vectors = vectors_of<Element>(*c.arena, kL1Bytes, c.vector_bytes, Order::kSequential);
    const Element* query = query_of<Element>(*c.arena);
    for (auto _ : state) {
        for (const Element* v : vectors) benchmark::DoNotOptimize(kernel(query, v, c.dim));
    }
    report(state, vectors.size(), vectors.size() * c.vector_bytes * 2, c.machine.l1, c.machine.l1);
}

template <typename Element, typename Result>
void run_batch_l1(benchmark::State& state, const Case& c, DistanceBatchKernel<Element, Result> kernel) {
    const auto vectors = vectors_of<Element>(*c.arena, kL1Bytes, c.vector_bytes, Order::kSequential);
    const Element* query = query_of<Element>(*c.arena);
    std::vector<Result> out(vectors.size());
    for (auto _ : state) {
        kernel(query, vectors.data(), vectors.size(), c.dim, out.data());
        benchmark::DoNotOptimize(out.data());
        benchmark::ClobberMemory();
    }
    report(state, vectors.size(), vectors.size() * c.vector_bytes * 2, c.machine.l1, c.machine.l1);
}

template <typename Element, typename Result>
void run_memory(benchmark::State& state, const Case& c, DistanceBatchKernel<Element, Result> kernel, Order order) {
    const auto vectors = vectors_of<Element>(*c.arena, kMemoryBytes, c.vector_bytes, order);
    const std::size_t batch = order == Order::kRandom ? kHopBatch : kScanBatch;
    const Element* query = query_of<Element>(*c.arena);
    std::vector<Result> out(batch);
    for (auto _ : state) {
        for (std::size_t i = 0; i + batch <= vectors.size(); i += batch) {
            kernel(query, vectors.data() + i, batch, c.dim, out.data());
            benchmark::DoNotOptimize(out.data());
            benchmark::ClobberMemory();
        }
    }
    const double load_rate = order == Order::kRandom ? c.machine.memory_random : c.machine.memory_sequential;
    const std::size_t computed = vectors.size() / batch * batch;
    report(state, computed, computed * c.vector_bytes, load_rate, c.machine.memory_sequential);
}

template <typename Element, typename Result>
void add(const Case& c, const std::string& name, DistanceKernel<Element, Result> kernel,
         DistanceBatchKernel<Element, Result> batch) {
    const bool bits = sizeof(Element) == 1;
    const std::string row = std::string(c.table->name) + "/" + name + "/" + std::to_string(bits ? 8 * c.dim : c.dim);
    const auto add_row = [&](const std::string& place, auto run) {
        benchmark::RegisterBenchmark((row + "/" + place).c_str(), run)->MinTime(0.1);
    };
    add_row("L1", [=](benchmark::State& s) { run_l1(s, c, kernel); });
    add_row("L1 batch", [=](benchmark::State& s) { run_batch_l1(s, c, batch); });
    add_row("memory sequential", [=](benchmark::State& s) { run_memory(s, c, batch, Order::kSequential); });
    add_row("memory random", [=](benchmark::State& s) { run_memory(s, c, batch, Order::kRandom); });
}

}  // namespace

int main(int argc, char** argv) {
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;

    const Arena arena(kMemoryBytes);
    for (auto table = vectorx::supported_kernels(); *table != nullptr; ++table) {
        const Kernels& k = **table;
        const Load load = load_loop(k.name);
        const char* query = query_of<char>(arena);
        constexpr std::size_t kBytes = 8192;
        Machine machine = {};
        machine.l1 =
            best_rate(2 * kL1Bytes, 50000, [&] { return load(query, arena.data<char>(), kBytes, kL1Bytes / kBytes); });
        machine.memory_sequential =
            best_rate(kMemoryBytes, 1, [&] { return load(query, arena.data<char>(), kBytes, kMemoryBytes / kBytes); });
        std::printf("%s: load loop %.1f GB/s from L1, %.1f GB/s from memory\n", k.name, machine.l1 * 1e-9,
                    machine.memory_sequential * 1e-9);

        std::map<std::size_t, double> random_rates;  // by the length of a vector
        const auto case_of = [&](std::size_t dim, std::size_t vector_bytes) {
            if (!random_rates.contains(vector_bytes)) {
                const auto shuffled = vectors_of<char>(arena, kMemoryBytes, vector_bytes, Order::kRandom);
                random_rates[vector_bytes] = best_rate(kMemoryBytes, 1, [&] {
                    std::uint32_t sum = 0;
                    for (const char* v : shuffled) sum += load(query, v, vector_bytes, 1);
                    return sum;
                });
            }
            Case c = {*table, machine, &arena, vector_bytes, dim};
            c.machine.memory_random = random_rates[vector_bytes];
            return c;
        };
        for (const std::size_t dim : kDims) {
            const Case floats = case_of(dim, dim * sizeof(float));
            add(floats, "l2_squared", k.l2_squared, k.l2_squared_batch);
            add(floats, "inner_product", k.inner_product, k.inner_product_batch);
            add(floats, "l1", k.l1, k.l1_batch);
            add(floats, "cosine", k.cosine, k.cosine_batch);

            const Case halves = case_of(dim, dim * sizeof(vectorx::Half));
            add(halves, "half_l2_squared", k.half_l2_squared, k.half_l2_squared_batch);
            add(halves, "half_inner_product", k.half_inner_product, k.half_inner_product_batch);
            add(halves, "half_l1", k.half_l1, k.half_l1_batch);
            add(halves, "half_cosine", k.half_cosine, k.half_cosine_batch);
        }
        for (const std::size_t bits : kBits) {
            const Case c = case_of(bits / 8, bits / 8);
            add(c, "hamming", k.hamming, k.hamming_batch);
            add(c, "jaccard", k.jaccard, k.jaccard_batch);
        }
    }
    std::fflush(stdout);
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
    return 0;
}
