#include "simile/index/graph/graph_builder.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <numeric>
#include <type_traits>

#include "simile/base/parallel.h"
#include "simile/base/random.h"
#include "simile/index/graph/edge_swap.h"
#include "simile/index/graph/graph_entries.h"
#include "simile/index/graph/prune.h"
#include "simile/index/graph/row_edits.h"

namespace simile::index {

namespace {

constexpr std::size_t kBatchShare = 50;     // of the graph, where nothing is refined afterwards
constexpr std::size_t kBulkBatchShare = 1;  // where it is: each batch doubles the graph
constexpr std::size_t kRefineShare = 4;     // refined when at least so much of the graph is new
constexpr std::size_t kBatchMax = 524'288;  // bounds the memory of reverse edges
constexpr std::size_t kLateBatchMax = 512;  // their tables are to stay in the cache
// Measured with 100,000 SIFT vectors that come into as many, recall at efforts 16, 32, 64, 128:
// with all of the effort and of the reverse edges 14,300 a second, 0.860 0.943 0.980 0.995; with
// 6/8 and one half 20,300 and 0.852 0.936 0.977 0.991; built afresh 0.862 0.944 0.985 0.996.
constexpr std::size_t kLateEffort = 6;   // eighths of the effort, where nothing is refined
constexpr std::size_t kLateReverse = 2;  // then one in so many edges is led back
constexpr std::size_t kSwapsMax = 3;     // more edges at once are worth pruning anew
constexpr std::size_t kWalkGrain = 32;
constexpr std::size_t kLinkGrain = 64;

template <class Walk>
class GraphBuilder {
  using Layout = typename Walk::Layout;
  using Space = typename Layout::Space;
  static constexpr bool kSwaps = std::is_same_v<Layout, FusedLayout>;

 public:
  GraphBuilder(Graph<Layout>& graph, const BuildContext& context)
      : graph_(graph),
        tree_(graph.tree),
        threads_(resolve_threads(context.threads)),
        context_(context),
        edits_(graph.space, threads_, context.gate),
        scratch_(threads_) {}

  Status run(std::span<const std::uint32_t> fresh) {
    order_ = std::move(tree_.pending);
    tree_.pending.clear();
    const std::size_t before = graph_.size() - fresh.size();
    order_.insert(order_.end(), fresh.begin(), fresh.end());
    in_graph_ = tree_.count() - order_.size();
    if (order_.empty()) return {};
    Random random(graph_.options.seed ^ before);
    for (std::size_t i = order_.size(); i > 1; --i) {
      std::swap(order_[i - 1], order_[random.below(i)]);
    }
    bulk_ = order_.size() * kRefineShare > in_graph_ + order_.size();
    SIMILE_TRY(insert_all());
    if (bulk_) SIMILE_TRY(refine_all());
    return {};
  }

 private:
  static constexpr std::size_t kPrune = kNoPlace - 1;

  struct Scratch {
    typename Walk::Scratch walk;
    PruneScratch prune;
    std::vector<Candidate> candidates;
    std::vector<std::uint32_t> nodes;
    std::vector<std::uint32_t> sources;
    std::vector<float> distances;
  };

  std::size_t degree() const { return graph_.layout.places(); }

  Status insert_all() {
    std::size_t done = 0;
    if (tree_.root == kNoNode) {
      tree_.root = order_[0];
      done = 1;
      ++in_graph_;
    }
    update_entries();
    const std::size_t share = bulk_ ? kBulkBatchShare : kBatchShare;
    while (done < order_.size()) {
      const std::size_t batch =
          std::clamp<std::size_t>(in_graph_ / share, 1, bulk_ ? kBatchMax : kLateBatchMax);
      const auto nodes = std::span(order_).subspan(done, std::min(batch, order_.size() - done));
      done_ = done;
      choose(nodes, false);
      if (cancelled()) {
        keep_pending(done);
        return stopped();
      }
      for (std::size_t i = 0; i < nodes.size(); ++i) adopt(i);
      link_all();
      done += nodes.size();
      if (cancelled()) {  // not all of them are linked
        keep_pending(done);
        return stopped();
      }
      in_graph_ += nodes.size();
      update_entries();
      report_pass(static_cast<double>(done));
    }
    return {};
  }

