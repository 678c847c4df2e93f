#pragma once
/// One edge more for a node whose places are all taken, without a look at any of its neighbours:
/// the codes in its own row give their distances, estimated, to the newcomer and to the node
/// itself. Pruning anew (prune.h) would fetch every neighbour from memory; an insertion into
/// 200,000 vectors of 128 components took twice as long with it.
///
/// 1. The newcomer is in the way of a neighbour that lies farther from the node than itself, and
///    nearer to the newcomer; and a neighbour is in the way of the newcomer likewise. How much is a
///    ratio, as in prune.h.
/// 2. The neighbour that the newcomer is most in the way of loses its place; where there is none,
///    the farthest does. Not if something is in the newcomer's way more than that, and than is
///    usual for edges that fill a row.
/// 3. Tree edges stay.

#include <algorithm>
#include <cstdint>
#include <limits>

#include "simile/base/half.h"
#include "simile/index/graph/graph.h"

namespace simile::index {

/// A newcomer, ready to be compared with rows: made once, used for each of its edges.
struct SwapSource {
  quantization::Int8Space::FusedQuery query;
  quantization::NeighborQuery tables;

  void prepare(const Graph<FusedLayout>& graph, std::uint32_t node) {
    graph.space.prepare_node(node, query);
    graph.layout.codec().prepare(query.projected(), tables);
  }
};

/// Where `source` takes the place of a neighbour of `target`, or nothing happens. All places of
/// `target` are taken, and none by `source`. `row` is that of the target, or a copy that takes its
/// place. The same on every machine.
inline void swap_edge(Graph<FusedLayout>& graph, std::uint32_t target, std::byte* row,
                      std::uint32_t source, const SwapSource& prepared) {
  // Places are filled with neighbours that something is in the way of, too.
  constexpr float kTolerated = 1.5f;
  const auto& codec = graph.layout.codec();
  const auto estimate = kernels::neighbor_code_functions().estimate;
  const float apart = prepared.query.distance(row, graph.space.squared(target)) / codec.unit();

  struct Place {
    float ratio = 1;     // how much the newcomer is in the way
    float distance = 0;  // of the neighbour from the node
    std::size_t place = 0;
  };
  Place crowded;
  Place farthest;
  float own_ratio = 0;
  farthest.distance = apart;
  for (std::size_t b = 0; b < graph.layout.blocks(); ++b) {
    alignas(64) float to_source[kernels::kBlockCodes];
    alignas(64) float to_target[kernels::kBlockCodes];
    const kernels::NeighborBlock block = graph.layout.block(row, b);
    constexpr float kAll = std::numeric_limits<float>::infinity();
    estimate(block, prepared.tables.tables(), apart, kAll, {}, to_source);
    for (std::size_t i = 0; i < kernels::kBlockCodes; ++i) {
      to_target[i] = codec.squared_of(float16_to_float(block.factors[i]));
    }
    for (std::size_t i = 0; i < kernels::kBlockCodes; ++i) {
      const std::size_t place = b * kernels::kBlockCodes + i;
      const float between = std::max(to_source[i], 1e-9f);
      if (to_target[i] < apart) {
        own_ratio = std::max(own_ratio, apart / between);
        continue;
      }
      const float ratio = to_target[i] / between;
      const bool more = ratio > crowded.ratio;
      const bool farther = to_target[i] > farthest.distance;
      if (!more && !farther) continue;
      if (graph.tree.parents[graph.layout.ids(row)[place]] == target) continue;
      if (more) crowded = {ratio, to_target[i], place};
      if (farther) farthest = {1, to_target[i], place};
    }
  }
  if (own_ratio >= std::max(crowded.ratio, kTolerated)) return;
  if (crowded.ratio > 1) {
    graph.layout.set_place(graph.space, row, crowded.place, source);
  } else if (farthest.distance > apart) {
    graph.layout.set_place(graph.space, row, farthest.place, source);
  }
}

}  // namespace simile::index
