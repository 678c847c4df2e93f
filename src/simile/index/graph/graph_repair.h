#pragma once
/// Takes removed nodes out of a graph, in place, so that their memory serves new ones.
///
/// 1. Children of removed nodes get other parents: the nearest node over their edges that has room
///    and does not hang below them. Where the root was removed, one of them becomes the root. The
///    edge from the parent takes the place of one that leads to a removed node, or a free one, or
///    that of the farthest neighbour.
/// 2. Each node that has edges to removed nodes looks for others among the edges of those, whose
///    rows estimate the distances, and takes what no edge it has leads closer to, then what is
///    least in the way (as prune.h does, but by the codes in its own row).
/// 3. No edge leads to a removed node now; entries are chosen anew, and the nodes are unused.
///
/// Between two pieces of 2, and after kCancelled there, the graph is whole: removed nodes are
/// stepping stones until the end. In place deletion is from Xu et al., "In-Place Updates of a Graph
/// Index for Streaming Approximate Nearest Neighbor Search" (2025), which looks for the in-edges by
/// a search and misses some; one pass over all nodes, which costs as much for each removed node
/// where one in fifty is, finds them all.

#include "simile/index/graph/graph.h"

namespace simile::index {

/// At least one node of the graph is not removed. The same for any number of threads.
template <class Layout>
Status take_out_removed(Graph<Layout>& graph, const BuildContext& context);

}  // namespace simile::index