  void keep_pending(std::size_t done) {
    tree_.pending.assign(order_.begin() + static_cast<std::ptrdiff_t>(done), order_.end());
  }

  Status refine_all() {
    // In the order of the rows, where neighbours often follow each other and share the cache.
    std::ranges::sort(order_);
    for (std::size_t done = 0; done < order_.size();) {
      const auto nodes = std::span(order_).subspan(done, std::min(kBatchMax, order_.size() - done));
      done_ = done;
      choose(nodes, true);
      if (cancelled()) return stopped();
      link_all();
      if (cancelled()) return stopped();
      done += nodes.size();
      report_pass(static_cast<double>(done));
    }
    return {};
  }

  void report(std::size_t done) {
    constexpr std::size_t kTimes = 1000;
    if (!context_.progress || (done < order_.size() && done < reported_ + order_.size() / kTimes)) {
      return;
    }
    reported_ = done;
    context_.progress(done, order_.size());
  }
  // In the midst of a batch. By the time it takes, the first pass is 9 twentieths of a build, and
  // walking 7 tenths of a batch, linking the rest.
  void report_batch(double part) {
    report_pass(static_cast<double>(done_) + part * static_cast<double>(batch_.size()));
  }
  void report_pass(double done) {
    const auto all = static_cast<double>(order_.size());
    if (bulk_) done = again_ ? 0.45 * all + 0.55 * done : 0.45 * done;
    report(std::min(order_.size(), static_cast<std::size_t>(done)));
  }

  double share_of(std::size_t all) const {
    return static_cast<double>(done_of_batch_.load(std::memory_order_relaxed)) /
           static_cast<double>(all);
  }

  bool cancelled() const { return context_.cancel != nullptr && context_.cancel->cancelled(); }
  static Status stopped() {
    return fail(ErrorCode::kCancelled, "building the graph was cancelled");
  }

  // Where walks begin must keep up with the graph.
  void update_entries() {
    const std::size_t bytes = graph_.space.sample_bytes();
    const std::size_t wanted = EntryTable::samples_for(in_graph_, bytes);
    const bool most = wanted == EntryTable::samples_for(~std::size_t{0}, bytes);
    const std::size_t now = graph_.entries.size();
    if (now != 0 && wanted < 2 * now && !(most && wanted > now)) return;
    choose_entries(graph_, in_graph_, context_.gate);
  }

  bool can_be_begun_at(std::uint32_t node) const {
    return tree_.contains(node) && !tree_.is_removed(node);
  }

  // Chooses the edges of every node in the graph as it is, then sets them, and collects the reverse
  // ones.
  void choose(std::span<const std::uint32_t> nodes, bool again) {
    chosen_.assign(nodes.size() * degree(), kNoNode);
    batch_ = nodes;
    if (!bulk_) sources_.resize(nodes.size());
    const auto chosen_of = [&](std::size_t i) {
      return std::span(chosen_).subspan(i * degree(), degree());
    };
    const std::size_t whole = std::max<std::size_t>(graph_.options.build_effort, degree());
    const std::size_t effort = again ? whole : effort_of_first(whole);
    done_of_batch_ = 0;
    again_ = again;
    parallel_for(threads_, nodes.size(), kWalkGrain,
                 [&](std::size_t first, std::size_t last, std::uint32_t worker) {
                   if (cancelled()) return;
                   Scratch& scratch = scratch_[worker];
                   for (std::size_t i = first; i < last; ++i) {
                     Walk::from_node(graph_, nodes[i], effort, scratch.walk);
                     find_candidates(nodes[i], again, scratch);
                     choose_edges(nodes[i], scratch);
                     keep_edges(i, again, scratch);
                   }
                   done_of_batch_ += last - first;
                   if (worker == 0) report_batch(0.7 * share_of(nodes.size()));
                 });
    if (cancelled()) return;
    if (again) {
      edits_.each(
          nodes.size(), [&](std::size_t i) { return nodes[i]; },
          [&](std::size_t i, std::byte* row, std::uint32_t) {
            const auto all = chosen_of(i);
            graph_.set_neighbors(row, {all.begin(), std::ranges::find(all, kNoNode)});
            return true;
          });
    }
    reverse_.clear();
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      // What fills places only comes last, and few would exchange an edge for one from there.
      const std::size_t taken = bulk_ ? degree() : degree() / kLateReverse;
      for (const std::uint32_t target : chosen_of(i).first(taken)) {
        if (target != kNoNode) add_reverse(target, i);
      }
    }
  }

