#pragma once
/// Takes vectors into a graph, by batches, the same for any number of threads.
///
/// Insertion (prefix doubling after Blelloch et al., "ParlayANN", PPoPP 2024), in a random order,
/// since rows often come sorted:
/// 1. In parallel, each node of the batch walks the graph as it was before the batch, and prunes
///    what it found to its own edges.
/// 2. One after the other, each gets a parent: the nearest of its edges that has room.
/// 3. The reverse edges are sorted by target, and each target, in parallel, takes its own in. Where
///    they do not fit, they are pruned together with the old ones, or, a few that come late into a
///    large graph, exchanged one by one (edge_swap.h).
/// The nodes of a batch cannot see each other, so a batch is at most a fiftieth of the graph, or as
/// large as the graph where it is refined afterwards.
///
/// Refinement, where many nodes were inserted at once: every one of them searches again, in the
/// whole graph, and chooses among what it finds and its present edges; reverse edges as before. The
/// first pass then needs little effort, and its large batches cost nothing. This is what the second
/// round of Vamana (DiskANN, NeurIPS 2019) and the iterations of SymphonyQG (SIGMOD 2025) are for.

#include "simile/index/graph/code_walk.h"
#include "simile/index/graph/graph.h"
#include "simile/index/graph/node_walk.h"

namespace simile::index {

/// Takes nodes in that have a row and a code, but no edges: `fresh`, and those that are pending.
/// After kCancelled the graph is whole, without the nodes that are pending then.
template <class Walk>
Status insert_nodes(Graph<typename Walk::Layout>& graph, std::span<const std::uint32_t> fresh,
                    const BuildContext& context);

/// Bytes of memory that insert_nodes() needs for `nodes` nodes that come at once into an empty
/// graph.
template <class Layout>
std::uint64_t build_bytes(const Graph<Layout>& graph, std::uint64_t nodes);

/// Edges stay; what rows and entries hold of codes is made anew, since all codes have changed.
template <class Layout>
void code_again(Graph<Layout>& graph, std::uint32_t threads);

}  // namespace simile::index
