#pragma once
/// How a query, or a node, finds its nearest nodes by estimates from the rows of the nodes on the
/// way (FusedLayout; code_walk.h has the other).
///
/// from_query() and from_node() leave in scratch.found the nodes that were expanded and count, each
/// with the distance of its code. For nodes of the graph as queries this is the same on every
/// machine.
///
/// The walk over fused rows
/// 1. The nearest entries of the beam that were not expanded are taken, and so are on their way:
///    first the begin of a row is asked for, so that its address is translated, then all of it, and
///    at last the node is expanded.
/// 2. When a node is expanded, its own code gives its distance, nearly exact.
/// 3. Its neighbours enter the beam by estimated distances, which need nothing but its row. A node
///    that is shown again soon is remembered and passed over, so that the beam is not filled with
///    copies; the few that are forgotten are found when they come to be expanded.
/// 4. Until every entry of the beam is expanded.
/// Source: Subramanya et al., "DiskANN" (NeurIPS 2019), algorithm 1; the nodes on their way are
/// ours.

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <vector>

#include "simile/base/prefetch.h"
#include "simile/index/graph/beam.h"
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

/// How many nodes are on their way at most, and how many are taken together, so that their
/// addresses are translated together. With fewer, a row is not there when its turn comes; with
/// more, nodes are taken before nearer ones are known.
struct Pace {
  std::size_t on_way;
  std::size_t taken;

  static Pace of_query(std::size_t bytes, std::size_t row_bytes);
  /// While a graph is built; wider beams need no more.
  static constexpr Pace of_node() { return {4, 2}; }
};

/// In a graph whose rows are so many bytes, all of them and each.
inline Pace Pace::of_query(std::size_t bytes, std::size_t row_bytes) {
  // From here on most translations of addresses are not found in the second-level cache (measured
  // with 1,000,000 rows of 1,408 bytes: recall is 0.003 to 0.019 higher in the same time).
  constexpr std::size_t kFar = std::size_t{512} << 20;
  // A longer row takes as long to arrive as the waits that more nodes on their way would hide.
  constexpr std::size_t kLong = 3072;
  if (row_bytes > kLong) return {4, 2};
  return bytes > kFar ? Pace{12, 8} : Pace{6, 3};
}

/// One walk, from what begin_fused() has put into the beam to its end.
template <class Counts>
class FusedWalker {
 public:
  FusedWalker(const Graph<FusedLayout>& graph, Pace pace, const Counts& counts,
              FusedScratch& scratch)
      : graph_(graph),
        counts_(counts),
        scratch_(scratch),
        estimate_(kernels::neighbor_code_functions().estimate),
        inverse_unit_(1.0f / graph.layout.codec().unit()),
        pace_(pace),
        step_(std::max<std::size_t>(1, graph.layout.lines() / kSteps)) {}

  void run() {
    for (;;) {
      if (first_ == last_) take();
      if (first_ == last_) return;
      const std::uint32_t node = on_way_[first_++ % kRing];
      // The row of the next is there by now, but for the first ones.
      for (asked_ = std::max(asked_, first_ - 1); asked_ < std::min(first_ + 1, last_); ++asked_) {
        LinesAhead row = lines_of(on_way_[asked_ % kRing]);
        ask(row, row.lines);
      }
      LinesAhead ahead;
      if (asked_ < last_) ahead = lines_of(on_way_[asked_++ % kRing]);
      expand(node, ahead);
    }
  }

 private:
  using LinesAhead = kernels::LinesAhead;

  static constexpr std::size_t kRing = 16;
  // A row is asked for in about so many parts, spread over all that is done for another: the
  // processor's list of pending lines holds half a row, and while it is full nothing else goes on.
  static constexpr std::size_t kSteps = 16;
  static constexpr std::size_t kStepsOfKernel = 4;

  LinesAhead lines_of(std::uint32_t node) const {
    return graph_.layout.lines(graph_.space.row(node));
  }
  // To the second-level cache: a row would push the query's tables out of the first.
  SIMILE_ALWAYS_INLINE static void ask(LinesAhead& ahead, std::size_t lines) {
    for (; lines > 0 && ahead.lines > 0; --lines, --ahead.lines) {
      prefetch_lines<CacheLevel::kSecond>(ahead.first, 1);
      ahead.first = static_cast<const std::byte*>(ahead.first) + FusedLayout::kLine;
    }
  }