  // Of node i of the batch.
  void keep_edges(std::size_t i, bool again, Scratch& scratch) {
    // Nobody can come to new ones yet, and their neighbours are in the cache now.
    if (!again) graph_.set_neighbors(graph_.space.row(batch_[i]), scratch.prune.taken);
    if constexpr (kSwaps) {
      if (!bulk_) sources_[i].prepare(graph_, batch_[i]);
    }
    std::ranges::copy(scratch.prune.taken,
                      chosen_.begin() + static_cast<std::ptrdiff_t>(i * degree()));
  }

  void find_candidates(std::uint32_t node, bool again, Scratch& scratch) {
    const typename Walk::Scratch& walk = scratch.walk;
    scratch.candidates.clear();
    for (const Candidate& found : walk.found) {
      if (found.node == node || tree_.is_removed(found.node)) continue;
      scratch.candidates.push_back(found);
    }
    if (!again) return;
    scratch.nodes.clear();
    graph_.neighbors(node, scratch.nodes);
    std::erase_if(scratch.nodes, [&](std::uint32_t n) {
      return walk.was_expanded(n) &&
             std::ranges::find(walk.found, n, &Candidate::node) != walk.found.end();
    });
    measure(node, scratch);
  }

  std::size_t effort_of_first(std::size_t effort) const {
    return bulk_ ? (effort + 1) / 2 : (effort * kLateEffort + 7) / 8;
  }

  // Adds scratch.nodes to the candidates of a node.
  void measure(std::uint32_t node, Scratch& scratch) {
    scratch.distances.resize(scratch.nodes.size());
    for (const std::uint32_t other : scratch.nodes) __builtin_prefetch(graph_.space.row(other));
    graph_.space.node_scorer(node)(scratch.nodes.data(), scratch.nodes.size(),
                                   scratch.distances.data());
    for (std::size_t i = 0; i < scratch.nodes.size(); ++i) {
      scratch.candidates.push_back({scratch.distances[i], scratch.nodes[i]});
    }
  }

  void choose_edges(std::uint32_t node, Scratch& scratch) {
    for (Candidate& candidate : scratch.candidates) {
      candidate.required = tree_.parents[candidate.node] == node;
    }
    std::sort(scratch.candidates.begin(), scratch.candidates.end());
    prune(graph_.space, scratch.candidates, static_cast<std::uint32_t>(degree()), scratch.prune);
  }

  void adopt(std::size_t i) {
    const std::uint32_t parent = find_parent(batch_[i]);
    tree_.parents[batch_[i]] = parent;
    ++tree_.children[parent];
    add_reverse(parent, i);
  }

