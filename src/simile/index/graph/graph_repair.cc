#include "simile/index/graph/graph_repair.h"

#include <algorithm>
#include <limits>
#include <type_traits>

#include "simile/base/half.h"
#include "simile/base/parallel.h"
#include "simile/index/graph/edge_swap.h"
#include "simile/index/graph/graph_entries.h"
#include "simile/index/graph/prune.h"
#include "simile/index/graph/row_edits.h"
#include "simile/index/graph/visited_set.h"

namespace simile::index {

namespace {

constexpr std::size_t kScanned = 65'536;  // nodes looked through between two checks for a cancel
constexpr std::size_t kScanGrain = 1024;
// Candidates looked at for each lost edge, and besides. A third of them costs a third of the time
// and 0.002 of the recall once all vectors were replaced.
constexpr std::size_t kLooksPerEdge = 6;
constexpr std::size_t kLooksMore = 8;
// What is more in the way than this leaves its place to the next vector that comes.
constexpr float kTolerated = 1.3f;

template <class Layout>
class GraphRepair {
  using Space = typename Layout::Space;
  static constexpr bool kEstimates = std::is_same_v<Layout, FusedLayout>;

 public:
  GraphRepair(Graph<Layout>& graph, const BuildContext& context)
      : graph_(graph),
        tree_(graph.tree),
        context_(context),
        threads_(resolve_threads(context.threads)),
        edits_(graph.space, threads_, context.gate),
        scratch_(threads_) {}

  Status run() {
    if (cancelled()) return stopped();
    adopt_orphans();
    for (std::size_t first = 0; first < graph_.size(); first += kScanned) {
      if (cancelled()) return stopped();
      find_damaged(first, std::min(kScanned, graph_.size() - first));
      edits_.each(
          damaged_.size(), [&](std::size_t i) { return damaged_[i]; },
          [&](std::size_t i, std::byte* row, std::uint32_t worker) {
            mend(damaged_[i], row, scratch_[worker]);
            return true;
          });
    }
    release();
    return {};
  }

 private:
  bool cancelled() const { return context_.cancel != nullptr && context_.cancel->cancelled(); }
  static Status stopped() { return fail(ErrorCode::kCancelled, "tidying up was cancelled"); }

  struct Scratch {
    PruneScratch prune;
    SwapSource node;
    SwapSource other;
    std::vector<std::uint32_t> lost;
    std::vector<std::uint32_t> nodes;
    std::vector<float> distances;
    std::vector<Candidate> candidates;
    std::vector<Candidate> passed;
  };

  std::size_t places() const { return graph_.layout.places(); }
  bool stays(std::uint32_t node) const {
    return node != kNoNode && !tree_.is_removed(node) && tree_.contains(node);
  }

  // Step 1.
  void adopt_orphans() {
    std::vector<std::uint32_t> orphans;
    for (std::uint32_t node = 0; node < graph_.size(); ++node) {
      const std::uint32_t parent = tree_.parents[node];
      if (parent == kNoNode) continue;
      if (tree_.is_removed(node)) {
        if (!tree_.is_removed(parent)) --tree_.children[parent];
        tree_.parents[node] = node;  // lets go of it, once, and counts as in the graph
      } else if (tree_.is_removed(parent)) {
        orphans.push_back(node);
      }
    }
    std::size_t first = 0;
    if (tree_.is_removed(tree_.root)) {
      tree_.parents[tree_.root] = tree_.root;
      // Somewhere below it is one, since a node stays.
      const std::uint32_t root = orphans[first++];
      tree_.parents[root] = kNoNode;
      change_alone(context_.gate, [&] { tree_.root = root; });
    }
    links_.clear();
    for (; first < orphans.size(); ++first) {
      const std::uint32_t parent = find_parent(orphans[first]);
      tree_.parents[orphans[first]] = parent;
      ++tree_.children[parent];
      links_.push_back(std::uint64_t{parent} << 32 | orphans[first]);
    }
    std::ranges::sort(links_);
    begins_.clear();
    for (std::size_t i = 0; i < links_.size(); ++i) {
      if (i == 0 || links_[i] >> 32 != links_[i - 1] >> 32) begins_.push_back(i);
    }
    begins_.push_back(links_.size());
    edits_.each(
        begins_.size() - 1,
        [&](std::size_t i) { return static_cast<std::uint32_t>(links_[begins_[i]] >> 32); },
        [&](std::size_t i, std::byte* row, std::uint32_t) {
          for (std::size_t at = begins_[i]; at < begins_[i + 1]; ++at) {
            add_child(row, static_cast<std::uint32_t>(links_[at] >> 32),
                      static_cast<std::uint32_t>(links_[at]));
          }
          return true;
        });
  }

