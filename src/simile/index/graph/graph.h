#pragma once
/// A graph in memory: nodes with their codes and edges, the tree that keeps them reachable, and
/// where walks begin.
///
/// Invariants
/// 1. Every node is reachable from the root (the node inserted first): each other node has a
/// parent,
///    inserted before it, and the edge parent -> node is never pruned. No node is parent of more
///    than degree / 4 nodes, so tree edges leave room for the others.
/// 2. Edges lie in [0, size) and none repeats or leads to its own node.
/// 3. What is built depends on the vectors, the options and the sequence of insertions alone.

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

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

  bool contains(std::uint32_t node) const { return parents[node] != kNoNode || node == root; }
  std::uint64_t memory_bytes() const {
    return parents.capacity() * sizeof(std::uint32_t) + children.capacity();
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
  /// Makes `wanted` the edges of a node; those it has already stay where they are.
  void set_neighbors(std::uint32_t node, std::span<const std::uint32_t> wanted);
  /// Gives nodes [size(), count) rows without edges.
  void resize(std::size_t count);

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
void Graph<Layout>::set_neighbors(std::uint32_t node, std::span<const std::uint32_t> wanted) {
  std::byte* row = space.row(node);
  std::uint32_t* places = layout.ids(row);
  for (std::size_t i = 0; i < layout.places(); ++i) {
    if (places[i] != kNoNode && std::ranges::find(wanted, places[i]) == wanted.end()) {
      layout.clear_place(row, i);
    }
  }
  for (const std::uint32_t neighbor : wanted) __builtin_prefetch(space.row(neighbor));
  std::size_t free = 0;
  for (const std::uint32_t neighbor : wanted) {
    if (std::find(places, places + layout.places(), neighbor) != places + layout.places()) continue;
    while (places[free] != kNoNode) ++free;
    layout.set_place(space, row, free, neighbor);
  }
}

template <class Layout>
void Graph<Layout>::resize(std::size_t count) {
  const auto before = static_cast<std::uint32_t>(size());
  tree.parents.resize(count, kNoNode);
  tree.children.resize(count);
  for (std::uint32_t node = before; node < count; ++node) {
    std::byte* row = space.row(node);
    for (std::size_t i = 0; i < layout.places(); ++i) layout.clear_place(row, i);
  }
}

}  // namespace simile::index