  // Breadth first over out-edges from the node: the first one in the graph that has room. One
  // exists, since a tree of n nodes has n - 1 edges and each node room for at least two.
  std::uint32_t find_parent(std::uint32_t node) {
    const std::uint32_t room = graph_.children_max();
    queue_.assign(1, node);
    seen_.clear();
    seen_.insert(node);
    for (std::size_t at = 0; at < queue_.size(); ++at) {
      const std::uint32_t* ids = graph_.ids(queue_[at]);
      for (std::size_t i = 0; i < degree(); ++i) {
        const std::uint32_t next = ids[i];
        if (next == kNoNode || !seen_.insert(next)) continue;
        if (tree_.children[next] < room && !tree_.is_removed(next)) return next;
        queue_.push_back(next);
      }
    }
    // All that is reachable from here is full, so look at everything that was inserted.
    for (std::uint32_t next = 0; next < graph_.size(); ++next) {
      if (next != node && can_be_begun_at(next) && tree_.children[next] < room) return next;
    }
    return tree_.root;
  }

  // From `target` to node i of the batch.
  void add_reverse(std::uint32_t target, std::size_t i) {
    reverse_.push_back(static_cast<std::uint64_t>(target) << 32 | i);
  }

  // By target, then source. First into buckets of targets, which threads sort in their own caches.
  void sort_reverse() {
    constexpr std::size_t kBuckets = 256;
    const auto bucket_of = [&](std::uint64_t pair) {
      return (pair >> 32) * kBuckets / graph_.size();
    };
    std::array<std::size_t, kBuckets + 1> begins{};
    for (const std::uint64_t pair : reverse_) ++begins[bucket_of(pair) + 1];
    for (std::size_t b = 0; b < kBuckets; ++b) begins[b + 1] += begins[b];
    sorted_.resize(reverse_.size());
    std::array<std::size_t, kBuckets + 1> next = begins;
    for (const std::uint64_t pair : reverse_) sorted_[next[bucket_of(pair)]++] = pair;
    reverse_.swap(sorted_);
    parallel_for(threads_, kBuckets, 1, [&](std::size_t first, std::size_t last, std::uint32_t) {
      if (cancelled()) return;
      std::sort(reverse_.begin() + static_cast<std::ptrdiff_t>(begins[first]),
                reverse_.begin() + static_cast<std::ptrdiff_t>(begins[last]));
    });
  }

  void link_all() {
    sort_reverse();
    const auto repeats = std::ranges::unique(reverse_);
    reverse_.erase(repeats.begin(), repeats.end());
    groups_.clear();
    for (std::size_t i = 0; i < reverse_.size(); ++i) {
      if (i == 0 || reverse_[i] >> 32 != reverse_[i - 1] >> 32) groups_.push_back(i);
    }
    groups_.push_back(reverse_.size());
    pruned_.clear();
    if constexpr (kSwaps) {
      if (!bulk_) swap_all();
    }
    if (!kSwaps || bulk_) {
      pruned_.resize(groups_.size() - 1);
      std::iota(pruned_.begin(), pruned_.end(), 0u);
    }
    done_of_batch_ = 0;
    edits_.each(
        pruned_.size(), [&](std::size_t i) { return target_of(pruned_[i]); },
        [&](std::size_t i, std::byte* row, std::uint32_t worker) {
          // The new nodes of a cancelled insertion are removed again, linked or not.
          if (cancelled()) return false;
          ++done_of_batch_;
          if (worker == 0) report_batch(0.7 + 0.3 * share_of(pruned_.size()));
          return link(group(pruned_[i]), row, scratch_[worker]);
        });
  }

  std::span<const std::uint64_t> group(std::size_t g) const {
    return std::span(reverse_).subspan(groups_[g], groups_[g + 1] - groups_[g]);
  }
  std::uint32_t target_of(std::size_t g) const {
    return static_cast<std::uint32_t>(reverse_[groups_[g]] >> 32);
  }

