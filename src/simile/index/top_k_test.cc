#include "simile/index/top_k.h"

#include <gtest/gtest.h>

#include "simile/base/random.h"

namespace simile::index {
namespace {

TEST(TopK, KeepsWhatSortingWouldForEverySizeAndK) {
  Random random(1);
  for (std::size_t n = 0; n < 20; ++n) {
    for (std::size_t k = 0; k < 12; ++k) {
      std::vector<Hit> all;
      TopK top(k);
      for (std::uint32_t i = 0; i < n; ++i) {
        // Few different distances, so that ties happen.
        all.push_back({static_cast<float>(random.below(5)), RowId{i}});
        top.push(all.back());
      }
      std::ranges::sort(all, nearer);
      all.resize(std::min(n, k));
      const std::span<const Hit> kept = top.take_sorted();
      ASSERT_EQ(kept.size(), all.size());
      for (std::size_t i = 0; i < all.size(); ++i) {
        EXPECT_EQ(kept[i].row, all[i].row);
        EXPECT_EQ(kept[i].distance, all[i].distance);
      }
    }
  }
}

TEST(TopK, BoundIsInfiniteUntilFull) {
  TopK top(2);
  top.push({1, RowId{0}});
  EXPECT_EQ(top.bound(), std::numeric_limits<float>::infinity());
  top.push({3, RowId{1}});
  EXPECT_EQ(top.bound(), 3);
  top.push({2, RowId{2}});
  EXPECT_EQ(top.bound(), 2);
}

}  // namespace
}  // namespace simile::index
