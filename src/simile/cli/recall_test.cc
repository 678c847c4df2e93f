#include "simile/cli/recall.h"

#include <gtest/gtest.h>

#include <cstring>

namespace simile::cli {
namespace {

/// The hits of one query: keys with their distances.
SearchResult hits(const std::vector<std::pair<std::int64_t, float>>& pairs) {
  SearchResult result;
  result.offsets = {0, pairs.size()};
  Column keys;
  keys.field = "id";
  keys.fixed.resize(pairs.size() * sizeof(std::int64_t));
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    std::memcpy(keys.fixed.data() + i * sizeof(std::int64_t), &pairs[i].first,
                sizeof(std::int64_t));
    result.distances.push_back(pairs[i].second);
  }
  result.rows.columns.push_back(keys);
  return result;
}

TEST(Recall, IsTheShareOfNeighboursThatWereFound) {
  const auto exact = hits({{1, 0.1f}, {2, 0.2f}, {3, 0.3f}, {4, 0.4f}});
  EXPECT_EQ(recall_of(exact, exact), 1);
  EXPECT_EQ(recall_of(exact, hits({{1, 0.1f}, {3, 0.3f}, {9, 0.5f}, {8, 0.6f}})), 0.5);
  EXPECT_EQ(recall_of(exact, hits({})), 0);
}

TEST(Recall, CountsTiesWhicheverRowStandsForThem) {
  const auto exact = hits({{1, 0.1f}, {2, 0.3f}});
  EXPECT_EQ(recall_of(exact, hits({{1, 0.1f}, {7, 0.3f}})), 1);
  EXPECT_EQ(recall_of(exact, hits({{1, 0.1f}, {7, 0.3000001f}})), 1);  // rounding
  EXPECT_EQ(recall_of(exact, hits({{1, 0.1f}, {7, 0.3001f}})), 0.5);
}

TEST(Recall, CountsTiesOfInnerProductsToo) {
  const auto exact = hits({{1, -5.0f}, {2, -3.0f}});
  EXPECT_EQ(recall_of(exact, hits({{1, -5.0f}, {7, -2.99999f}})), 1);
  EXPECT_EQ(recall_of(exact, hits({{1, -5.0f}, {7, -2.99f}})), 0.5);
}

TEST(Recall, CountsARepeatedKeyOnce) {
  const auto exact = hits({{1, 0.1f}, {2, 0.2f}});
  EXPECT_EQ(recall_of(exact, hits({{1, 0.1f}, {1, 0.1f}})), 0.5);
}

TEST(Recall, IsOneWhereThereIsNothingToFind) { EXPECT_EQ(recall_of(hits({}), hits({})), 1); }

TEST(Percentile, IsTheNearestRank) {
  std::vector<double> values = {4, 1, 3, 2};
  EXPECT_EQ(percentile(values, 0.5), 2);
  EXPECT_EQ(percentile(values, 0.99), 4);
  EXPECT_EQ(percentile(values, 0.25), 1);
  std::vector<double> none;
  EXPECT_EQ(percentile(none, 0.5), 0);
}

}  // namespace
}  // namespace simile::cli