  // The short way for single edges into full nodes: what changes of a row is one place. Leaves the
  // other groups in pruned_.
  void swap_all()
    requires kSwaps
  {
    constexpr std::size_t kPiece = 512;
    constexpr std::size_t kAhead = 3;
    std::array<std::size_t, kPiece> swaps;
    for (std::size_t begin = 0; begin + 1 < groups_.size(); begin += kPiece) {
      const std::size_t count = std::min(kPiece, groups_.size() - 1 - begin);
      parallel_for(threads_, count, kLinkGrain,
                   [&](std::size_t first, std::size_t last, std::uint32_t) {
                     for (std::size_t i = first; i < last; ++i) {
                       if (i + kAhead < last) prefetch_row(target_of(begin + i + kAhead));
                       swaps[i] = find_swap(begin + i);
                     }
                   });
      change_alone(context_.gate, [&] {
        for (std::size_t i = 0; i < count; ++i) {
          if (swaps[i] >= degree()) continue;
          const std::uint64_t pair = reverse_[groups_[begin + i]];
          graph_.layout.set_place(graph_.space, graph_.space.row(target_of(begin + i)), swaps[i],
                                  batch_[static_cast<std::uint32_t>(pair)]);
        }
      });
      for (std::size_t i = 0; i < count; ++i) {
        if (swaps[i] == kPrune) pruned_.push_back(static_cast<std::uint32_t>(begin + i));
      }
    }
  }

  // The place that the group's only source takes, kNoPlace, or kPrune.
  std::size_t find_swap(std::size_t g) const
    requires kSwaps
  {
    const std::span<const std::uint64_t> pairs = group(g);
    const std::uint32_t target = target_of(g);
    const auto place = static_cast<std::uint32_t>(pairs[0]);
    const std::uint32_t source = batch_[place];
    if (pairs.size() > 1) return kPrune;
    const std::byte* row = graph_.space.row(target);
    const std::uint32_t* ids = graph_.layout.ids(row);
    bool full = true;
    bool there = false;
    for (std::size_t i = 0; i < degree(); ++i) {
      full &= ids[i] != kNoNode;
      there |= ids[i] == source;
    }
    if (there) return kNoPlace;
    const bool must = tree_.parents[source] == target;
    return full ? place_to_swap(graph_, target, row, sources_[place], must) : kPrune;
  }

  void prefetch_row(std::uint32_t node) const
    requires kSwaps
  {
    prefetch_lines<CacheLevel::kSecond>(graph_.space.row(node), graph_.space.stride());
  }

  // `row` is that of the target, or its copy. False where nothing changes.
  bool link(std::span<const std::uint64_t> group, std::byte* row, Scratch& scratch) {
    const auto target = static_cast<std::uint32_t>(group[0] >> 32);
    scratch.nodes.clear();
    graph_.neighbors(target, scratch.nodes);
    const std::size_t old = scratch.nodes.size();
    scratch.sources.clear();
    for (const std::uint64_t pair : group) {
      const auto source = static_cast<std::uint32_t>(pair);
      const auto end = scratch.nodes.begin() + static_cast<std::ptrdiff_t>(old);
      if (std::find(scratch.nodes.begin(), end, batch_[source]) != end) continue;
      scratch.nodes.push_back(batch_[source]);
      scratch.sources.push_back(source);
    }
    if (scratch.nodes.size() == old) return false;
    if (scratch.nodes.size() <= degree()) {
      graph_.set_neighbors(row, scratch.nodes);
      return true;
    }
    if (old == degree() && swap_edges(target, row, scratch)) return true;
    std::erase_if(scratch.nodes, [&](std::uint32_t node) { return tree_.is_removed(node); });
    scratch.candidates.clear();
    measure(target, scratch);
    choose_edges(target, scratch);
    graph_.set_neighbors(row, scratch.prune.taken);
    return true;
  }

  // The short way for a few edges into a full node. False where it cannot be gone.
  bool swap_edges(std::uint32_t target, std::byte* row, Scratch& scratch) const {
    if constexpr (kSwaps) {
      if (bulk_ || scratch.sources.size() > kSwapsMax) return false;
      for (const std::uint32_t i : scratch.sources) {
        const bool must = tree_.parents[batch_[i]] == target;
        const std::size_t place = place_to_swap(graph_, target, row, sources_[i], must);
        if (place == kNoPlace) continue;
        graph_.layout.set_place(graph_.space, row, place, batch_[i]);
      }
      return true;
    }
    return false;
  }

