// k-means of the core (src/core/cluster) over a matrix in a .npy file: prints the seconds it took and writes the
// centroids, float32 row by row. bench/kmeans runs it beside other libraries.
#include <barrier>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "core/cluster/hierarchy.h"
#include "npy.h"

namespace vectorx::bench {
namespace {

class ThreadTeam final : public Team {
 public:
    ThreadTeam(std::barrier<>* barrier, bool leads) : barrier_(barrier), leads_(leads) {}
    bool leads() const override { return leads_; }
    void wait() override { barrier_->arrive_and_wait(); }
    void check_for_interrupts() override {}

 private:
    std::barrier<>* barrier_;
    bool leads_;
};

void run(const std::string& points, std::uint32_t clusters, int threads, std::uint64_t seed, const std::string& out) {
    const Matrix<float> matrix = read_vectors<float>(points);
    const auto count = static_cast<std::uint32_t>(matrix.rows);
    using Arrays = cluster::KMeansArrays<float>;
    std::vector<std::byte> memory(Arrays::bytes(count, clusters, matrix.columns));
    const Arrays arrays(memory.data(), count, clusters, matrix.columns);

    const auto start = std::chrono::steady_clock::now();
    // As other libraries leave their input as it was, the copy counts.
    std::copy(matrix.values.begin(), matrix.values.end(), arrays.points);
    KMeansOptions options;
    options.clusters = clusters;
    options.seed = seed;
    cluster::KMeansShared shared;
    std::barrier barrier(threads);
    std::vector<std::thread> team;
    for (int t = 0; t < threads; ++t) {
        team.emplace_back([&, t] {
            ThreadTeam self(&barrier, t == 0);
            const cluster::DenseSpace space(matrix.columns, false);
            cluster::Clusterer<cluster::DenseSpace>(space, options, arrays, count, &shared, &self,
                                                    std::pmr::get_default_resource())
                .run();
        });
    }
    for (std::thread& thread : team) thread.join();
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;

    std::ofstream file(out, std::ios::binary);
    file.write(reinterpret_cast<const char*>(arrays.centroids),
               static_cast<std::streamsize>(shared.result.clusters * matrix.columns * sizeof(float)));
    if (!file.flush()) throw std::runtime_error("cannot write " + out);
    std::printf("%.4f\n", seconds.count());
}

}  // namespace
}  // namespace vectorx::bench

int main(int argc, char** argv) {
    try {
        if (argc != 6) throw std::runtime_error("usage: kmeans_benchmark POINTS.npy CLUSTERS THREADS SEED CENTROIDS");
        vectorx::bench::run(argv[1], static_cast<std::uint32_t>(std::stoul(argv[2])), std::stoi(argv[3]),
                            std::stoull(argv[4]), argv[5]);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
    return 0;
}
