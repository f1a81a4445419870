// What the tests of the graph share: vectors, exact search to compare with, and the invariants of a built graph.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <memory>
#include <memory_resource>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/graph/local_graph.h"
#include "core/graph/search.h"
#include "vectorx/graph.h"
#include "vectorx/metric.h"
#include "vectorx/plain_codec.h"

namespace vectorx::test {

inline std::pmr::memory_resource* memory() { return std::pmr::new_delete_resource(); }

// Vectors of `dim` elements, one after the other.
struct Vectors {
    std::size_t dim = 0;
    std::vector<float> values;

    std::size_t count() const { return values.size() / dim; }
    const float* operator[](std::size_t i) const { return values.data() + i * dim; }
    const std::byte* payload(std::size_t i) const { return reinterpret_cast<const std::byte*>((*this)[i]); }
    void push_back(const float* vector) { values.insert(values.end(), vector, vector + dim); }
    Vectors slice(std::size_t begin, std::size_t end) const {
        return {dim,
                {values.begin() + static_cast<std::ptrdiff_t>(begin * dim),
                 values.begin() + static_cast<std::ptrdiff_t>(end * dim)}};
    }
};

// `count` vectors around `clusters` centres, each with a spread between half of the centres' own and all of it, so that
// clusters neither fall apart nor melt into one.
inline Vectors gaussian_mixture(std::size_t count, std::size_t dim, std::size_t clusters, unsigned seed) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    std::vector<float> centres(clusters * dim);
    for (float& x : centres) x = normal(random);
    Vectors vectors{dim, std::vector<float>(count * dim)};
    for (std::size_t i = 0; i < count; ++i) {
        const float* centre = centres.data() + random() % clusters * dim;
        float spread = 0.5F + 0.5F * static_cast<float>(random() % 1000) / 1000.0F;
        for (std::size_t j = 0; j < dim; ++j) vectors.values[i * dim + j] = centre[j] + spread * normal(random);
    }
    return vectors;
}

// Of unit length, as payloads of the cosine metric are.
inline void normalize(Vectors& vectors) {
    for (std::size_t i = 0; i < vectors.count(); ++i) {
        float* v = vectors.values.data() + i * vectors.dim;
        double sum = 0;
        for (std::size_t j = 0; j < vectors.dim; ++j) sum += double{v[j]} * double{v[j]};
        for (std::size_t j = 0; j < vectors.dim; ++j) v[j] = static_cast<float>(v[j] / std::sqrt(sum));
    }
}

// The last column, "[x,x,…]", of every line of a file in COPY's text format.
inline Vectors read_vectors(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw std::runtime_error("cannot read " + path);
    std::string text{std::istreambuf_iterator<char>(file), {}};
    Vectors vectors;
    const char* end = text.data() + text.size();
    for (const char* line = text.data(); line < end;) {
        const char* line_end = std::find(line, end, '\n');
        std::size_t before = vectors.values.size();
        // The column begins behind the last tab; the text before it may hold brackets.
        const char* at = line_end;
        while (at > line && at[-1] != '\t') --at;
        while (at < line_end && *at != ']') {
            float value = 0;
            auto [rest, error] = std::from_chars(at + 1, line_end, value);
            if (error != std::errc() || rest == line_end) throw std::runtime_error("no vector in a line of " + path);
            vectors.values.push_back(value);
            at = rest;
        }
        if (vectors.dim == 0) vectors.dim = vectors.values.size();
        if (vectors.dim == 0 || vectors.values.size() - before != vectors.dim)
            throw std::runtime_error("vectors of different length in " + path);
        line = line_end + 1;
    }
    return vectors;
}

// The sample that the project ships (examples/README.md): 5,000 packages and 100 questions of 384 dimensions.
inline const Vectors& sample_base() {
    static const Vectors vectors = read_vectors(VECTORX_SAMPLE_FOLDER "/packages.copy");
    return vectors;
}
inline const Vectors& sample_queries() {
    static const Vectors vectors = read_vectors(VECTORX_SAMPLE_FOLDER "/queries.copy");
    return vectors;
}

