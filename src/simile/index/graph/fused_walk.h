#pragma once
/// A walk over fused rows.
///
/// 1. Neighbours enter the beam by estimated distances, which cost nothing beyond their vertex's
/// row;
///    a node may enter more than once, from different vertices, and its best estimate is taken
///    first.
/// 2. When a node is expanded, its own code gives its distance, nearly exact; these nodes are the
///    candidates for the answer.

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "simile/index/graph/beam_search.h"
#include "simile/index/graph/fused_rows.h"
#include "simile/index/graph/prune.h"
#include "simile/quantization/int8_space.h"

namespace simile::index {

struct FusedScratch {
  Beam beam;
  VisitedSet expanded;
  quantization::Int8Space::FusedQuery query;
  quantization::NeighborQuery tables;
  std::vector<float> estimates;
  std::vector<Candidate> found;  ///< every expanded node that counts, by the distance of its code
};

template <class Counts>
class FusedExpander {
 public:
  // Two rows at once and a third on its way keep the line fill buffers busy; with three at once the
  // beam falls too far behind what is known.
  static constexpr std::size_t kAtOnce = 2;

  FusedExpander(const FusedRows& rows, const Counts& counts, FusedScratch& scratch)
      : rows_(rows),
        counts_(counts),
        scratch_(scratch),
        estimate_(kernels::estimate_function()),
        inverse_unit_(1.0f / rows.codec().unit()) {
    scratch.expanded.clear();
    scratch.found.clear();
    scratch.estimates.resize(kernels::kBlockCodes);
  }

  SIMILE_ALWAYS_INLINE void prefetch(std::uint32_t node) const { rows_.prefetch(node); }

  void expand(std::uint32_t node) {
    if (!scratch_.expanded.insert(node)) return;
    const std::byte* row = rows_.row(node);
    const std::size_t dim = rows_.codec().dim();
    const float distance =
        scratch_.query.distance(row, FusedRows::squared(row, dim)) * inverse_unit_;
    if (counts_(node)) scratch_.found.push_back({distance, node});
    for (std::size_t b = 0; b * kernels::kBlockCodes < rows_.places(); ++b) {
      estimate_(rows_.block(row, b), scratch_.tables.tables(), distance, scratch_.estimates.data());
      enter(rows_.ids(row) + b * kernels::kBlockCodes);
    }
  }

 private:
  void enter(const std::uint32_t* ids) {
    Beam& beam = scratch_.beam;
    float bound = beam.bound();
    for (std::size_t i = 0; i < kernels::kBlockCodes; ++i) {
      const float estimate = scratch_.estimates[i];
      if (!(estimate < bound) || ids[i] == kNoNode) continue;
      if (scratch_.expanded.contains(ids[i])) continue;
      beam.insert(estimate, ids[i], counts_(ids[i]));
      bound = beam.bound();
    }
  }

  const FusedRows& rows_;
  const Counts& counts_;
  FusedScratch& scratch_;
  kernels::EstimateFunction estimate_;
  float inverse_unit_;
};

/// Leaves in scratch.found what was expanded; scratch.query and scratch.tables are prepared, and
/// `entries` scored into the beam, by the caller.
template <class Counts>
void walk_fused(const FusedRows& rows, const Counts& counts, FusedScratch& scratch) {
  FusedExpander<Counts> expander(rows, counts, scratch);
  walk(expander, scratch.beam);
}

}  // namespace simile::index
