#include "simile/scalar/filter/row_sampler.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace simile::scalar::filter {
namespace {

TEST(RowSampler, KeepsTheShareOfAllSetsTogether) {
  for (const double share : {0.01, 0.3, 0.5, 0.999}) {
    RowSampler sampler(share, 7);
    std::size_t seen = 0;
    std::size_t kept = 0;
    for (const std::size_t size : {0, 1, 3, 64, 1, 1'000, 7}) {
      Bitmap rows(size, true);
      sampler.draw(rows);
      seen += size;
      kept += rows.count();
      if (seen == 0) continue;
      const auto due = static_cast<std::size_t>(static_cast<double>(seen) * share);
      EXPECT_EQ(kept, std::max<std::size_t>(due, 1)) << share << " of " << seen;
    }
  }
}

TEST(RowSampler, DrawsOnlyRowsThatAreThere) {
  Bitmap rows(200);
  for (std::size_t row = 5; row < 200; row += 7) rows.set(row);
  const Bitmap before = rows;
  RowSampler(0.5, 1).draw(rows);
  EXPECT_EQ(rows.count(), before.count() / 2);
  rows.subtract(before);
  EXPECT_EQ(rows.count(), 0u);
}

TEST(RowSampler, GivesEveryRowTheSameChance) {
  std::vector<int> drawn(20);
  constexpr int kRounds = 4'000;
  RowSampler sampler(0.25, 3);
  for (int round = 0; round < kRounds; ++round) {
    Bitmap rows(drawn.size(), true);
    sampler.draw(rows);
    rows.for_each([&](std::size_t row) { ++drawn[row]; });
  }
  // A quarter of the rounds each, within five standard deviations of such a count.
  for (const int count : drawn) EXPECT_NEAR(count, kRounds / 4, 5 * 28);
}

}  // namespace
}  // namespace simile::scalar::filter
