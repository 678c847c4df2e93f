#include "simile/index/graph/graph_repair.h"

#include <gtest/gtest.h>

#include <numeric>
#include <set>

#include "simile/base/random.h"
#include "simile/index/graph/graph_builder.h"
#include "simile/index/test_vectors.h"

namespace simile::index {
namespace {

/// A graph of some of the vectors, which come and go.
template <class Walk>
struct Changing {
  Changing(VectorType type, std::uint32_t degree, std::uint32_t thread_count)
      : vectors(kRows, type, 1),
        graph(type, type.element == ElementType::kBit ? Metric::kHamming : Metric::kL2,
              {.degree = degree, .build_effort = 40}),
        threads(thread_count) {}

  // Row r is node r here.
  void insert(const std::vector<std::uint32_t>& rows) {
    std::vector<std::uint32_t> row_of(kRows);
    std::iota(row_of.begin(), row_of.end(), 0u);
    if (graph.size() == 0) {
      graph.space.resize(kRows);
      graph.resize(kRows);
      for (std::uint32_t node = 0; node < kRows; ++node) graph.tree.unused.push_back(node);
    }
    graph.space.encode(vectors.view(), {}, row_of, rows, threads);
    for (const std::uint32_t row : rows) {
      std::erase(graph.tree.unused, row);
      graph.clear_neighbors(row);
    }
    ASSERT_TRUE(insert_nodes<Walk>(graph, rows, {.threads = threads, .gate = gate}));
    live.insert(rows.begin(), rows.end());
  }

  void mark(const std::vector<std::uint32_t>& rows) {
    for (const std::uint32_t row : rows) {
      graph.tree.removed.set(row);
      ++graph.tree.removed_count;
      live.erase(row);
    }
  }
  void remove(const std::vector<std::uint32_t>& rows) {
    mark(rows);
    ASSERT_TRUE(take_out_removed(graph, {.threads = threads, .gate = gate}));
  }

  std::vector<std::uint32_t> neighbors(std::uint32_t node) const {
    std::vector<std::uint32_t> out;
    graph.neighbors(node, out);
    return out;
  }

  void expect_whole() const {
    std::set<std::uint32_t> seen = {graph.tree.root};
    std::vector<std::uint32_t> queue = {graph.tree.root};
    std::vector<std::size_t> children(kRows);
    for (std::size_t at = 0; at < queue.size(); ++at) {
      const auto edges = neighbors(queue[at]);
      const std::set<std::uint32_t> unique(edges.begin(), edges.end());
      ASSERT_EQ(unique.size(), edges.size());
      ASSERT_FALSE(unique.contains(queue[at]));
      for (const std::uint32_t next : edges) {
        ASSERT_TRUE(live.contains(next)) << "an edge leads to a removed node";
        if (seen.insert(next).second) queue.push_back(next);
      }
    }
    ASSERT_EQ(seen, live) << "not all can be reached";
    for (const std::uint32_t node : live) {
      std::size_t steps = 0;
      for (std::uint32_t at = node; at != graph.tree.root; at = graph.tree.parents[at]) {
        ASSERT_LT(++steps, live.size()) << "parents do not lead to the root";
      }
      if (node == graph.tree.root) continue;
      const std::uint32_t parent = graph.tree.parents[node];
      ++children[parent];
      const auto edges = neighbors(parent);
      ASSERT_NE(std::ranges::find(edges, node), edges.end()) << "a tree edge is lost";
    }
    for (std::uint32_t node = 0; node < kRows; ++node) {
      ASSERT_EQ(graph.tree.children[node], children[node]);
      ASSERT_LE(children[node], graph.children_max());
    }
    ASSERT_EQ(graph.tree.count(), live.size());
    for (const std::uint32_t entry : graph.entries.samples()) ASSERT_TRUE(live.contains(entry));
  }

  static constexpr std::uint32_t kRows = 1200;
  TestVectors vectors;
  Graph<typename Walk::Layout> graph;
  std::uint32_t threads;
  SharedGate* gate = nullptr;
  std::set<std::uint32_t> live;
};

/// The same random changes for every graph of a seed.
template <class Walk>
void change(Changing<Walk>& changing, std::uint64_t seed, std::size_t steps, bool check) {
  Random random(seed);
  for (std::size_t step = 0; step < steps; ++step) {
    std::vector<std::uint32_t> picked;
    const bool removes = !changing.live.empty() && random.below(2) == 0;
    const std::uint64_t share = 1 + random.below(10);
    for (std::uint32_t row = 0; row < Changing<Walk>::kRows; ++row) {
      if (changing.live.contains(row) == removes && random.below(10) < share) picked.push_back(row);
    }
    if (removes && picked.size() == changing.live.size()) picked.pop_back();
    if (picked.empty()) continue;
    removes ? changing.remove(picked) : changing.insert(picked);
    if (check) changing.expect_whole();
    if (testing::Test::HasFatalFailure()) return;
  }
}

TEST(GraphRepair, EveryNodeThatStaysIsReachableAndNoEdgeLeadsToOthers) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    SCOPED_TRACE(seed);
    const std::uint32_t degree = seed % 2 == 0 ? 8 : 32;
    Changing<FusedWalk> floats({ElementType::kFloat32, 8}, degree, 2);
    change(floats, seed, 12, true);
    Changing<Int4Walk> nibbles({ElementType::kFloat32, 8}, degree, 2);
    change(nibbles, seed, 6, true);
    Changing<BitWalk> bits({ElementType::kBit, 64}, degree, 2);
    change(bits, seed, 6, true);
  }
}

TEST(GraphRepair, OneAfterTheOtherUntilOneIsLeft) {
  Changing<FusedWalk> changing({ElementType::kFloat32, 8}, 8, 1);
  std::vector<std::uint32_t> rows(200);
  std::iota(rows.begin(), rows.end(), 0u);
  changing.insert(rows);
  while (changing.live.size() > 1) {
    changing.remove({changing.graph.tree.root});  // the hardest to do without
    changing.expect_whole();
    if (HasFatalFailure()) return;
  }
}

TEST(GraphRepair, IsTheSameForAnyNumberOfThreadsAndBesideSearches) {
  std::vector<std::vector<std::byte>> bytes;
  SharedGate gate;
  for (const std::uint32_t threads : {1, 2, 5}) {
    Changing<FusedWalk> changing({ElementType::kFloat32, 24}, 32, threads);
    if (threads == 5) changing.gate = &gate;
    change(changing, 3, 10, false);
    const auto rows = changing.graph.space.rows();
    bytes.emplace_back(rows.begin(), rows.end());
  }
  EXPECT_EQ(bytes[0], bytes[1]);
  EXPECT_EQ(bytes[0], bytes[2]);
}

TEST(GraphRepair, CancelledLeavesAllReachableAndIsDoneTheNextTime) {
  Changing<FusedWalk> changing({ElementType::kFloat32, 8}, 32, 1);
  std::vector<std::uint32_t> rows(Changing<FusedWalk>::kRows);
  std::iota(rows.begin(), rows.end(), 0u);
  changing.insert(rows);
  std::vector<std::uint32_t> gone(rows.begin(), rows.begin() + 300);
  changing.mark(gone);
  CancelToken cancel;
  cancel.cancel();
  EXPECT_FALSE(take_out_removed(changing.graph, {.threads = 1, .cancel = &cancel}));
  EXPECT_EQ(changing.graph.tree.removed_count, 300u);
  ASSERT_TRUE(take_out_removed(changing.graph, {.threads = 1}));
  changing.expect_whole();
}

}  // namespace
}  // namespace simile::index