  bool hangs_below(std::uint32_t node, std::uint32_t above) const {
    for (std::size_t steps = 0; steps < graph_.size() && node != kNoNode; ++steps) {
      if (node == above) return true;
      if (tree_.is_removed(node)) return false;
      node = tree_.parents[node];
    }
    return false;
  }

  // Breadth first over out-edges. One with room exists outside of the node's own subtree: a tree of
  // n nodes has n - 1 edges and each node room for at least two.
  std::uint32_t find_parent(std::uint32_t node) {
    const auto may_be = [&](std::uint32_t next) {
      return stays(next) && tree_.children[next] < graph_.children_max() &&
             !hangs_below(next, node);
    };
    constexpr std::size_t kFarEnough = 512;
    queue_.assign(1, node);
    seen_.clear();
    seen_.insert(node);
    for (std::size_t at = 0; at < queue_.size() && queue_.size() < kFarEnough; ++at) {
      const std::uint32_t* ids = graph_.ids(queue_[at]);
      for (std::size_t i = 0; i < places(); ++i) {
        if (ids[i] == kNoNode || !seen_.insert(ids[i])) continue;
        if (may_be(ids[i])) return ids[i];
        queue_.push_back(ids[i]);
      }
    }
    for (std::uint32_t next = 0; next < graph_.size(); ++next) {
      if (next != node && may_be(next)) return next;
    }
    return tree_.root;
  }

  void add_child(std::byte* row, std::uint32_t parent, std::uint32_t child) {
    const std::uint32_t* ids = graph_.layout.ids(row);
    if (std::find(ids, ids + places(), child) != ids + places()) return;
    std::size_t place = 0;
    while (place < places() && stays(ids[place])) ++place;
    if (place == places()) place = farthest_place(row, parent);
    graph_.layout.set_place(graph_.space, row, place, child);
  }

  // Not counting tree edges.
  std::size_t farthest_place(std::byte* row, std::uint32_t node) const {
    const std::uint32_t* ids = graph_.layout.ids(row);
    std::vector<float> distances(places());
    graph_.space.node_scorer(node)(ids, places(), distances.data());
    std::size_t farthest = places();
    for (std::size_t i = 0; i < places(); ++i) {
      if (tree_.parents[ids[i]] == node) continue;
      if (farthest == places() || distances[i] > distances[farthest]) farthest = i;
    }
    return farthest;
  }

  // The nodes of [first, first + count) that have edges to removed ones.
  void find_damaged(std::size_t first, std::size_t count) {
    found_.assign((count + kScanGrain - 1) / kScanGrain, {});
    parallel_for(threads_, count, kScanGrain, [&](std::size_t begin, std::size_t end, auto) {
      for (std::size_t i = begin; i < end; ++i) {
        const auto node = static_cast<std::uint32_t>(first + i);
        if (!stays(node)) continue;
        const std::uint32_t* ids = graph_.ids(node);
        const auto gone = [&](std::uint32_t id) { return id != kNoNode && tree_.is_removed(id); };
        if (std::any_of(ids, ids + places(), gone)) found_[begin / kScanGrain].push_back(node);
      }
    });
    damaged_.clear();
    for (const auto& part : found_) damaged_.insert(damaged_.end(), part.begin(), part.end());
  }