  Graph<Layout>& graph_;
  GraphTree& tree_;
  std::uint32_t threads_;
  const BuildContext& context_;
  RowEdits<Space> edits_;
  std::vector<Scratch> scratch_;
  std::vector<std::uint32_t> order_;
  std::size_t in_graph_ = 0;
  std::size_t done_ = 0;  // nodes of this pass in earlier batches
  bool again_ = false;    // this is the second pass
  std::atomic<std::size_t> done_of_batch_ = 0;
  std::size_t reported_ = 0;
  bool bulk_ = false;
  std::vector<std::uint32_t> chosen_;  // edges of the batch, degree() places a node
  std::span<const std::uint32_t> batch_;
  std::vector<SwapSource> sources_;     // of the batch, where edges are exchanged
  std::vector<std::uint64_t> reverse_;  // target << 32 | place of the source in the batch
  std::vector<std::uint64_t> sorted_;   // room for the sort
  std::vector<std::size_t> groups_;     // where each target's pairs begin
  std::vector<std::uint32_t> pruned_;   // the groups that are not exchanged one by one
  std::vector<std::uint32_t> queue_;
  VisitedSet seen_;
};

}  // namespace

template <class Walk>
Status insert_nodes(Graph<typename Walk::Layout>& graph, std::span<const std::uint32_t> fresh,
                    const BuildContext& context) {
  return GraphBuilder<Walk>(graph, context).run(fresh);
}

template <class Layout>
void code_again(Graph<Layout>& graph, std::uint32_t threads) {
  parallel_for(threads, graph.size(), kLinkGrain, [&](std::size_t first, std::size_t last, auto) {
    for (std::size_t i = first; i < last; ++i) {
      const auto node = static_cast<std::uint32_t>(i);
      std::byte* row = graph.space.row(node);
      const std::uint32_t* ids = graph.layout.ids(row);
      for (std::size_t place = 0; place < graph.layout.places(); ++place) {
        if (ids[place] != kNoNode) graph.layout.set_place(graph.space, row, place, ids[place]);
      }
    }
  });
  if (graph.entries.size() != 0) graph.entries.rebuild(graph.space, graph.entries.samples());
}

template <class Layout>
std::uint64_t build_bytes(const Graph<Layout>& graph, std::uint64_t nodes) {
  // Of each node of a batch: its edges, and their reverse ones, twice while they are sorted; of all
  // nodes, where they are in the order and where the reverse edges of each begin.
  const std::uint64_t batch = std::min<std::uint64_t>(nodes, kBatchMax);
  const std::uint64_t edge = sizeof(std::uint32_t) + 2 * sizeof(std::uint64_t);
  const std::uint64_t node = 2 * sizeof(std::uint32_t) + sizeof(std::size_t);
  return batch * graph.layout.places() * edge + nodes * node;
}

template Status insert_nodes<FusedWalk>(Graph<FusedLayout>&, std::span<const std::uint32_t>,
                                        const BuildContext&);
template Status insert_nodes<BitWalk>(Graph<BitLayout>&, std::span<const std::uint32_t>,
                                      const BuildContext&);
template Status insert_nodes<Int4Walk>(Graph<Int4Layout>&, std::span<const std::uint32_t>,
                                       const BuildContext&);
template std::uint64_t build_bytes(const Graph<FusedLayout>&, std::uint64_t);
template std::uint64_t build_bytes(const Graph<BitLayout>&, std::uint64_t);
template std::uint64_t build_bytes(const Graph<Int4Layout>&, std::uint64_t);
template void code_again(Graph<FusedLayout>&, std::uint32_t);
template void code_again(Graph<BitLayout>&, std::uint32_t);
template void code_again(Graph<Int4Layout>&, std::uint32_t);

}  // namespace simile::index
