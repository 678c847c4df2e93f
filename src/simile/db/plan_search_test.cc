#include "simile/db/plan_search.h"

#include <gtest/gtest.h>

namespace simile::db {
namespace {

SearchConditions conditions(std::size_t rows, std::size_t allowed) {
  SearchConditions conditions;
  conditions.rows = rows;
  conditions.allowed = allowed;
  conditions.has_index = true;
  return conditions;
}

TEST(PlanSearch, NothingAllowedIsNoWork) {
  EXPECT_EQ(plan_search(conditions(1'000'000, 0)), SearchPath::kNone);
}

TEST(PlanSearch, WalksTheGraphOfALargeSegment) {
  EXPECT_EQ(plan_search(conditions(1'000'000, 1'000'000)), SearchPath::kGraph);
  EXPECT_EQ(plan_search(conditions(1'000'000, 999'999)), SearchPath::kGraphAmong);
  EXPECT_EQ(plan_search(conditions(1'000'000, 500'000)), SearchPath::kGraphAmong);
}

TEST(PlanSearch, ScansWhereThatReadsLess) {
  EXPECT_EQ(plan_search(conditions(1000, 1000)), SearchPath::kScan);
  EXPECT_EQ(plan_search(conditions(1'000'000, 10'000)), SearchPath::kScan);
  EXPECT_EQ(plan_search(conditions(1'000'000, 30'000)), SearchPath::kGraphAmong);
  SearchConditions wide = conditions(100'000, 100'000);
  wide.effort = 10'000;
  EXPECT_EQ(plan_search(wide), SearchPath::kScan);
  SearchConditions many = conditions(100'000, 100'000);
  many.k = 5'000;
  EXPECT_EQ(plan_search(many), SearchPath::kScan);
}

TEST(PlanSearch, ScansWhereItMust) {
  SearchConditions exact = conditions(1'000'000, 1'000'000);
  exact.exact = true;
  EXPECT_EQ(plan_search(exact), SearchPath::kScan);
  SearchConditions bare = conditions(1'000'000, 1'000'000);
  bare.has_index = false;
  EXPECT_EQ(plan_search(bare), SearchPath::kScan);
}

/// The more rows are allowed, the less a filter speaks for scanning.
TEST(PlanSearch, ChangesItsMindOnce) {
  bool walks = false;
  for (std::size_t allowed = 1; allowed <= 100'000; allowed += 97) {
    const bool now = plan_search(conditions(100'000, allowed)) != SearchPath::kScan;
    EXPECT_TRUE(now || !walks) << allowed;
    walks = now;
  }
  EXPECT_TRUE(walks);
}

}  // namespace
}  // namespace simile::db