using Graph = LocalGraph<DenseCodec<float>>;

// A graph of all vectors, not built yet; row i is vector i.
inline std::unique_ptr<Graph> load(const Vectors& vectors, Metric metric, const GraphOptions& options = {}) {
    auto graph = std::make_unique<Graph>(options, DenseCodec<float>(metric, vectors.dim),
                                         static_cast<std::uint32_t>(vectors.count()));
    for (std::size_t i = 0; i < vectors.count(); ++i) graph->add(vectors.payload(i), i);
    return graph;
}

// The nodes that stand for themselves.
template <typename Store>
std::vector<NodeId> unmerged_nodes(Store& store) {
    std::vector<NodeId> nodes;
    for (NodeId node = 0; node < store.node_count(); ++node)
        if (!store.header(node).merged) nodes.push_back(node);
    return nodes;
}

// The share of the `k` nearest that a search with `ef` returns, over all queries. A result counts if it is as near as
// the true k-th; what is searched, exactly and by the graph, are `nodes`.
template <typename Store>
double recall(Store& store, const std::vector<NodeId>& nodes, const Vectors& queries, std::size_t k, std::size_t ef) {
    SearchScratch scratch(store.options(), static_cast<int>(ef), memory());
    std::size_t hits = 0;
    std::size_t wanted = std::min(k, nodes.size());
    std::vector<float> exact(nodes.size());
    for (std::size_t q = 0; q < queries.count(); ++q) {
        for (std::size_t i = 0; i < nodes.size(); ++i)
            exact[i] = store.distance(queries.payload(q), store.payload(nodes[i]));
        std::nth_element(exact.begin(), exact.begin() + static_cast<std::ptrdiff_t>(wanted) - 1, exact.end());
        float kth = exact[wanted - 1];
        search_graph(store, queries.payload(q), ef, scratch);
        std::set<NodeId> seen;
        for (std::size_t i = 0; i < std::min(wanted, scratch.results.size()); ++i)
            if (scratch.results[i].distance <= kth && seen.insert(scratch.results[i].node).second) ++hits;
    }
    return static_cast<double>(hits) / static_cast<double>(wanted * queries.count());
}

// The nodes that can be reached from `start` over the links of level 0.
template <typename Store>
std::set<NodeId> reachable_from(Store& store, NodeId start) {
    std::set<NodeId> reached{start};
    std::vector<NodeId> queue{start};
    NodeId links[kMaxLinks];
    while (!queue.empty()) {
        NodeId node = queue.back();
        queue.pop_back();
        int count = store.links(node, 0, links);
        for (int i = 0; i < count; ++i)
            if (reached.insert(links[i]).second) queue.push_back(links[i]);
    }
    return reached;
}

template <typename Store>
std::size_t unreachable(Store& store, const std::vector<NodeId>& nodes) {
    std::set<NodeId> reached = reachable_from(store, store.entry_point().node);
    return static_cast<std::size_t>(
        std::count_if(nodes.begin(), nodes.end(), [&](NodeId node) { return reached.count(node) == 0; }));
}

// The parents of `nodes` are a tree whose root is the entry point, and each one's list holds its children.
template <typename Store>
void expect_tree(Store& store, const std::vector<NodeId>& nodes) {
    NodeId root = store.entry_point().node;
    ASSERT_EQ(store.parent(root), root);
    std::set<NodeId> known(nodes.begin(), nodes.end());
    std::set<NodeId> anchored{root};
    NodeId links[kMaxLinks];
    for (NodeId first : nodes) {
        std::vector<NodeId> path;
        for (NodeId node = first; anchored.insert(node).second; node = store.parent(node)) {
            ASSERT_TRUE(known.count(node) == 1) << "parents lead from " << first << " to " << node;
            NodeId parent = store.parent(node);
            int count = store.links(parent, 0, links);
            ASSERT_EQ(std::count(links, links + count, node), 1) << parent << " does not hold its child " << node;
            ASSERT_EQ(std::count(path.begin(), path.end(), parent), 0) << "a circle";
            path.push_back(node);
        }
    }
}

