#pragma once
/// How a query, or a node, finds its nearest nodes by estimates from the rows of the nodes on the
/// way (FusedLayout; code_walk.h has the other).
///
/// from_query() and from_node() leave in scratch.found the nodes that were expanded and count, each
/// with the distance of its code. For nodes of the graph as queries this is the same on every
/// machine.
///
/// The walk over fused rows
/// 1. Neighbours enter the beam by estimated distances, which need nothing but the row of their
///    vertex. A node that is shown again soon is remembered and passed over, so that the beam is
///    not filled with copies; the few that are forgotten are found when they come to be expanded.
/// 2. When a node is expanded, its own code gives its distance, nearly exact.

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <vector>

#include "simile/base/prefetch.h"
#include "simile/index/graph/beam_search.h"
#include "simile/index/graph/graph.h"
#include "simile/index/graph/visited_set.h"

namespace simile::index {

struct FusedScratch {
  Beam beam;
  VisitedSet expanded;
  SeenCache seen;
  EntryTable::Scratch entries;
  quantization::Int8Space::FusedQuery query;
  quantization::NeighborQuery tables;
  std::vector<Candidate> found;

  bool was_expanded(std::uint32_t node) const { return expanded.contains(node); }
};

template <class Counts>
class FusedExpander {
 public:
  // Below three the addresses are translated one after the other; above five the beam falls behind
  // what is known.
  static constexpr std::size_t kAtOnce = 4;

  FusedExpander(const Graph<FusedLayout>& graph, const Counts& counts, FusedScratch& scratch)
      : graph_(graph),
        counts_(counts),
        scratch_(scratch),
        estimate_(kernels::neighbor_code_functions().estimate),
        inverse_unit_(1.0f / graph.layout.codec().unit()) {}

  SIMILE_ALWAYS_INLINE void touch(std::uint32_t node) const {
    prefetch_lines<CacheLevel::kSecond>(graph_.space.row(node), 1);
  }
  // To the second-level cache: a row would push the query's tables out of the first.
  SIMILE_ALWAYS_INLINE void prefetch(std::uint32_t node) const {
    prefetch_lines<CacheLevel::kSecond>(graph_.space.row(node), graph_.space.stride());
  }

  void settle() const {}
  void expand(std::uint32_t node, std::uint32_t next) {
    if (!scratch_.expanded.insert(node)) {
      if (next != kNoNode) prefetch(next);
      return;
    }
    const std::byte* row = graph_.space.row(node);
    const float distance = scratch_.query.distance(row, graph_.space.squared(node)) * inverse_unit_;
    if (counts_(node)) scratch_.found.push_back({distance, node});
    kernels::LinesAhead ahead;
    if (next != kNoNode) ahead = graph_.layout.lines(graph_.space.row(next));
    const std::uint32_t* ids = graph_.layout.ids(row);
    for (std::size_t b = 0; b < graph_.layout.blocks(); ++b) {
      alignas(64) float estimates[kernels::kBlockCodes];
      const std::uint32_t near = estimate_(graph_.layout.block(row, b), scratch_.tables.tables(),
                                           distance, scratch_.beam.bound(), ahead, estimates);
      ahead = {};
      enter(ids + b * kernels::kBlockCodes, estimates, near);
    }
  }

 private:
  // `near`: a bit for each of the neighbours whose estimates are below the bound.
  void enter(const std::uint32_t* ids, const float* estimates, std::uint32_t near) {
    for (; near != 0; near &= near - 1) {
      const auto i = static_cast<std::size_t>(std::countr_zero(near));
      if (!(estimates[i] < scratch_.beam.bound()) || !scratch_.seen.insert(ids[i])) continue;
      scratch_.beam.insert(estimates[i], ids[i], counts_(ids[i]));
    }
  }

