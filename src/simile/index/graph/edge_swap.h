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

inline constexpr std::size_t kNoPlace = ~std::size_t{0};

/// The place in a node's row that a newcomer takes, or kNoPlace where it is better without it,
/// which does not count if it `must` have one. All places of `row`, that of `target` or a copy of
/// it, are taken, and none by the newcomer. The same on every machine.
inline std::size_t place_to_swap(const Graph<FusedLayout>& graph, std::uint32_t target,
                                 const std::byte* row, const SwapSource& newcomer, bool must) {
  // Places are filled with neighbours that something is in the way of, too.
  constexpr float kTolerated = 1.5f;
  constexpr std::size_t kBlock = kernels::kBlockCodes;
  constexpr std::size_t kPlacesMax = 128;
  constexpr float kAll = std::numeric_limits<float>::infinity();
  const auto& codec = graph.layout.codec();
  const auto estimate = kernels::neighbor_code_functions().estimate;
  const float apart = newcomer.query.distance(row) / codec.unit();
  alignas(64) float to_target[kPlacesMax];
  alignas(64) float ratios[kPlacesMax];  // how much the newcomer is in the way of neighbours
  float own_ratio = 0;                   // and they in its
  for (std::size_t b = 0; b < graph.layout.blocks(); ++b) {
    alignas(64) float to_source[kBlock];
    alignas(64) float factors[kBlock];
    alignas(64) float in_its_way[kBlock];
    const kernels::NeighborBlock block = graph.layout.block(row, b);
    estimate(block, newcomer.tables.tables(), apart, kAll, {}, to_source);
    for (std::size_t i = 0; i < kBlock; ++i) factors[i] = float16_to_float(block.factors[i]);
    for (std::size_t i = 0; i < kBlock; ++i) {
      const float distance = codec.squared_of(factors[i]);
      const float between = std::max(to_source[i], 1e-9f);
      const float ratio = std::max(distance, apart) / between;
      to_target[b * kBlock + i] = distance;
      ratios[b * kBlock + i] = distance < apart ? 0.0f : ratio;
      in_its_way[i] = distance < apart ? ratio : 0.0f;
    }
    for (const float ratio : in_its_way) own_ratio = std::max(own_ratio, ratio);
  }
  // The largest above `least` that is no child in the tree. To look at parents costs a line of
  // memory each, so only at those in question.
  const std::uint32_t* ids = graph.layout.ids(row);
  const bool leaf = graph.tree.children[target] == 0;
  const auto largest = [&](float* values, float least) {
    for (;;) {
      std::size_t place = kNoPlace;
      float most = least;
      for (std::size_t i = 0; i < graph.layout.places(); ++i) {
        if (values[i] > most) {
          most = values[i];
          place = i;
        }
      }
      if (place == kNoPlace || leaf || graph.tree.parents[ids[place]] != target) return place;
      values[place] = 0;
    }
  };
  const std::size_t crowded = largest(ratios, 1);
  const float most = crowded == kNoPlace ? 1 : ratios[crowded];
  if (own_ratio >= std::max(most, kTolerated) && !must) return kNoPlace;
  if (crowded != kNoPlace) return crowded;
  return largest(to_target, must ? 0 : apart);
}

}  // namespace simile::index
