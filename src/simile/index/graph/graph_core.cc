#include "simile/index/graph/graph_core.h"

#include <algorithm>

#include "simile/base/parallel.h"
#include "simile/base/random.h"
#include "simile/index/graph/beam_search.h"
#include "simile/index/graph/prune.h"
#include "simile/quantization/bit_space.h"
#include "simile/quantization/int8_space.h"

namespace simile::index {

namespace {

constexpr std::size_t kEntries = 64;
constexpr std::size_t kBatchShare = 50;  // a batch is at most 1/50 of the graph
constexpr std::size_t kBatchMax = 32'768;
constexpr std::size_t kWalkGrain = 16;
constexpr std::size_t kLinkGrain = 64;
// Squared: edges up to 1.1 times as long as their detour survive. 1.0 lengthens walks, 1.2 squared
// leaves too few edges of a fixed degree for near neighbours.
constexpr float kAlpha = 1.21f;

template <class Space>
class BatchInserter {
 public:
  BatchInserter(const Space& space, GraphCore& core, const BuildContext& context)
      : space_(space),
        core_(core),
        threads_(resolve_threads(context.threads)),
        context_(context),
        scratch_(threads_) {}

  Status run() {
    const std::size_t before = core_.edges.size();
    const std::size_t after = space_.size();
    order_ = std::move(core_.pending);
    core_.pending.clear();
    const std::size_t in_graph = before - order_.size();
    for (std::size_t node = before; node < after; ++node) {
      order_.push_back(static_cast<std::uint32_t>(node));
    }
    if (order_.empty()) return {};
    Random random(core_.options.seed ^ before);
    for (std::size_t i = order_.size(); i > 1; --i)
      std::swap(order_[i - 1], order_[random.below(i)]);
    core_.edges.resize(after);
    core_.parents.resize(after, kNoNode);
    core_.children.resize(after);
    core_.changed.resize(after);

    std::size_t done = 0;
    if (core_.entries.empty()) {
      core_.entries.push_back(order_[0]);
      done = 1;
    }
    while (done < order_.size()) {
      if (context_.cancel != nullptr && context_.cancel->cancelled()) {
        core_.pending.assign(order_.begin() + static_cast<std::ptrdiff_t>(done), order_.end());
        return fail(ErrorCode::kCancelled, "building the graph was cancelled");
      }
      const std::size_t batch =
          std::clamp<std::size_t>((in_graph + done) / kBatchShare, 1, kBatchMax);
      const std::size_t count = std::min(batch, order_.size() - done);
      insert_batch(std::span(order_).subspan(done, count));
      done += count;
      if (context_.progress) context_.progress(done, order_.size());
    }
    return {};
  }

 private:
  struct Scratch {
    WalkScratch walk;
    PruneScratch prune;
    std::vector<Candidate> candidates;
  };

  void insert_batch(std::span<const std::uint32_t> nodes) {
    parallel_for(threads_, nodes.size(), kWalkGrain,
                 [&](std::size_t first, std::size_t last, std::uint32_t worker) {
                   for (std::size_t i = first; i < last; ++i)
                     choose_edges(nodes[i], scratch_[worker]);
                 });
    reverse_.clear();
    for (const std::uint32_t node : nodes) {
      adopt(node);
      for (const std::uint32_t target : core_.edges.neighbors(node)) add_reverse(target, node);
    }
    std::ranges::sort(reverse_);
    const auto repeats = std::ranges::unique(reverse_);
    reverse_.erase(repeats.begin(), repeats.end());
    groups_.clear();
    for (std::size_t i = 0; i < reverse_.size(); ++i) {
      if (i == 0 || reverse_[i] >> 32 != reverse_[i - 1] >> 32) groups_.push_back(i);
    }
    groups_.push_back(reverse_.size());
    for (const std::uint32_t node : nodes) core_.changed.set(node);
    for (const std::uint64_t pair : reverse_) core_.changed.set(pair >> 32);
    parallel_for(threads_, groups_.size() - 1, kLinkGrain,
                 [&](std::size_t first, std::size_t last, std::uint32_t worker) {
                   for (std::size_t g = first; g < last; ++g) {
                     link(std::span(reverse_).subspan(groups_[g], groups_[g + 1] - groups_[g]),
                          scratch_[worker]);
                   }
                 });
    for (std::size_t i = 0; i < nodes.size() && core_.entries.size() < kEntries; ++i) {
      core_.entries.push_back(nodes[i]);
    }
  }

