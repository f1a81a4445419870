// A graph of points in the plane that a test writes down by hand, with hooks to play another inserter.
#pragma once

#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "vectorx/graph.h"

namespace vectorx::test {

struct Point {
    float x;
    float y;
};

// Distances are squared Euclidean ones or, without ratios, negated inner products.
class PointStore {
 public:
    explicit PointStore(int m, bool ratios = true) : ratios_(ratios) { options_.m = m; }

    NodeId add(Point point, int level = 0) {
        points.push_back(point);
        levels.push_back(level);
        live.push_back(true);
        parents.push_back(kNoNode);
        return static_cast<NodeId>(points.size() - 1);
    }
    static const std::byte* as_payload(const Point& point) { return reinterpret_cast<const std::byte*>(&point); }
    Candidate candidate(NodeId owner, NodeId node) const { return {distance(payload(owner), payload(node)), node}; }

    // Sets a list with the `strict` first of `nodes` as its strict part.
    void set_links(NodeId owner, int level, const std::vector<NodeId>& nodes, int strict = 0) {
        LinkList& list = lists[{owner, level}];
        list.count = 0;
        list.strict = strict;
        for (NodeId node : nodes) list.links[list.count++] = candidate(owner, node);
    }
    std::vector<NodeId> linked(NodeId owner, int level) const {
        std::vector<NodeId> nodes;
        auto list = lists.find({owner, level});
        for (int i = 0; list != lists.end() && i < list->second.count; ++i) nodes.push_back(list->second.links[i].node);
        return nodes;
    }

    // -- GraphStore

    const GraphOptions& options() const { return options_; }
    EntryPoint entry_point() const { return entry; }
    void evaluate(const std::byte* query, const NodeId* nodes, int count, Candidate* out, bool* out_live) {
        for (int i = 0; i < count; ++i) {
            out[i] = {distance(query, payload(nodes[i])), nodes[i]};
            out_live[i] = live[nodes[i]];
            ++evaluated[nodes[i]];
        }
    }
    int links(NodeId node, int level, NodeId* out) {
        expanded.emplace_back(node, level);
        std::vector<NodeId> nodes = linked(node, level);
        std::copy(nodes.begin(), nodes.end(), out);
        return static_cast<int>(nodes.size());
    }
    void check_for_interrupts() { ++interrupt_checks; }
    const std::byte* payload(NodeId node) const { return as_payload(points[node]); }
    void release_payloads() {}
    bool is_live(NodeId node) const { return live[node]; }
    NodeId parent(NodeId node) const { return parents[node]; }
    float distance(const std::byte* a, const std::byte* b) const {
        const auto& p = *reinterpret_cast<const Point*>(a);
        const auto& q = *reinterpret_cast<const Point*>(b);
        if (!ratios_) return -(p.x * q.x + p.y * q.y);
        return (p.x - q.x) * (p.x - q.x) + (p.y - q.y) * (p.y - q.y);
    }
    bool has_ratios() const { return ratios_; }
    void read_links(NodeId node, const std::byte*, int level, LinkList* out) {
        auto list = lists.find({node, level});
        if (list == lists.end())
            out->count = out->strict = 0;
        else
            *out = list->second;
    }
    LinkUpdate replace_links(NodeId node, int level, const LinkList& expected, const LinkList& desired) {
        ++replacements;
        if (before_replace) before_replace(node, level);
        if (!live[node]) return LinkUpdate::kGone;
        LinkList& list = lists[{node, level}];
        if (list.count != expected.count) return LinkUpdate::kChanged;
        for (int i = 0; i < list.count; ++i)
            if (list.links[i].node != expected.links[i].node) return LinkUpdate::kChanged;
        list = desired;
        replaced.emplace_back(node, level);
        return LinkUpdate::kDone;
    }

    LinkUpdate adopt(NodeId owner, NodeId node, const LinkList& expected, const LinkList& desired) {
        LinkUpdate update = replace_links(owner, 0, expected, desired);
        if (update == LinkUpdate::kDone) parents[node] = owner;
        return update;
    }

    std::vector<Point> points;
    std::vector<int> levels;
    std::vector<bool> live;
    std::vector<NodeId> parents;
    std::map<std::pair<NodeId, int>, LinkList> lists;
    EntryPoint entry;

    std::function<void(NodeId, int)> before_replace;
    int replacements = 0;
    int interrupt_checks = 0;
    std::map<NodeId, int> evaluated;               // how often each
    std::vector<std::pair<NodeId, int>> expanded;  // nodes and levels, in order
    std::vector<std::pair<NodeId, int>> replaced;

 private:
    GraphOptions options_;
    bool ratios_;
};

static_assert(GraphStore<PointStore>);

}  // namespace vectorx::test
