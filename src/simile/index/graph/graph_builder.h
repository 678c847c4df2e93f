#pragma once
/// Takes vectors into a graph, by batches, the same for any number of threads.
///
/// Insertion (prefix doubling after Blelloch et al., "ParlayANN", PPoPP 2024), in a random order,
/// since rows often come sorted:
/// 1. In parallel, each node of the batch walks the graph as it was before the batch, and prunes
/// what
///    it found to its own edges.
/// 2. One after the other, each gets a parent: the nearest of its edges that has room.
/// 3. The reverse edges are sorted by target, and each target, in parallel, takes its own in; where
///    they do not fit, they are pruned together with the old ones.
/// A batch is at most kBatchShare of the graph: its nodes cannot see each other.
///
/// Refinement, where many nodes were inserted at once: every one of them searches again, in the
/// whole graph, and chooses among what it finds and its present edges; reverse edges as before. The
/// first pass then needs little effort, and its large batches cost nothing. This is what the second
/// round of Vamana (DiskANN, NeurIPS 2019) and the iterations of SymphonyQG (SIGMOD 2025) are for.

#include "simile/index/graph/graph.h"
#include "simile/index/graph/node_walk.h"

namespace simile::index {

/// Takes nodes [graph.size(), graph.space.size()) in, and those that are pending. `recoded`: all
/// codes have changed. After kCancelled the graph is whole, without the nodes that are pending
/// then.
template <class Walk>
Status insert_nodes(Graph<typename Walk::Layout>& graph, bool recoded, const BuildContext& context);

}  // namespace simile::index
