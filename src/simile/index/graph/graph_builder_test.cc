#include "simile/index/graph/graph_builder.h"

#include <gtest/gtest.h>

#include <numeric>
#include <set>

#include "simile/index/graph/prune.h"
#include "simile/index/test_vectors.h"
#include "simile/quantization/int8_space.h"

namespace simile::index {
namespace {

using quantization::Int8Space;

template <class Walk>
struct GrownAs {
  GrownAs(std::size_t rows, std::uint32_t dim, std::uint32_t degree)
      : vectors(rows, {ElementType::kFloat32, dim}, 1),
        graph(vectors.view().type, Metric::kL2, {.degree = degree, .build_effort = 40}) {}

  void grow_to(std::size_t rows) {
    std::vector<std::uint32_t> nodes(rows);
    std::iota(nodes.begin(), nodes.end(), 0u);
    const std::size_t before = graph.size();
    const bool recoded = graph.space.append(vectors.view().slice(0, rows), {}, nodes, 2);
    graph.resize(rows);
    if (recoded) code_again(graph, 2);
    ASSERT_TRUE(insert_nodes<Walk>(graph, std::span(nodes).subspan(before), {.threads = 2}));
  }

  std::vector<std::uint32_t> neighbors(std::uint32_t node) const {
    std::vector<std::uint32_t> out;
    graph.neighbors(node, out);
    return out;
  }

  std::size_t reachable() const {
    std::vector<bool> seen(graph.size());
    std::vector<std::uint32_t> queue = {graph.tree.root};
    seen[queue[0]] = true;
    for (std::size_t at = 0; at < queue.size(); ++at) {
      for (const std::uint32_t next : neighbors(queue[at])) {
        if (!seen[next]) queue.push_back(next);
        seen[next] = true;
      }
    }
    return queue.size();
  }

  TestVectors vectors;
  Graph<typename Walk::Layout> graph;
};

template <class Walk>
class GraphBuilderOf : public testing::Test {
 protected:
  using Grown = GrownAs<Walk>;
};
using Walks = testing::Types<FusedWalk, Int4Walk>;
TYPED_TEST_SUITE(GraphBuilderOf, Walks);

TYPED_TEST(GraphBuilderOf, EveryNodeIsReachableFromTheRootAtEverySize) {
  for (const std::uint32_t degree : {8, 32}) {
    typename TestFixture::Grown grown(3000, 6, degree);
    for (const std::size_t rows : {1, 2, 3, 10, 100, 1000, 3000}) {
      grown.grow_to(rows);
      EXPECT_EQ(grown.reachable(), rows) << "degree " << degree;
    }
  }
}

TYPED_TEST(GraphBuilderOf, FarApartClustersStayConnected) {
  typename TestFixture::Grown grown(600, 4, 8);
  for (std::size_t i = 0; i < 600; ++i) {
    auto* row = reinterpret_cast<float*>(grown.vectors.row(i));
    for (std::size_t d = 0; d < 4; ++d) {
      row[d] = row[d] * 1e-3f + static_cast<float>(i / 20 * (d + 1)) * 100.0f;
    }
  }
  grown.grow_to(600);
  EXPECT_EQ(grown.reachable(), 600u);
}

TYPED_TEST(GraphBuilderOf, EdgesAreInRangeAndNoneRepeatsOrLeadsHome) {
  typename TestFixture::Grown grown(2000, 16, 16);
  grown.grow_to(700);
  grown.grow_to(2000);
  for (std::uint32_t node = 0; node < 2000; ++node) {
    const auto neighbors = grown.neighbors(node);
    const std::set<std::uint32_t> unique(neighbors.begin(), neighbors.end());
    EXPECT_EQ(unique.size(), neighbors.size());
    EXPECT_FALSE(unique.contains(node));
    EXPECT_LT(*unique.rbegin(), 2000u);
    const std::uint32_t parent = grown.graph.tree.parents[node];
    if (parent == kNoNode) continue;
    const auto of_parent = grown.neighbors(parent);
    EXPECT_NE(std::ranges::find(of_parent, node), of_parent.end()) << "tree edge lost";
  }
}

TYPED_TEST(GraphBuilderOf, FewAtATimeKeepTheTreeAndTheOrderOfEdges) {
  typename TestFixture::Grown grown(2400, 16, 32);
  grown.grow_to(2000);
  for (std::size_t rows = 2010; rows <= 2400; rows += 10) grown.grow_to(rows);
  EXPECT_EQ(grown.reachable(), 2400u);
  // Late nodes are neighbours of others, too.
  std::vector<std::size_t> shown(2400);
  for (std::uint32_t node = 0; node < 2400; ++node) {
    const auto neighbors = grown.neighbors(node);
    const std::set<std::uint32_t> unique(neighbors.begin(), neighbors.end());
    EXPECT_EQ(unique.size(), neighbors.size());
    EXPECT_FALSE(unique.contains(node));
    for (const std::uint32_t neighbor : neighbors) ++shown[neighbor];
  }
  const double early = std::accumulate(shown.begin(), shown.begin() + 2000, 0.0) / 2000;
  const double late = std::accumulate(shown.begin() + 2000, shown.end(), 0.0) / 400;
  EXPECT_GT(late, early * 0.4);  // they lead half of their edges back
}

TEST(Prune, TakesWhatNoTakenEdgeLeadsCloserTo) {
  // On a line, seen from node 0 at 0: nodes at 1, 2, 3 to the right and at -5 to the left.
  const std::vector<float> places = {0, 1, 2, 3, -5};
  std::vector<float> rows;
  for (const float place : places) {
    rows.push_back(place);
    rows.push_back(0);
  }
  Int8Space space({ElementType::kFloat32, 2}, Metric::kL2, 1);
  std::vector<std::uint32_t> nodes(places.size());
  std::iota(nodes.begin(), nodes.end(), 0u);
  space.append({rows.data(), places.size(), {ElementType::kFloat32, 2}}, {}, nodes, 1);
  std::vector<float> distances(places.size());
  space.node_scorer(0)(nodes.data(), nodes.size(), distances.data());
  std::vector<Candidate> candidates;
  for (std::uint32_t n = 1; n < places.size(); ++n) candidates.push_back({distances[n], n});
  std::sort(candidates.begin(), candidates.end());

  PruneScratch scratch;
  prune(space, candidates, 4, scratch);
  EXPECT_EQ(scratch.taken, (std::vector<std::uint32_t>{1, 4, 3, 2}));

  candidates[2].required = true;  // the node at 3 hangs on this edge
  prune(space, candidates, 4, scratch);
  EXPECT_EQ(scratch.taken, (std::vector<std::uint32_t>{1, 3, 4, 2}));
  prune(space, candidates, 1, scratch);
  EXPECT_EQ(scratch.taken, (std::vector<std::uint32_t>{3}));
}

}  // namespace
}  // namespace simile::index