  void choose_edges(std::uint32_t node, Scratch& scratch) {
    const auto scorer = space_.node_scorer(node);
    walk_codes(
        core_.edges, scorer, core_.entries,
        std::max(core_.options.build_effort, core_.options.degree),
        [](std::uint32_t) { return true; }, scratch.walk);
    scratch.candidates.clear();
    for (const Beam::Entry& entry : scratch.walk.beam.entries()) {
      scratch.candidates.push_back({entry.distance, entry.node});
    }
    prune(space_, scratch.candidates, core_.options.degree, kAlpha, scratch.prune);
    core_.edges.assign(node, scratch.prune.taken);
  }

  void adopt(std::uint32_t node) {
    const std::uint32_t parent = find_parent(node);
    core_.parents[node] = parent;
    ++core_.children[parent];
    add_reverse(parent, node);
  }

  // Breadth first over out-edges from the node: the first one in the graph that has room. One
  // exists, since a tree of n nodes has n - 1 edges and each node room for at least two.
  std::uint32_t find_parent(std::uint32_t node) {
    const std::uint32_t room = std::max(2u, core_.options.degree / 4);
    queue_.assign(1, node);
    seen_.clear();
    seen_.insert(node);
    for (std::size_t at = 0; at < queue_.size(); ++at) {
      for (const std::uint32_t next : core_.edges.neighbors(queue_[at])) {
        if (!seen_.insert(next)) continue;
        if (core_.children[next] < room) return next;
        queue_.push_back(next);
      }
    }
    // All that is reachable from here is full, so look at everything that was inserted.
    for (std::uint32_t next = 0; next < core_.children.size(); ++next) {
      const bool inserted = core_.parents[next] != kNoNode || next == core_.entries[0];
      if (inserted && next != node && core_.children[next] < room) return next;
    }
    return core_.entries[0];
  }

  void add_reverse(std::uint32_t target, std::uint32_t source) {
    reverse_.push_back(static_cast<std::uint64_t>(target) << 32 | source);
  }

  void link(std::span<const std::uint64_t> group, Scratch& scratch) {
    const auto target = static_cast<std::uint32_t>(group[0] >> 32);
    const std::span<const std::uint32_t> old = core_.edges.neighbors(target);
    std::vector<Candidate>& candidates = scratch.candidates;
    candidates.clear();
    for (const std::uint32_t node : old) candidates.push_back({0, node});
    for (const std::uint64_t pair : group) {
      const auto source = static_cast<std::uint32_t>(pair);
      if (std::ranges::find(old, source) == old.end()) candidates.push_back({0, source});
    }
    if (candidates.size() <= core_.options.degree) {
      const std::span<std::uint32_t> slots = core_.edges.slots(target);
      for (std::size_t i = old.size(); i < candidates.size(); ++i) slots[i] = candidates[i].node;
      return;
    }
    scratch.walk.nodes.clear();
    for (const Candidate& c : candidates) scratch.walk.nodes.push_back(c.node);
    scratch.walk.distances.resize(candidates.size());
    space_.node_scorer(target)(scratch.walk.nodes.data(), candidates.size(),
                               scratch.walk.distances.data());
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      candidates[i].distance = scratch.walk.distances[i];
      candidates[i].required = core_.parents[candidates[i].node] == target;
    }
    std::sort(candidates.begin(), candidates.end());
    prune(space_, candidates, core_.options.degree, kAlpha, scratch.prune);
    core_.edges.assign(target, scratch.prune.taken);
  }

  const Space& space_;
  GraphCore& core_;
  std::uint32_t threads_;
  const BuildContext& context_;
  std::vector<Scratch> scratch_;
  std::vector<std::uint32_t> order_;
  std::vector<std::uint64_t> reverse_;  // target << 32 | source
  std::vector<std::size_t> groups_;     // where each target's pairs begin
  std::vector<std::uint32_t> queue_;
  VisitedSet seen_;
};

}  // namespace

std::uint64_t GraphCore::memory_bytes() const {
  return edges.bytes().size() + parents.capacity() * sizeof(std::uint32_t) + children.capacity() +
         entries.capacity() * sizeof(std::uint32_t);
}

template <class Space>
Status insert_nodes(const Space& space, GraphCore& core, const BuildContext& context) {
  return BatchInserter<Space>(space, core, context).run();
}

template Status insert_nodes(const quantization::Int8Space&, GraphCore&, const BuildContext&);
template Status insert_nodes(const quantization::BitSpace&, GraphCore&, const BuildContext&);

}  // namespace simile::index