  // Step 2.
  void mend(std::uint32_t node, std::byte* row, Scratch& scratch) {
    const std::uint32_t* ids = graph_.layout.ids(row);
    scratch.lost.clear();
    for (std::size_t i = 0; i < places(); ++i) {
      if (ids[i] == kNoNode || !tree_.is_removed(ids[i])) continue;
      scratch.lost.push_back(ids[i]);
      graph_.layout.clear_place(row, i);
    }
    for (const std::uint32_t lost : scratch.lost) {
      prefetch_lines<CacheLevel::kSecond>(graph_.space.row(lost), graph_.space.stride());
    }
    if constexpr (kEstimates) {
      find_by_estimates(node, row, scratch);
      take_some(node, row, scratch);
    } else {
      choose_anew(node, row, scratch);
    }
  }

  bool may_take(std::uint32_t node, const std::byte* row, std::uint32_t id) const {
    const std::uint32_t* ids = graph_.layout.ids(row);
    return id != node && stays(id) && std::find(ids, ids + places(), id) == ids + places();
  }

  void choose_anew(std::uint32_t node, std::byte* row, Scratch& scratch) {
    scratch.nodes.clear();
    for (const std::uint32_t lost : scratch.lost) graph_.neighbors(lost, scratch.nodes);
    std::erase_if(scratch.nodes, [&](std::uint32_t id) { return !may_take(node, row, id); });
    const std::uint32_t* ids = graph_.layout.ids(row);
    std::copy_if(ids, ids + places(), std::back_inserter(scratch.nodes),
                 [](std::uint32_t id) { return id != kNoNode; });
    std::ranges::sort(scratch.nodes);
    const auto repeats = std::ranges::unique(scratch.nodes);
    scratch.nodes.erase(repeats.begin(), repeats.end());
    scratch.distances.resize(scratch.nodes.size());
    graph_.space.node_scorer(node)(scratch.nodes.data(), scratch.nodes.size(),
                                   scratch.distances.data());
    scratch.candidates.clear();
    for (std::size_t i = 0; i < scratch.nodes.size(); ++i) {
      scratch.candidates.push_back(
          {scratch.distances[i], scratch.nodes[i], tree_.parents[scratch.nodes[i]] == node});
    }
    std::sort(scratch.candidates.begin(), scratch.candidates.end());
    prune(graph_.space, scratch.candidates, static_cast<std::uint32_t>(places()), scratch.prune);
    graph_.set_neighbors(row, scratch.prune.taken);
  }

  // Leaves the nearest of the lost neighbours' edges in scratch.candidates.
  void find_by_estimates(std::uint32_t node, const std::byte* row, Scratch& scratch)
    requires kEstimates
  {
    const float inverse_unit = 1.0f / graph_.layout.codec().unit();
    const auto estimate = kernels::neighbor_code_functions().estimate;
    scratch.node.prepare(graph_, node);
    scratch.candidates.clear();
    for (const std::uint32_t lost : scratch.lost) {
      const std::byte* from = graph_.space.row(lost);
      const float base = scratch.node.query.distance(from) * inverse_unit;
      for (std::size_t b = 0; b < graph_.layout.blocks(); ++b) {
        alignas(64) float estimates[kernels::kBlockCodes];
        estimate(graph_.layout.block(from, b), scratch.node.tables.tables(), base,
                 std::numeric_limits<float>::infinity(), {}, estimates);
        const std::uint32_t* ids = graph_.layout.ids(from) + b * kernels::kBlockCodes;
        for (std::size_t i = 0; i < kernels::kBlockCodes; ++i) {
          if (may_take(node, row, ids[i])) scratch.candidates.push_back({estimates[i], ids[i]});
        }
      }
    }
    std::sort(scratch.candidates.begin(), scratch.candidates.end());
    const std::size_t looks = kLooksPerEdge * scratch.lost.size() + kLooksMore;
    scratch.nodes.clear();
    for (const Candidate& candidate : scratch.candidates) {
      if (scratch.nodes.size() == looks) break;
      if (std::ranges::find(scratch.nodes, candidate.node) != scratch.nodes.end()) continue;
      __builtin_prefetch(graph_.space.row(candidate.node));
      scratch.nodes.push_back(candidate.node);
    }
    scratch.candidates.clear();
    for (const std::uint32_t other : scratch.nodes) {
      const float distance = scratch.node.query.distance(graph_.space.row(other));
      scratch.candidates.push_back({distance * inverse_unit, other});
    }
    std::sort(scratch.candidates.begin(), scratch.candidates.end());
  }

