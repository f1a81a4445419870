// The vocabulary of the HNSW graph (Malkov and Yashunin, arXiv 1603.09320) and the Store concept over which its
// algorithms are written once (src/core/graph). Three stores implement it: private memory and shared memory
// (src/core/graph/memory_store.h) and buffer pages (src/pg/hnsw/page_store.h).
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <vector>

#include "vectorx/hash.h"

namespace vectorx {

// A node of the graph: one distinct vector. What the number means (an index, a block and a slot) is the store's affair.
using NodeId = std::uint32_t;
inline constexpr NodeId kNoNode = 0xFFFFFFFF;

// A node and its distance to whatever is searched for. Distances are the codec's: smaller is nearer, never NaN.
struct Candidate {
    float distance;
    NodeId node;

    // A total order, so that results do not depend on the order in which nodes were met.
    friend bool operator<(const Candidate& a, const Candidate& b) {
        return a.distance < b.distance || (a.distance == b.distance && a.node < b.node);
    }
    friend bool operator>(const Candidate& a, const Candidate& b) { return b < a; }
};

// Where searches start: a node on the highest level, or kNoNode in an empty graph.
struct EntryPoint {
    NodeId node = kNoNode;
    int level = -1;
};

inline constexpr int kMinM = 2;
inline constexpr int kMaxM = 100;
inline constexpr int kDefaultM = 16;
inline constexpr int kMinEfConstruction = 4;
inline constexpr int kMaxEfConstruction = 1000;
inline constexpr int kDefaultEfConstruction = 64;
inline constexpr int kMinEfSearch = 1;
inline constexpr int kMaxEfSearch = 1000;
inline constexpr int kDefaultEfSearch = 40;

inline constexpr int kMaxLevel = 30;
inline constexpr int kMaxLinks = 2 * kMaxM;

struct GraphOptions {
    int m = kDefaultM;                             // links of a node on each upper level; twice as many on level 0
    int ef_construction = kDefaultEfConstruction;  // candidates kept while a node's neighbours are looked for

    int links_at(int level) const { return level == 0 ? 2 * m : m; }
};

// The level of a new node: floor(-ln(u) / ln(m)) as in the paper, with u drawn from `key` (its bits are mixed here, so
// a row's address is good enough). The same key gives the same level.
inline int level_for(std::uint64_t key, int m) {
    double u = (static_cast<double>(random_at(key) >> 11) + 1.0) * 0x1.0p-53;  // in (0, 1]
    double level = -std::log(u) / std::log(static_cast<double>(m));
    return level < kMaxLevel ? static_cast<int>(level) : kMaxLevel;
}

// What a search needs of a store.
//
// What form a query has is the codec's affair (codec.h). A node that stays in the graph only until
// vacuum has routed around it is not "live": searches walk through it, but neither return it nor link to it.
template <typename S>
concept SearchStore = requires(S& s, const std::byte* query, const NodeId* nodes, int count, Candidate* out, bool* live,
                               NodeId node, int level, NodeId* links) {
    { s.options() } -> std::convertible_to<const GraphOptions&>;
    { s.entry_point() } -> std::same_as<EntryPoint>;
    // Distances from the query to `count` (at most kMaxLinks) nodes, and whether each is live.
    s.evaluate(query, nodes, count, out, live);
    // Copies the neighbours of `node` on `level` and returns their number, at most options().links_at(level);
    // 0 when the node is not there or does not reach that level.
    { s.links(node, level, links) } -> std::convertible_to<int>;
    s.check_for_interrupts();
};

// The neighbours of a node on one level, with their distances from it. First those that passed the strict heuristic,
// then those that fill the remaining places, each part nearest first; so a full list knows what to give up.
struct LinkList {
    LinkList() = default;
    LinkList(const LinkList& other) { *this = other; }
    // Lists are much shorter than they may be.
    LinkList& operator=(const LinkList& other) {
        count = other.count;
        strict = other.strict;
        std::copy(other.links, other.links + other.count, links);
        return *this;
    }

    int count = 0;
    int strict = 0;
    Candidate links[kMaxLinks];
};

enum class LinkUpdate { kDone, kChanged, kGone };

// What inserting and repairing need besides. No algorithm holds a lock: a list is read, a new one computed, and then
// swapped in if the list is still the one that was read.
//
// On level 0 the nodes are a tree: each has a parent, whose list holds it, and the parents lead to the root, which is
// its own. So a walk that begins at the root meets everybody, whatever else lists give up.
template <typename S>
concept GraphStore = SearchStore<S> &&
    requires(S& s, const std::byte* payload, NodeId node, int level, LinkList* read, const LinkList& expected,
             const LinkList& desired, std::pmr::vector<std::byte>& room) {
    // The payload of a node, valid until the next call of release_payloads().
    { s.payload(node) } -> std::same_as<const std::byte*>;
    s.release_payloads();
    // The payload as a query: itself, or in `room`.
    { s.query(payload, room) } -> std::same_as<const std::byte*>;
    { s.distance(payload, payload) } -> std::same_as<float>;
    // Whether ratios of distances mean something, as they do not where distances can be negative.
    { s.has_ratios() } -> std::same_as<bool>;
    { s.is_live(node) } -> std::same_as<bool>;
    // The parent of a node; its own number for the root, kNoNode for a node that nobody links to yet.
    { s.parent(node) } -> std::same_as<NodeId>;
    // Reads the list of `node`, whose payload the caller has. An empty list for a node that is not there.
    s.read_links(node, payload, level, read);
    // Replaces the list of `node` on `level`. kChanged: it is no longer `expected` and was left alone.
    // kGone: the node is no longer live, or does not reach the level.
    // What `desired` leaves out on level 0 must not be a live child of `node`; if it has become one meanwhile:
    // kChanged.
    { s.replace_links(node, level, expected, desired) } -> std::same_as<LinkUpdate>;
    // The same on level 0, and at once makes `node` the parent of the second one, which `desired` holds.
    { s.adopt(node, node, expected, desired) } -> std::same_as<LinkUpdate>;
};

}  // namespace vectorx
