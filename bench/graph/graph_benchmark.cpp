// The graph without PostgreSQL: how long a build takes, what it looks like, and the recall and speed of searches. See
// README.md in this folder.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <initializer_list>
#include <memory_resource>
#include <sstream>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/graph/local_graph.h"
#include "core/graph/search.h"
#include "npy.h"
#include "vectorx/plain_codec.h"

namespace vectorx::bench {
namespace {

struct Settings {
    std::string folder;
    GraphOptions graph;
    int threads = 1;
    bool half = false;
    Metric metric = Metric::kCosine;
    std::size_t k = 10;
    std::vector<int> efs{10, 20, 40, 60, 80, 120, 160, 320};
};

class Stopwatch {
 public:
    double seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

 private:
    using Clock = std::chrono::steady_clock;
    Clock::time_point start_ = Clock::now();
};

template <typename Element>
void normalize(Matrix<Element>& vectors) {
    constexpr bool kHalf = std::is_same_v<Element, Half>;
    std::vector<float> v(vectors.columns);
    for (std::size_t row = 0; row < vectors.rows; ++row) {
        Element* elements = vectors.values.data() + row * vectors.columns;
        double sum = 0;
        for (std::size_t i = 0; i < vectors.columns; ++i) {
            if constexpr (kHalf)
                v[i] = half_to_float(elements[i]);
            else
                v[i] = elements[i];
            sum += double{v[i]} * double{v[i]};
        }
        for (std::size_t i = 0; i < vectors.columns; ++i) {
            auto unit = static_cast<float>(v[i] / std::sqrt(sum));
            if constexpr (kHalf)
                elements[i] = float_to_half(unit);
            else
                elements[i] = unit;
        }
    }
}

template <typename Element>
const std::byte* payload(const Matrix<Element>& vectors, std::size_t row) {
    return reinterpret_cast<const std::byte*>(vectors[row]);
}

// For every query the distance of its true k-th neighbour: by gt.npy, which is by cosine, or else by looking at all.
template <typename Element>
std::vector<float> true_distances(const Settings& settings, const DenseCodec<Element>& codec,
                                  const Matrix<Element>& base, const Matrix<Element>& queries) {
    std::vector<float> kth;
    std::string path = settings.folder + "/gt.npy";
    if (settings.metric == Metric::kCosine && std::filesystem::exists(path)) {
        Matrix<std::int32_t> truth = read_row_numbers(path);
        if (truth.rows != queries.rows || truth.columns < settings.k) throw std::runtime_error(path + " does not fit");
        for (std::size_t q = 0; q < queries.rows; ++q) {
            // Which of the k is the farthest is a matter of rounding.
            float farthest = -INFINITY;
            for (std::size_t i = 0; i < settings.k; ++i) {
                auto row = static_cast<std::size_t>(truth[q][i]);
                if (row >= base.rows) throw std::runtime_error(path + " does not fit");
                farthest = std::max(farthest, codec.distance(payload(queries, q), payload(base, row)));
            }
            kth.push_back(farthest);
        }
        return kth;
    }
    std::vector<float> distances(base.rows);
    for (std::size_t q = 0; q < queries.rows; ++q) {
        for (std::size_t row = 0; row < base.rows; ++row)
            distances[row] = codec.distance(payload(queries, q), payload(base, row));
        auto nth = distances.begin() + static_cast<std::ptrdiff_t>(settings.k) - 1;
        std::nth_element(distances.begin(), nth, distances.end());
        kth.push_back(*nth);
    }
    return kth;
}

// How many of the k nearest rows that a search returned are as near as the true k-th.
template <typename Store>
std::size_t count_hits(Store& store, const std::pmr::vector<Candidate>& results, std::size_t k, float kth) {
    float limit = kth + 1e-6F * std::max(1.0F, std::fabs(kth));
    std::size_t rows = 0;
    std::size_t hits = 0;
    for (const Candidate& result : results) {
        for (NodeId node = result.node; node != kNoNode && rows < k; node = store.header(node).next_equal.load()) {
            ++rows;
            hits += result.distance <= limit;
        }
    }
    return hits;
}

template <typename Store>
void describe(Store& store) {
    std::size_t nodes = 0;
    std::size_t links = 0;
    NodeId neighbours[kMaxLinks];
    for (NodeId node = 0; node < store.node_count(); ++node) {
        if (store.header(node).merged) continue;
        ++nodes;
        links += static_cast<std::size_t>(store.links(node, 0, neighbours));
    }
    std::printf("%zu nodes of distinct vectors, %.1f links each on level 0\n\n", nodes,
                static_cast<double>(links) / static_cast<double>(nodes));
}

template <typename Store, typename Element>
void search(Store& store, const Settings& settings, const Matrix<Element>& queries, const std::vector<float>& kth) {
    std::printf("%6s  recall@%-3zu %9s\n", "ef", settings.k, "QPS");
    for (int ef : settings.efs) {
        auto wanted = static_cast<std::size_t>(ef);
        SearchScratch scratch(settings.graph, ef, std::pmr::new_delete_resource());
        std::size_t hits = 0;
        for (std::size_t q = 0; q < queries.rows; ++q) {
            search_graph(store, payload(queries, q), wanted, scratch);
            hits += count_hits(store, scratch.results, settings.k, kth[q]);
        }
        // The best of some rounds: what disturbs only makes slower.
        double best = INFINITY;
        Stopwatch total;
        do {
            Stopwatch round;
            for (std::size_t q = 0; q < queries.rows; ++q) search_graph(store, payload(queries, q), wanted, scratch);
            best = std::min(best, round.seconds());
        } while (total.seconds() < 1);
        std::printf("%6d  %10.4f %9.0f\n", ef,
                    static_cast<double>(hits) / static_cast<double>(queries.rows * settings.k),
                    static_cast<double>(queries.rows) / best);
    }
}

template <typename Element>
void measure(const Settings& settings) {
    auto base = read_vectors<Element>(settings.folder + "/base.npy");
    auto queries = read_vectors<Element>(settings.folder + "/query.npy");
    if (queries.columns != base.columns) throw std::runtime_error("base and queries differ in dimension");
    if (settings.k > base.rows) throw std::runtime_error("fewer vectors than are wanted");
    if (settings.metric == Metric::kCosine) normalize(base), normalize(queries);
    DenseCodec<Element> codec(settings.metric, base.columns);
    std::printf("%zu x %zu %s, m %d, ef_construction %d, %d threads, kernels %s\n", base.rows, base.columns,
                settings.half ? "float16" : "float32", settings.graph.m, settings.graph.ef_construction,
                settings.threads, kernels().name);

    LocalGraph<DenseCodec<Element>> graph(settings.graph, codec, static_cast<std::uint32_t>(base.rows));
    for (std::size_t row = 0; row < base.rows; ++row) graph.add(payload(base, row), row);
    Stopwatch merging;
    graph.merge(settings.threads);
    double merge_seconds = merging.seconds();
    Stopwatch linking;
    graph.link(settings.threads);
    double link_seconds = linking.seconds();
    move_root(graph.store(), std::pmr::new_delete_resource());
    std::printf("build %.2f s: merge %.2f, link %.2f\n", merge_seconds + link_seconds, merge_seconds, link_seconds);
    describe(graph.store());
    search(graph.store(), settings, queries, true_distances(settings, codec, base, queries));
}

constexpr const char* kUsage =
    "usage: graph_benchmark [-m M] [-c EF_CONSTRUCTION] [-t THREADS] [-d cosine|l2|ip|l1] [-s float|half] [-k K]\n"
    "                       [-e EF,EF,...] FOLDER\n"
    "FOLDER holds base.npy and query.npy (float32 or float16) and, where it is known, gt.npy (by cosine).";

template <typename Value>
Value named(const std::string& name, std::initializer_list<std::pair<const char*, Value>> values) {
    for (const auto& [known, value] : values)
        if (name == known) return value;
    throw std::runtime_error(name + "?\n" + kUsage);
}

int number(const std::string& text, int least, int most) {
    char* end = nullptr;
    long value = std::strtol(text.c_str(), &end, 10);
    if (text.empty() || *end != '\0' || value < least || value > most) {
        throw std::runtime_error("\"" + text + "\" is not a number from " + std::to_string(least) + " to " +
                                 std::to_string(most));
    }
    return static_cast<int>(value);
}

Settings parse(int argc, char** argv) {
    Settings settings;
    for (int option; (option = getopt(argc, argv, "m:c:t:d:s:k:e:")) != -1;) {
        switch (option) {
            case 'm':
                settings.graph.m = number(optarg, kMinM, kMaxM);
                break;
            case 'c':
                settings.graph.ef_construction = number(optarg, kMinEfConstruction, kMaxEfConstruction);
                break;
            case 't':
                settings.threads = number(optarg, 1, 1024);
                break;
            case 'd':
                settings.metric = named<Metric>(optarg, {{"cosine", Metric::kCosine},
                                                         {"l2", Metric::kL2},
                                                         {"ip", Metric::kInnerProduct},
                                                         {"l1", Metric::kL1}});
                break;
            case 's':
                settings.half = named<bool>(optarg, {{"float", false}, {"half", true}});
                break;
            case 'k':
                settings.k = static_cast<std::size_t>(number(optarg, 1, kMaxEfSearch));
                break;
            case 'e': {
                settings.efs.clear();
                std::stringstream list(optarg);
                for (std::string ef; std::getline(list, ef, ',');)
                    settings.efs.push_back(number(ef, kMinEfSearch, kMaxEfSearch));
                break;
            }
            default:
                throw std::runtime_error(kUsage);
        }
    }
    if (optind != argc - 1) throw std::runtime_error(kUsage);
    settings.folder = argv[optind];
    return settings;
}

}  // namespace
}  // namespace vectorx::bench

int main(int argc, char** argv) {
    using namespace vectorx::bench;
    try {
        Settings settings = parse(argc, argv);
        settings.half ? measure<vectorx::Half>(settings) : measure<float>(settings);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
    return 0;
}
