#include "simile/index/graph/visited_set.h"

#include <gtest/gtest.h>

#include <set>

#include "simile/base/random.h"

namespace simile::index {
namespace {

TEST(VisitedSet, AgreesWithASetThroughGrowthAndClearing) {
  VisitedSet visited;
  Random random(1);
  for (const std::size_t inserts : {0, 1, 5, 500, 20'000, 3}) {
    visited.clear();
    std::set<std::uint32_t> naive;
    for (std::size_t i = 0; i < inserts; ++i) {
      const auto node = static_cast<std::uint32_t>(random.below(inserts));
      EXPECT_EQ(visited.contains(node), naive.contains(node));
      EXPECT_EQ(visited.insert(node), naive.insert(node).second);
      EXPECT_TRUE(visited.contains(node));
    }
    for (std::uint32_t node = 0; node < inserts + 10; ++node) {
      ASSERT_EQ(visited.contains(node), naive.contains(node)) << inserts;
    }
  }
}

TEST(SeenCache, NeverTakesANewNodeForOneItKnows) {
  SeenCache cache;
  Random random(2);
  std::set<std::uint32_t> shown;
  std::size_t remembered = 0;
  cache.clear();
  for (std::size_t i = 0; i < 2000; ++i) {
    const auto node = static_cast<std::uint32_t>(random.below(500));
    const bool fresh = shown.insert(node).second;
    const bool taken_for_new = cache.insert(node);
    if (fresh) {
      EXPECT_TRUE(taken_for_new);
    }
    remembered += !fresh && !taken_for_new;
  }
  EXPECT_GT(remembered, 1000u) << "most of what was shown is remembered";
  cache.clear();
  EXPECT_TRUE(cache.insert(*shown.begin()));
}

}  // namespace
}  // namespace simile::index