  // How much the edges in the row are in the way of a node at this distance; 1 is as much as
  // prune.h lets pass.
  float in_the_way(const std::byte* row, const SwapSource& other, float distance) const
    requires kEstimates
  {
    const auto estimate = kernels::neighbor_code_functions().estimate;
    float most = 0;
    for (std::size_t b = 0; b < graph_.layout.blocks(); ++b) {
      alignas(64) float between[kernels::kBlockCodes];
      const kernels::NeighborBlock block = graph_.layout.block(row, b);
      estimate(block, other.tables.tables(), distance, std::numeric_limits<float>::infinity(), {},
               between);
      for (std::size_t i = 0; i < kernels::kBlockCodes; ++i) {
        const float apart = graph_.layout.codec().squared_of(float16_to_float(block.factors[i]));
        const float ratio = distance / std::max(between[i], 1e-9f);
        if (apart < distance) most = std::max(most, ratio);
      }
    }
    return most;
  }

  void take_some(std::uint32_t, std::byte* row, Scratch& scratch)
    requires kEstimates
  {
    std::size_t room = scratch.lost.size();
    const auto take = [&](std::uint32_t other) {
      const std::uint32_t* ids = graph_.layout.ids(row);
      const std::uint32_t* place = std::find(ids, ids + places(), kNoNode);
      graph_.layout.set_place(graph_.space, row, static_cast<std::size_t>(place - ids), other);
      --room;
    };
    scratch.passed.clear();
    for (const Candidate& candidate : scratch.candidates) {
      if (room == 0) return;
      scratch.other.prepare(graph_, candidate.node);
      const float ratio = in_the_way(row, scratch.other, candidate.distance);
      if (ratio <= 1) {
        take(candidate.node);
      } else {
        scratch.passed.push_back({ratio, candidate.node});
      }
    }
    std::sort(scratch.passed.begin(), scratch.passed.end());
    for (std::size_t i = 0; i < scratch.passed.size() && room != 0; ++i) {
      if (scratch.passed[i].distance > kTolerated) return;
      take(scratch.passed[i].node);
    }
  }

  // Step 3.
  void release() {
    Bitmap removed(graph_.size());
    change_alone(context_.gate, [&] { std::swap(removed, tree_.removed); });
    tree_.removed_count = 0;
    std::vector<std::uint32_t> gone;
    removed.for_each([&](std::size_t node) { gone.push_back(static_cast<std::uint32_t>(node)); });
    for (const std::uint32_t node : gone) {
      tree_.parents[node] = kNoNode;
      tree_.children[node] = 0;
    }
    choose_entries(graph_, tree_.count() - gone.size(), context_.gate);
    tree_.unused.insert(tree_.unused.end(), gone.rbegin(), gone.rend());
  }

  Graph<Layout>& graph_;
  GraphTree& tree_;
  const BuildContext& context_;
  std::uint32_t threads_;
  RowEdits<Space> edits_;
  std::vector<Scratch> scratch_;
  std::vector<std::uint64_t> links_;  // parent << 32 | child
  std::vector<std::size_t> begins_;   // of each parent's children
  std::vector<std::vector<std::uint32_t>> found_;
  std::vector<std::uint32_t> damaged_;
  std::vector<std::uint32_t> queue_;
  VisitedSet seen_;
};

}  // namespace

template <class Layout>
Status take_out_removed(Graph<Layout>& graph, const BuildContext& context) {
  return GraphRepair<Layout>(graph, context).run();
}

template Status take_out_removed(Graph<FusedLayout>&, const BuildContext&);
template Status take_out_removed(Graph<BitLayout>&, const BuildContext&);
template Status take_out_removed(Graph<Int4Layout>&, const BuildContext&);

}  // namespace simile::index
