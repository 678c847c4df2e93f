#pragma once
/// A navigable graph that grows by batches, the same for any number of threads.
///
/// Invariants
/// 1. Every node is reachable from the root (the node inserted first): each other node has a
/// parent,
///    inserted before it, and the edge parent -> node is never pruned. No node is parent of more
///    than degree / 4 nodes, so tree edges leave room for the others.
/// 2. Edges lie in [0, size) and none repeats or leads to its own node.
/// 3. What is built depends on the space, the options and the sequence of insert() calls alone.
///
/// Insertion of a batch (prefix doubling after Blelloch et al., "ParlayANN", PPoPP 2024):
/// 1. The batch is at most 2% of the graph so far, so that what its nodes cannot see (each other)
///    does not matter. Nodes are inserted in a random order, since rows often come sorted.
/// 2. In parallel, each node of the batch walks the graph as it was before the batch, and prunes
/// the
///    beam to its own edges.
/// 3. One after the other, each gets a parent: the nearest of its edges that has room.
/// 4. The reverse edges are sorted by target, and each target, in parallel, takes its own in; where
///    they do not fit, they are pruned together with the old ones.

#include <cstdint>
#include <span>
#include <vector>

#include "simile/base/bitmap.h"
#include "simile/index/graph/adjacency.h"
#include "simile/index/index.h"

namespace simile::index {

struct GraphCore {
  explicit GraphCore(const GraphOptions& graph_options)
      : options(graph_options), edges(graph_options.degree) {}

  std::uint64_t memory_bytes() const;

  GraphOptions options;
  Adjacency edges;
  std::vector<std::uint32_t> parents;  ///< kNoNode for the root
  std::vector<std::uint8_t> children;  ///< tree edges that start at each node
  std::vector<std::uint32_t> entries;  ///< where walks begin; the root first
  /// Nodes that a cancelled insertion left out; they have no edges yet.
  std::vector<std::uint32_t> pending;
  /// Nodes whose edges changed; whoever keeps a copy of the edges clears it.
  Bitmap changed;
};

/// Takes nodes [core.edges.size(), space.size()) into the graph, and those that are pending. After
/// kCancelled the graph is whole, without the nodes that are pending then.
template <class Space>
Status insert_nodes(const Space& space, GraphCore& core, const BuildContext& context);

}  // namespace simile::index
