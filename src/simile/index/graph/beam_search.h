#pragma once
/// The one walk through a graph: building, searching and filtering all use it.
///
/// 1. The expander scores the entry nodes into the beam.
/// 2. The nearest entries of the beam that were not expanded are taken, kAtOnce of them, and each
/// is
///    expanded: the expander puts those of its neighbours that are near enough into the beam. More
///    than one at once, so that the memory of the second is on its way while the first is worked
///    on.
/// 3. Until every entry of the beam is expanded.
/// Source: Subramanya et al., "DiskANN" (NeurIPS 2019), algorithm 1.

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "simile/base/prefetch.h"
#include "simile/index/graph/adjacency.h"
#include "simile/index/graph/beam.h"
#include "simile/index/graph/visited_set.h"

namespace simile::index {

/// `Expander` has: kAtOnce; expand(node), which inserts into `beam`; prefetch(node).
template <class Expander>
void walk(Expander& expander, Beam& beam) {
  std::array<std::uint32_t, Expander::kAtOnce> nodes;
  for (;;) {
    std::size_t taken = 0;
    while (taken < nodes.size()) {
      const Beam::Entry* next = beam.expand_next();
      if (next == nullptr) break;
      nodes[taken] = next->node;
      if (taken > 0) expander.prefetch(next->node);
      ++taken;
    }
    if (taken == 0) return;
    if (const Beam::Entry* likely = beam.peek()) expander.prefetch(likely->node);
    for (std::size_t i = 0; i < taken; ++i) expander.expand(nodes[i]);
  }
}

/// Reused from walk to walk, one a thread: a walk in steady state allocates nothing.
struct WalkScratch {
  Beam beam;
  VisitedSet visited;
  std::vector<std::uint32_t> nodes;
  std::vector<float> distances;
};

/// Scores every neighbour by its own code. `scorer` as in quantization/int8_space.h; nodes for
/// which counts(node) does not hold are stepping stones (beam.h).
template <class Scorer, class Counts>
class CodeExpander {
 public:
  static constexpr std::size_t kAtOnce = 1;

  CodeExpander(const Adjacency& graph, const Scorer& scorer, const Counts& counts,
               WalkScratch& scratch)
      : graph_(graph), scorer_(scorer), counts_(counts), scratch_(scratch) {
    scratch.visited.clear();
    scratch.nodes.resize(graph.degree());
    scratch.distances.resize(graph.degree());
  }

  void begin(std::span<const std::uint32_t> entries) {
    for (std::size_t i = 0; i < entries.size(); i += graph_.degree()) {
      visit(entries.subspan(i, std::min<std::size_t>(graph_.degree(), entries.size() - i)));
    }
  }
  void expand(std::uint32_t node) { visit(graph_.slots(node)); }
  SIMILE_ALWAYS_INLINE void prefetch(std::uint32_t node) const { graph_.prefetch(node); }

 private:
  void visit(std::span<const std::uint32_t> found) {
    std::size_t fresh = 0;
    for (const std::uint32_t node : found) {
      if (node == kNoNode) break;
      scratch_.nodes[fresh] = node;
      fresh += scratch_.visited.insert(node);
    }
    scorer_(scratch_.nodes.data(), fresh, scratch_.distances.data());
    float bound = scratch_.beam.bound();
    for (std::size_t i = 0; i < fresh; ++i) {
      if (scratch_.distances[i] >= bound) continue;
      scratch_.beam.insert(scratch_.distances[i], scratch_.nodes[i], counts_(scratch_.nodes[i]));
      bound = scratch_.beam.bound();
    }
  }

  const Adjacency& graph_;
  const Scorer& scorer_;
  const Counts& counts_;
  WalkScratch& scratch_;
};

/// Leaves in scratch.beam the `width` nearest nodes found for which counts(node) holds, and
/// stepping stones.
template <class Scorer, class Counts>
void walk_codes(const Adjacency& graph, const Scorer& scorer,
                std::span<const std::uint32_t> entries, std::size_t width, const Counts& counts,
                WalkScratch& scratch) {
  scratch.beam.reset(width);
  CodeExpander<Scorer, Counts> expander(graph, scorer, counts, scratch);
  expander.begin(entries);
  walk(expander, scratch.beam);
}

}  // namespace simile::index