  void take() {
    if (last_ - first_ > pace_.on_way - pace_.taken) return;
    while (last_ - first_ < pace_.on_way) {
      const Beam::Entry* next = scratch_.beam.expand_next();
      if (next == nullptr) return;
      on_way_[last_++ % kRing] = next->node();
      prefetch_lines<CacheLevel::kSecond>(graph_.space.row(next->node()), 1);
    }
  }

  void expand(std::uint32_t node, LinesAhead ahead) {
    if (!scratch_.expanded.insert(node)) return ask(ahead, ahead.lines);
    const std::byte* row = graph_.space.row(node);
    ask(ahead, step_);
    const float distance = scratch_.query.distance(row) * inverse_unit_;
    ask(ahead, step_);
    if (counts_(node)) scratch_.found.push_back({distance, node});
    const std::uint32_t* ids = graph_.layout.ids(row);
    for (std::size_t b = 0; b < graph_.layout.blocks(); ++b) {
      LinesAhead part{ahead.first, std::min(ahead.lines, kStepsOfKernel * step_)};
      ahead = {static_cast<const std::byte*>(ahead.first) + part.lines * FusedLayout::kLine,
               ahead.lines - part.lines};
      alignas(64) float estimates[kernels::kBlockCodes];
      std::uint32_t near = estimate_(graph_.layout.block(row, b), scratch_.tables.tables(),
                                     distance, scratch_.beam.bound(), part, estimates);
      // Here the translation of addresses has what follows to hide behind.
      if (b == 0) take();
      enter(ids + b * kernels::kBlockCodes, estimates, near, ahead);
    }
    ask(ahead, ahead.lines);
  }

  // `near`: a bit for each of the neighbours whose estimates are below the bound.
  void enter(const std::uint32_t* ids, const float* estimates, std::uint32_t near,
             LinesAhead& ahead) {
    for (; near != 0; near &= near - 1) {
      const auto i = static_cast<std::size_t>(std::countr_zero(near));
      ask(ahead, step_);
      if (!(estimates[i] < scratch_.beam.bound()) || !scratch_.seen.insert(ids[i])) continue;
      scratch_.beam.insert(estimates[i], ids[i], counts_(ids[i]));
    }
  }

  const Graph<FusedLayout>& graph_;
  const Counts& counts_;
  FusedScratch& scratch_;
  kernels::EstimateFunction estimate_;
  float inverse_unit_;
  Pace pace_;
  std::size_t step_;
  // Positions in the order of taking: [first, last) are on their way, those before `asked` have
  // been asked for.
  std::array<std::uint32_t, kRing> on_way_;
  std::size_t first_ = 0;
  std::size_t last_ = 0;
  std::size_t asked_ = 0;
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
  begin(scratch.query.distance(graph.space.row(root)), root);
}

/// From what was prepared in scratch.query.
template <class Counts>
void walk_fused(const Graph<FusedLayout>& graph, BeamSize size, Pace pace, const Counts& counts,
                FusedScratch& scratch) {
  begin_fused(graph, size, counts, scratch);
  FusedWalker<Counts>(graph, pace, counts, scratch).run();
}

/// The walk over fused rows: from a query (of query_type()), and from a node.
struct FusedWalk {
  using Layout = FusedLayout;
  using Scratch = FusedScratch;

  /// Codes of 8 bits order nearly as rows do, so few more than k rows have to be read; more with
  /// more effort, so that recall reaches 1.
  static std::size_t rows_to_rank(std::size_t k, std::size_t effort) { return k + 2 + effort / 32; }

  template <class Counts>
  static void from_query(const Graph<Layout>& graph, const void* query, BeamSize size,
                         const Counts& counts, Scratch& scratch) {
    graph.space.prepare(query, scratch.query);
    const Pace pace = Pace::of_query(graph.space.rows().size(), graph.space.stride());
    walk_fused(graph, size, pace, counts, scratch);
  }
  static void from_node(const Graph<Layout>& graph, std::uint32_t node, std::size_t effort,
                        Scratch& scratch) {
    graph.space.prepare_node(node, scratch.query);
    walk_fused(
        graph, {effort, effort}, Pace::of_node(), [](std::uint32_t) { return true; }, scratch);
    // Distances as node scorers give them.
    for (Candidate& found : scratch.found) found.distance *= graph.layout.codec().unit();
  }
};

}  // namespace simile::index
