// How near the kernels come to what the machine can load. See README.md in this folder for how to read the output.
#include <benchmark/benchmark.h>
#include <sys/mman.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "vectorx/kernels.h"

namespace {

using vectorx::CosineSums;
using vectorx::Kernels;

constexpr std::size_t kL1Bytes = std::size_t{24} << 10;     // of vectors; the query comes on top
constexpr std::size_t kMemoryBytes = std::size_t{1} << 30;  // far more than a core's share of the last-level cache
constexpr std::size_t kScanBatch = 1024;                    // vectors a call in sequential order: a scan of a list
constexpr std::size_t kHopBatch = 32;                       // and in random order: a hop of a graph search
constexpr std::size_t kDims[] = {128, 256, 384, 768, 1024, 1536, 2048};

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
        data_ = static_cast<float*>(p);
        // Values near 1 of varying sign: no subnormals, no overflow.
        std::uint32_t state = 1;
        for (std::size_t i = 0; i < bytes / sizeof(float); ++i) {
            state = state * 1664525U + 1013904223U;
            data_[i] = static_cast<float>(static_cast<std::int32_t>(state)) * 0x1p-31F;
        }
    }
    Arena(const Arena&) = delete;
    Arena& operator=(const Arena&) = delete;
    ~Arena() { munmap(data_, bytes_); }

    float* data() const { return data_; }

 private:
    std::size_t bytes_;
    float* data_;
};

// The pure load loop: two streams, one operation a load. `a` is read again for every `dim` floats of `b`.
template <typename Register>
[[gnu::always_inline]] inline float load_streams(const float* a, const float* b, std::size_t dim, std::size_t count) {
    constexpr std::size_t kLanes = sizeof(Register) / sizeof(float);
    constexpr std::size_t kUnroll = 4;
    Register sum[2 * kUnroll] = {};
    for (std::size_t v = 0; v < count; ++v, b += dim) {
        for (std::size_t i = 0; i + kUnroll * kLanes <= dim; i += kUnroll * kLanes) {
#pragma GCC unroll 4
            for (std::size_t j = 0; j < kUnroll; ++j) {
                Register x;
                Register y;
                __builtin_memcpy(&x, a + i + j * kLanes, sizeof(x));
                __builtin_memcpy(&y, b + i + j * kLanes, sizeof(y));
                sum[2 * j] |= x;
                sum[2 * j + 1] |= y;
            }
        }
    }
    for (std::size_t j = 1; j < 2 * kUnroll; ++j) sum[0] |= sum[j];
    return static_cast<float>(sum[0][0]);
}

using Load = float (*)(const float* a, const float* b, std::size_t dim, std::size_t count);
using Register16 = std::uint32_t __attribute__((vector_size(16)));
float load_16(const float* a, const float* b, std::size_t dim, std::size_t count) {
    return load_streams<Register16>(a, b, dim, count);
}
#if defined(__x86_64__)
using Register32 = std::uint32_t __attribute__((vector_size(32)));
using Register64 = std::uint32_t __attribute__((vector_size(64)));
[[gnu::target("avx2")]] float load_32(const float* a, const float* b, std::size_t dim, std::size_t count) {
    return load_streams<Register32>(a, b, dim, count);
}
[[gnu::target("avx512f")]] float load_64(const float* a, const float* b, std::size_t dim, std::size_t count) {
    return load_streams<Register64>(a, b, dim, count);
}
#endif

// The load loop with the registers of a table.
Load load_loop(const std::string& table) {
#if defined(__x86_64__)
    if (table.starts_with("avx512")) return load_64;
    if (table == "avx2") return load_32;
#endif
    return table.empty() ? nullptr : load_16;
}

// The best of several rounds of `calls` calls of `body`, which loads `bytes` a call, in bytes/s.
template <typename Body>
double best_rate(std::size_t bytes, std::size_t calls, const Body& body) {
    using Clock = std::chrono::steady_clock;
    double best = 0;
    for (int round = 0; round < 9; ++round) {
        const auto start = Clock::now();
        for (std::size_t i = 0; i < calls; ++i) benchmark::DoNotOptimize(body());
        const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
        best = std::max(best, static_cast<double>(bytes) * static_cast<double>(calls) / seconds);
    }
    return best;
}

// Bytes a second of the load loop: both streams from L1, the stream of vectors from memory.
struct Machine {
    double l1;
    double memory_sequential;
    double memory_random;  // vectors of the row's dimension
};

struct Case {
    const Kernels* table;
    Machine machine;
    const Arena* arena;
    std::size_t dim;
};

enum class Order { kSequential, kRandom };

std::vector<const float*> vectors_of(const Arena& arena, std::size_t bytes, std::size_t dim, Order order) {
    const std::size_t count = std::max<std::size_t>(1, bytes / (dim * sizeof(float)));
    std::vector<const float*> vectors(count);
    for (std::size_t i = 0; i < count; ++i) vectors[i] = arena.data() + i * dim;
    if (order == Order::kRandom) std::shuffle(vectors.begin(), vectors.end(), std::mt19937(1));
    return vectors;
}