  const Graph<FusedLayout>& graph_;
  const Counts& counts_;
  FusedScratch& scratch_;
  kernels::EstimateFunction estimate_;
  float inverse_unit_;
};

/// Puts into the beam where a walk begins, from what was prepared in scratch.query.
template <class Counts>
void begin_fused(const Graph<FusedLayout>& graph, BeamSize size, const Counts& counts,
                 FusedScratch& scratch) {
  graph.layout.codec().prepare(scratch.query.projected(), scratch.tables);
  scratch.beam.reset(size);
  scratch.expanded.clear();
  scratch.seen.clear();
  scratch.found.clear();
  if (size.without != kNoNode) scratch.expanded.insert(size.without);
  const float inverse_unit = 1.0f / graph.layout.codec().unit();
  EntryTable::Starts starts;
  const std::size_t count = graph.entries.starts(scratch.query, scratch.entries, starts);
  const auto begin = [&](float distance, std::uint32_t node) {
    distance *= inverse_unit;
    if (!(distance < scratch.beam.bound()) || !scratch.seen.insert(node)) return;
    scratch.beam.insert(distance, node, counts(node));
  };
  for (std::size_t i = 0; i < count; ++i) begin(starts[i].distance, starts[i].node);
  // From the root everything is reached, whatever the entries lead to.
  const std::uint32_t root = graph.tree.root;
  begin(scratch.query.distance(graph.space.row(root), graph.space.squared(root)), root);
}

/// From what was prepared in scratch.query.
template <class Counts>
void walk_fused(const Graph<FusedLayout>& graph, BeamSize size, const Counts& counts,
                FusedScratch& scratch) {
  begin_fused(graph, size, counts, scratch);
  FusedExpander<Counts> expander(graph, counts, scratch);
  walk(expander, scratch.beam);
}

/// One of several walks that go in step in a thread, each the same as it would be alone. A walk
/// takes its nearest nodes and asks for the begins of their rows, and so do others, so that many
/// addresses are translated together; then others expand theirs while these rows arrive.
class FusedStep {
 public:
  static constexpr std::size_t kWalks = 4;

  FusedStep(const Graph<FusedLayout>& graph, FusedScratch& scratch)
      : graph_(graph), scratch_(scratch), expander_(graph, kAll, scratch) {}

  void begin(const void* query, BeamSize size) {
    graph_.space.prepare(query, scratch_.query);
    begin_fused(graph_, size, kAll, scratch_);
  }
  void begin_node(std::uint32_t node, std::size_t effort) {
    graph_.space.prepare_node(node, scratch_.query);
    begin_fused(graph_, {effort, effort}, kAll, scratch_);
  }
  /// False where the walk has come to its end.
  bool take() {
    taken_ = take_nearest(scratch_.beam, expander_, nodes_);
    return taken_ != 0;
  }
  /// Expands what was taken, while the rows that another took arrive.
  void expand(const FusedStep& next) {
    for (std::size_t i = 0; i < std::max(taken_, next.taken_); ++i) {
      const std::uint32_t arriving = i < next.taken_ ? next.nodes_[i] : kNoNode;
      if (i < taken_) {
        expander_.expand(nodes_[i], arriving);
      } else {
        expander_.prefetch(arriving);
      }
    }
    taken_ = 0;
  }

 private:
  struct All {
    bool operator()(std::uint32_t) const { return true; }
  };
  static constexpr All kAll{};

  const Graph<FusedLayout>& graph_;
  FusedScratch& scratch_;
  FusedExpander<All> expander_;
  std::array<std::uint32_t, FusedExpander<All>::kAtOnce> nodes_;
  std::size_t taken_ = 0;
};

/// The walk over fused rows: from a query (of query_type()), and from a node.
struct FusedWalk {
  using Layout = FusedLayout;
  using Scratch = FusedScratch;
  using Step = FusedStep;

  /// Codes of 8 bits order nearly as rows do, so few more than k rows have to be read; more with
  /// more effort, so that recall reaches 1.
  static std::size_t rows_to_rank(std::size_t k, std::size_t effort) { return k + 2 + effort / 32; }

  template <class Counts>
  static void from_query(const Graph<Layout>& graph, const void* query, BeamSize size,
                         const Counts& counts, Scratch& scratch) {
    graph.space.prepare(query, scratch.query);
    walk_fused(graph, size, counts, scratch);
  }
  static void from_node(const Graph<Layout>& graph, std::uint32_t node, std::size_t effort,
                        Scratch& scratch) {
    graph.space.prepare_node(node, scratch.query);
    walk_fused(
        graph, {effort, effort}, [](std::uint32_t) { return true; }, scratch);
    rescale(graph, scratch);
  }
  /// Makes distances, found from a node, those that node scorers give.
  static void rescale(const Graph<Layout>& graph, Scratch& scratch) {
    for (Candidate& found : scratch.found) found.distance *= graph.layout.codec().unit();
  }
};

}  // namespace simile::index