// What holds for the lists of `nodes` at any time: every one within its capacity, its parts sorted, without a link to
// itself, without a link twice, and with links to others of `nodes` only, which reach the level; distances are those
// of the payloads.
template <typename Store>
void expect_sound_lists(Store& store, const std::vector<NodeId>& nodes) {
    std::set<NodeId> known(nodes.begin(), nodes.end());
    for (NodeId node : nodes) {
        for (int level = 0; level <= store.header(node).level; ++level) {
            SCOPED_TRACE("node " + std::to_string(node) + " on level " + std::to_string(level));
            LinkList list;
            NodeId ids[kMaxLinks];
            store.read_links(node, store.payload(node), level, &list);
            ASSERT_EQ(store.links(node, level, ids), list.count);
            ASSERT_LE(list.count, store.options().links_at(level));
            ASSERT_GE(list.strict, 0);
            ASSERT_LE(list.strict, list.count);
            std::set<NodeId> distinct;
            for (int i = 0; i < list.count; ++i) {
                NodeId other = list.links[i].node;
                ASSERT_EQ(ids[i], other);
                ASSERT_NE(other, node);
                ASSERT_TRUE(distinct.insert(other).second) << "two links to node " << other;
                ASSERT_TRUE(known.count(other) == 1) << "a link to node " << other;
                ASSERT_GE(store.header(other).level, level) << "a link to node " << other;
                ASSERT_EQ(list.links[i].distance, store.distance(store.payload(node), store.payload(other)));
            }
            ASSERT_TRUE(std::is_sorted(list.links, list.links + list.strict));
            ASSERT_TRUE(std::is_sorted(list.links + list.strict, list.links + list.count));
        }
    }
}

// A built graph: sound lists, an entry point on the highest level, and a way from it to everybody.
template <typename Store>
void expect_built(Store& store) {
    std::vector<NodeId> nodes = unmerged_nodes(store);
    ASSERT_NO_FATAL_FAILURE(expect_sound_lists(store, nodes));
    EntryPoint entry = store.entry_point();
    if (nodes.empty()) {
        EXPECT_EQ(entry.node, kNoNode);
        return;
    }
    int highest = 0;
    for (NodeId node : nodes) highest = std::max<int>(highest, store.header(node).level);
    ASSERT_NE(entry.node, kNoNode);
    EXPECT_FALSE(store.header(entry.node).merged);
    EXPECT_EQ(entry.level, highest);
    EXPECT_EQ(store.header(entry.node).level, highest);
    EXPECT_EQ(unreachable(store, nodes), 0U);
    expect_tree(store, nodes);
}

// Every row of 0 … rows - 1 is in exactly one chain, the vectors of a chain are equal, and those of two are not.
template <typename Store>
void expect_merged(Store& store, std::size_t rows) {
    std::vector<int> met(rows, 0);
    std::set<std::vector<std::byte>> heads;
    std::size_t size = store.codec().payload_size();
    for (NodeId head : unmerged_nodes(store)) {
        const std::byte* payload = store.payload(head);
        EXPECT_TRUE(heads.emplace(payload, payload + size).second) << "node " << head << " was not merged";
        for (NodeId node = head; node != kNoNode; node = store.header(node).next_equal.load()) {
            ASSERT_LT(store.header(node).row, rows);
            ASSERT_EQ(++met[store.header(node).row], 1) << "row " << store.header(node).row << " was met again";
            EXPECT_EQ(store.header(node).merged, node != head);
            EXPECT_TRUE(std::equal(payload, payload + size, store.payload(node)));
        }
    }
    for (std::size_t row = 0; row < rows; ++row) EXPECT_EQ(met[row], 1) << "row " << row;
}

}  // namespace vectorx::test
