#include "simile/db/pick_compaction.h"

#include <gtest/gtest.h>

#include <vector>

#include "simile/base/random.h"

namespace simile::db {
namespace {

constexpr CompactionGoal kEveryday{1'000'000, false};
constexpr CompactionGoal kEverything{1'000'000, true};

std::vector<SegmentStats> of_sizes(const std::vector<std::uint64_t>& sizes) {
  std::vector<SegmentStats> segments;
  for (const std::uint64_t size : sizes) segments.push_back({size});
  return segments;
}

TEST(PickCompaction, LeavesWellAlone) {
  EXPECT_FALSE(pick_compaction({}, kEveryday));
  EXPECT_FALSE(pick_compaction({}, kEverything));
  EXPECT_FALSE(pick_compaction(of_sizes({10, 10, 10}), kEveryday));
  EXPECT_FALSE(pick_compaction(of_sizes({100'000}), kEverything));
}

TEST(PickCompaction, MergesFourNeighboursOfASize) {
  EXPECT_EQ(pick_compaction(of_sizes({900'000, 10, 20, 30, 40}), kEveryday), (CompactionRun{1, 4}));
  EXPECT_FALSE(pick_compaction(of_sizes({10, 20, 900'000, 30, 40}), kEveryday));
}

TEST(PickCompaction, DoesNotRewriteALargeOneForSmallOnes) {
  EXPECT_FALSE(pick_compaction(of_sizes({900'000, 10, 20, 30}), kEveryday));
  EXPECT_FALSE(pick_compaction(of_sizes({60'000, 10, 20, 30}), kEveryday));
}

TEST(PickCompaction, RewritesWhatIsQuarterDeletedOrMendable) {
  std::vector<SegmentStats> segments = of_sizes({100, 100, 100});
  segments[1].deleted = 24;
  EXPECT_FALSE(pick_compaction(segments, kEveryday));
  segments[1].deleted = 25;
  EXPECT_EQ(pick_compaction(segments, kEveryday), (CompactionRun{1, 1}));
  segments[1].damaged = true;
  EXPECT_FALSE(pick_compaction(segments, kEveryday));
  segments[2].rewrite = true;
  EXPECT_EQ(pick_compaction(segments, kEveryday), (CompactionRun{2, 1}));
}

TEST(PickCompaction, EverythingMeansEverythingThatFits) {
  EXPECT_EQ(pick_compaction(of_sizes({400'000, 400'000, 400'000}), kEverything),
            (CompactionRun{0, 2}));
  std::vector<SegmentStats> segments = of_sizes({600'000, 600'000});
  EXPECT_FALSE(pick_compaction(segments, kEverything));
  segments[1].deleted = 1;
  EXPECT_EQ(pick_compaction(segments, kEverything), (CompactionRun{1, 1}));
}

/// Merging what is picked ends, loses no row, and respects the limit.
TEST(PickCompaction, EndsWhateverItIsGiven) {
  Random random(1);
  for (int round = 0; round < 2000; ++round) {
    std::vector<SegmentStats> segments(random.below(30));
    std::uint64_t live = 0;
    for (SegmentStats& segment : segments) {
      segment.rows = 1 + random.below(std::uint64_t{1} << random.below(20));
      segment.deleted = random.below(4) == 0 ? random.below(segment.rows + 1) : 0;
      segment.rewrite = random.below(20) == 0;
      segment.damaged = random.below(20) == 0;
      live += segment.live();
    }
    const CompactionGoal goal{std::uint64_t{1} << random.below(21), random.below(2) == 0};
    int merges = 0;
    while (const auto run = pick_compaction(segments, goal)) {
      ASSERT_LT(++merges, 200);
      ASSERT_LE(run->first + run->count, segments.size());
      SegmentStats merged;
      const auto first = segments.begin() + static_cast<std::ptrdiff_t>(run->first);
      const auto last = first + static_cast<std::ptrdiff_t>(run->count);
      for (auto segment = first; segment != last; ++segment) {
        ASSERT_FALSE(segment->damaged);
        merged.rows += segment->live();
      }
      ASSERT_TRUE(run->count == 1 || merged.rows <= goal.rows_max);
      const auto at = segments.erase(first, last);
      if (merged.rows != 0) segments.insert(at, merged);
    }
    for (const SegmentStats& segment : segments) live -= segment.live();
    ASSERT_EQ(live, 0);
  }
}

}  // namespace
}  // namespace simile::db
