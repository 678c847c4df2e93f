#pragma once
/// A graph in memory: nodes with their codes and edges, the tree that keeps them reachable, and
/// where walks begin.
///
/// Invariants
/// 1. Every node is reachable from the root: each other node has a parent, parents lead to the
/// root,
///    and the edge parent -> node is never pruned. No node is parent of more than degree / 4 nodes,
///    so tree edges leave room for the others.
/// 2. Edges lie in [0, size) and none repeats or leads to its own node.
/// 3. What is built depends on the vectors, the options and the sequence of insertions alone.

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "simile/base/bitmap.h"
#include "simile/base/prefetch.h"
#include "simile/index/graph/entry_table.h"
#include "simile/index/graph/node_layout.h"
#include "simile/index/index.h"

namespace simile::index {

/// The tree, and what is left to do.
struct GraphTree {
  std::vector<std::uint32_t> parents;  ///< kNoNode for the root and for nodes not in the graph
  std::vector<std::uint8_t> children;  ///< tree edges that start at each node
  std::uint32_t root = kNoNode;
  /// Nodes that a cancelled insertion left out; they have no edges yet.
  std::vector<std::uint32_t> pending;
  /// Nodes that are not in the graph and may be used for new vectors, the last one first.
  std::vector<std::uint32_t> unused;
  /// Nodes that have lost their vectors and are in the graph yet, as stepping stones: no edge is
  /// led to them any more, and graph_repair.h takes them out.
  Bitmap removed;
  std::size_t removed_count = 0;

  void resize(std::size_t nodes) {
    parents.resize(nodes, kNoNode);
    children.resize(nodes);
    removed.resize(nodes);
  }
  bool contains(std::uint32_t node) const { return parents[node] != kNoNode || node == root; }
  bool is_removed(std::uint32_t node) const { return removed_count != 0 && removed.test(node); }
  /// Nodes in the graph.
  std::size_t count() const { return parents.size() - pending.size() - unused.size(); }
  static std::uint64_t bytes_for(std::uint64_t nodes) {
    return nodes * (sizeof(std::uint32_t) + 1) + nodes / 8;
  }
  std::uint64_t memory_bytes() const {
    return (parents.capacity() + unused.capacity()) * sizeof(std::uint32_t) + children.capacity() +
           removed.size() / 8;
  }
};

template <class LayoutType>
struct Graph {
  using Layout = LayoutType;
  using Space = typename Layout::Space;

  Graph(VectorType type, Metric metric, const GraphOptions& graph_options)
      : options(graph_options),
        layout(Space(type, metric, options.seed).code_bytes(), options.degree),
        space(type, metric, options.seed, layout.tail_bytes()) {}

  std::size_t size() const { return tree.parents.size(); }
  const std::uint32_t* ids(std::uint32_t node) const { return layout.ids(space.row(node)); }
  /// Appends the edges of a node.
  void neighbors(std::uint32_t node, std::vector<std::uint32_t>& out) const {
    const std::uint32_t* places = ids(node);
    for (std::size_t i = 0; i < layout.places(); ++i) {
      if (places[i] != kNoNode) out.push_back(places[i]);
    }
  }
  /// Makes `wanted` the edges in a node's row; those it has already stay where they are.
  void set_neighbors(std::byte* row, std::span<const std::uint32_t> wanted);
  void clear_neighbors(std::uint32_t node);
  /// Gives nodes [size(), count) rows without edges.
  void resize(std::size_t count);

  /// Tree edges that may start at a node.
  std::uint32_t children_max() const {
    return std::max<std::uint32_t>(2, static_cast<std::uint32_t>(layout.places() / 4));
  }

  std::uint64_t memory_bytes() const {
    return space.memory_bytes() + tree.memory_bytes() + entries.memory_bytes();
  }

  GraphOptions options;
  Layout layout;
  Space space;
  GraphTree tree;
  EntryTable entries;
};

template <class Layout>
void Graph<Layout>::set_neighbors(std::byte* row, std::span<const std::uint32_t> wanted) {
  std::uint32_t* places = layout.ids(row);
  for (std::size_t i = 0; i < layout.places(); ++i) {
    if (places[i] != kNoNode && std::ranges::find(wanted, places[i]) == wanted.end()) {
      layout.clear_place(row, i);
    }
  }
  for (const std::uint32_t neighbor : wanted) {
    prefetch_lines<CacheLevel::kSecond>(space.row(neighbor), space.code_bytes());
  }
  std::size_t free = 0;
  for (const std::uint32_t neighbor : wanted) {
    if (std::find(places, places + layout.places(), neighbor) != places + layout.places()) continue;
    while (places[free] != kNoNode) ++free;
    layout.set_place(space, row, free, neighbor);
  }
}

template <class Layout>
void Graph<Layout>::clear_neighbors(std::uint32_t node) {
  layout.clear_places(space.row(node));
}

template <class Layout>
void Graph<Layout>::resize(std::size_t count) {
  const auto before = static_cast<std::uint32_t>(size());
  tree.resize(count);
  for (std::uint32_t node = before; node < count; ++node) clear_neighbors(node);
}

}  // namespace simile::index
