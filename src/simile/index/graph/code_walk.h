#pragma once
/// The walk over plain rows: a code and edges, the codes of neighbours are fetched from their own
/// rows. A hop is as many lines of memory as there are neighbours, so all are asked for together,
/// those of several nodes at once, before the first is looked at.
///
/// 1. The nearest entries of the beam that were not expanded are taken, kAtOnce of them.
/// 2. Their neighbours that were not seen before are asked for, then scored into the beam.
/// 3. Until every entry of the beam is expanded.
/// Source: Subramanya et al., "DiskANN" (NeurIPS 2019), algorithm 1.
///
/// from_query() and from_node() leave in scratch.found the nodes of the beam that count, each with
/// the distance of its code. For nodes of the graph as queries this is the same on every machine.

#include <array>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "simile/base/prefetch.h"
#include "simile/index/graph/beam.h"
#include "simile/index/graph/graph.h"
#include "simile/index/graph/visited_set.h"

namespace simile::index {

template <class Space>
struct CodeScratch {
  Beam beam;
  VisitedSet visited;
  EntryTable::Scratch entries;
  std::vector<std::uint32_t> nodes;
  std::vector<float> distances;
  std::vector<Candidate> found;
  typename Space::QueryBuffer query;

  bool was_expanded(std::uint32_t node) const { return visited.contains(node); }
};

/// One walk, from what begin() was called with to its end.
template <class Space, class Scorer, class Counts>
class CodeWalker {
 public:
  CodeWalker(const Graph<PlainLayout<Space>>& graph, const Scorer& scorer, const Counts& counts,
             CodeScratch<Space>& scratch)
      : graph_(graph),
        scorer_(scorer),
        counts_(counts),
        scratch_(scratch),
        places_(graph.layout.places()) {}

  SIMILE_ALWAYS_INLINE void begin(std::uint32_t node) {
    if (!scratch_.visited.insert(node)) return;
    scratch_.nodes.push_back(node);
    prefetch_lines<CacheLevel::kSecond>(graph_.space.row(node), graph_.space.code_bytes());
  }
  void run() {
    settle();
    std::array<std::uint32_t, kAtOnce> nodes;
    while (const std::size_t taken = take(nodes)) {
      for (std::size_t i = 0; i < taken; ++i) expand(nodes[i]);
      settle();
    }
  }

 private:
  static constexpr std::size_t kAtOnce = 4;

  SIMILE_ALWAYS_INLINE void touch(std::uint32_t node) const {
    prefetch_lines<CacheLevel::kFirst>(graph_.ids(node), places_ * sizeof(std::uint32_t));
  }
  std::size_t take(std::array<std::uint32_t, kAtOnce>& nodes) {
    std::size_t taken = 0;
    while (taken < nodes.size()) {
      const Beam::Entry* next = scratch_.beam.expand_next();
      if (next == nullptr) break;
      nodes[taken] = next->node();
      touch(nodes[taken]);
      ++taken;
    }
    return taken;
  }
  void expand(std::uint32_t node) {
    const std::uint32_t* ids = graph_.ids(node);
    for (std::size_t i = 0; i < places_; ++i) {
      if (ids[i] != kNoNode) begin(ids[i]);
    }
  }
  // Scores scratch.nodes into the beam.
  void settle() {
    Beam& beam = scratch_.beam;
    if (const Beam::Entry* next = beam.peek()) touch(next->node());
    scratch_.distances.resize(scratch_.nodes.size());
    scorer_(scratch_.nodes.data(), scratch_.nodes.size(), scratch_.distances.data());
    for (std::size_t i = 0; i < scratch_.nodes.size(); ++i) {
      if (!(scratch_.distances[i] < beam.bound())) continue;
      beam.insert(scratch_.distances[i], scratch_.nodes[i], counts_(scratch_.nodes[i]));
    }
    scratch_.nodes.clear();
  }

  const Graph<PlainLayout<Space>>& graph_;
  const Scorer& scorer_;
  const Counts& counts_;
  CodeScratch<Space>& scratch_;
  const std::size_t places_;
};

template <class SpaceType>
struct CodeWalk {
  using Space = SpaceType;
  using Layout = PlainLayout<Space>;
  using Scratch = CodeScratch<Space>;

  /// Nodes of the beam whose rows decide. Of codes of 4 bits the nearest 10 are among the first 15
  /// for 98.6 per cent, among the first 30 for all but a few (see int4_space.h).
  static std::size_t rows_to_rank(std::size_t k, std::size_t effort) {
    if constexpr (std::is_same_v<Space, quantization::BitSpace>) return k + 2 + effort / 32;
    return k + k / 2 + 10 + effort / 16;
  }

  template <class Counts>
  static void from_query(const Graph<Layout>& graph, const void* query, BeamSize size,
                         const Counts& counts, Scratch& scratch) {
    walk_from(graph, graph.space.query_scorer(query, scratch.query), size, counts, scratch);
  }
  static void from_node(const Graph<Layout>& graph, std::uint32_t node, std::size_t effort,
                        Scratch& scratch) {
    walk_from(
        graph, graph.space.node_scorer(node), {effort, effort}, [](std::uint32_t) { return true; },
        scratch);
  }

 private:
  template <class Scorer, class Counts>
  static void walk_from(const Graph<Layout>& graph, const Scorer& scorer, BeamSize size,
                        const Counts& counts, Scratch& scratch) {
    scratch.beam.reset(size);
    scratch.visited.clear();
    scratch.nodes.clear();
    scratch.found.clear();
    if (size.without != kNoNode) scratch.visited.insert(size.without);
    CodeWalker<Space, Scorer, Counts> walker(graph, scorer, counts, scratch);
    EntryTable::Starts starts;
    const std::size_t count = graph.entries.starts(scorer, scratch.entries, starts);
    for (std::size_t i = 0; i < count; ++i) walker.begin(starts[i].node);
    // From the root everything is reached, whatever the entries lead to.
    walker.begin(graph.tree.root);
    walker.run();
    for (const Beam::Entry& entry : scratch.beam.entries()) {
      if (entry.counts()) scratch.found.push_back({entry.distance(), entry.node()});
    }
  }
};

using BitWalk = CodeWalk<quantization::BitSpace>;
using Int4Walk = CodeWalk<quantization::Int4Space>;

}  // namespace simile::index