// load_rate is the load loop's in the same place and order, full_rate what the percentage is of: for vectors in random
// order that is the rate of sequential memory all the same.
void report(benchmark::State& state, double bytes_each_iteration, double load_rate, double full_rate) {
    using benchmark::Counter;
    const double bytes = bytes_each_iteration * static_cast<double>(state.iterations());
    state.counters["GB/s"] = Counter(bytes * 1e-9, Counter::kIsRate);
    state.counters["load_GB/s"] = load_rate * 1e-9;
    state.counters["percent"] = Counter(bytes * 100 / full_rate, Counter::kIsRate);
}

template <typename Kernel>
void run_l1(benchmark::State& state, const Case& c, Kernel kernel) {
    const auto vectors = vectors_of(*c.arena, kL1Bytes, c.dim, Order::kSequential);
    const float* query = c.arena->data() + kL1Bytes / sizeof(float);
    for (auto _ : state) {
        for (const float* v : vectors) benchmark::DoNotOptimize(kernel(query, v, c.dim));
    }
    report(state, static_cast<double>(vectors.size() * c.dim * 2 * sizeof(float)), c.machine.l1, c.machine.l1);
}

template <typename Result, typename Kernel>
void run_batch_l1(benchmark::State& state, const Case& c, Kernel kernel) {
    const auto vectors = vectors_of(*c.arena, kL1Bytes, c.dim, Order::kSequential);
    const float* query = c.arena->data() + kL1Bytes / sizeof(float);
    std::vector<Result> out(vectors.size());
    for (auto _ : state) {
        kernel(query, vectors.data(), vectors.size(), c.dim, out.data());
        benchmark::DoNotOptimize(out.data());
        benchmark::ClobberMemory();
    }
    report(state, static_cast<double>(vectors.size() * c.dim * 2 * sizeof(float)), c.machine.l1, c.machine.l1);
}

template <typename Result, typename Kernel>
void run_memory(benchmark::State& state, const Case& c, Kernel kernel, Order order) {
    const auto vectors = vectors_of(*c.arena, kMemoryBytes, c.dim, order);
    const std::size_t batch = order == Order::kRandom ? kHopBatch : kScanBatch;
    const float* query = c.arena->data() + kL1Bytes / sizeof(float);
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
    report(state, static_cast<double>(computed * c.dim * sizeof(float)), load_rate, c.machine.memory_sequential);
}

template <typename Result, typename Kernel, typename Batch>
void add(const Case& c, const std::string& name, Kernel kernel, Batch batch) {
    const std::string row = std::string(c.table->name) + "/" + name + "/" + std::to_string(c.dim);
    const auto add_row = [&](const std::string& suffix, auto run) {
        benchmark::RegisterBenchmark((row + suffix).c_str(), run)->MinTime(0.1);
    };
    add_row("/L1", [=](benchmark::State& s) { run_l1(s, c, kernel); });
    add_row("/L1 batch", [=](benchmark::State& s) { run_batch_l1<Result>(s, c, batch); });
    add_row("/memory sequential", [=](benchmark::State& s) { run_memory<Result>(s, c, batch, Order::kSequential); });
    add_row("/memory random", [=](benchmark::State& s) { run_memory<Result>(s, c, batch, Order::kRandom); });
}

}  // namespace

int main(int argc, char** argv) {
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;

    const Arena arena(kMemoryBytes);
    const float* query = arena.data() + kL1Bytes / sizeof(float);
    for (auto table = vectorx::supported_kernels(); *table != nullptr; ++table) {
        const Load load = load_loop((*table)->name);
        constexpr std::size_t kDim = 2048;
        Machine machine = {};
        machine.l1 = best_rate(2 * kL1Bytes, 100000,
                               [&] { return load(query, arena.data(), kDim, kL1Bytes / sizeof(float) / kDim); });
        machine.memory_sequential = best_rate(
            kMemoryBytes, 1, [&] { return load(query, arena.data(), kDim, kMemoryBytes / sizeof(float) / kDim); });
        std::printf("%s: load loop %.1f GB/s from L1, %.1f GB/s from memory\n", (*table)->name, machine.l1 * 1e-9,
                    machine.memory_sequential * 1e-9);
        for (const std::size_t dim : kDims) {
            const auto shuffled = vectors_of(arena, kMemoryBytes, dim, Order::kRandom);
            machine.memory_random = best_rate(kMemoryBytes, 1, [&] {
                float sum = 0;
                for (const float* v : shuffled) sum += load(query, v, dim, 1);
                return sum;
            });
            const Case c = {*table, machine, &arena, dim};
            add<float>(c, "l2_squared", c.table->l2_squared, c.table->l2_squared_batch);
            add<float>(c, "inner_product", c.table->inner_product, c.table->inner_product_batch);
            add<float>(c, "l1", c.table->l1, c.table->l1_batch);
            add<CosineSums>(c, "cosine", c.table->cosine, c.table->cosine_batch);
        }
    }
    std::fflush(stdout);
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
    return 0;
}
