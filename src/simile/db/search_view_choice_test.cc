/// Bounds of distances, offsets, groups, iterators and fused searches, beside all rows in order.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <numbers>

#include "simile/base/random.h"
#include "simile/db/test_rows.h"
#include "simile/fusion.h"

namespace simile::db {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct Near {
  float distance = 0;
  std::int64_t id = 0;
  std::int32_t weight = 0;
  friend bool operator==(const Near&, const Near&) = default;
};

/// 6,000 rows: a segment with its graph, a small one, and one that grows; some are deleted.
class ChoiceTest : public testing::Test {
 protected:
  ChoiceTest() {
    collection_ = *database_->create_collection("c", test_schema());
    write(0, 5000);
    EXPECT_TRUE(collection_->flush());
    write(5000, 5500);
    EXPECT_TRUE(collection_->flush());
    write(5500, 6000);
    std::vector<std::int64_t> gone;
    for (std::int64_t id = 0; id < 6000; id += 7) gone.push_back(id);
    EXPECT_TRUE(erase(*collection_, gone));
    snapshot_ = collection_->snapshot();
  }

  void write(std::int64_t first, std::int64_t last) {
    std::vector<TestRow> rows;
    for (std::int64_t id = first; id < last; ++id) {
      TestRow row = test_row(id);
      for (float& x : row.feature) x = static_cast<float>(random_.below(40));
      row.weight = static_cast<std::int32_t>(id % 10) - 1;  // every tenth is null
      rows.push_back(row);
    }
    EXPECT_TRUE(upsert(*collection_, rows));
  }

  SearchRequest request(std::uint32_t k) {
    SearchRequest request;
    request.queries = MatrixView(query_.data(), 1, {ElementType::kFloat32, 4});
    request.k = k;
    request.exact = exact_;
    request.fields = {"weight"};
    request.where = where_;
    return request;
  }
  /// All rows that match, nearest first, ties by insertion.
  std::vector<Near> all() const {
    std::vector<Near> order;
    for (const TestRow& row : rows_in(*snapshot_, where_)) {
      float sum = 0;
      for (std::size_t j = 0; j < 4; ++j)
        sum += (row.feature[j] - query_[j]) * (row.feature[j] - query_[j]);
      order.push_back({sum, row.id, row.weight});
    }
    std::ranges::stable_sort(order, {}, &Near::distance);
    return order;
  }
  static std::vector<Near> near(const SearchResult& result) {
    std::vector<Near> hits;
    const Column& weight = *result.rows.find("weight");
    for (std::size_t i = 0; i < result.distances.size(); ++i) {
      hits.push_back({result.distances[i], result.rows.columns[0].values<std::int64_t>()[i],
                      weight.is_null(i) ? -1 : weight.values<std::int32_t>()[i]});
    }
    return hits;
  }
  std::vector<Near> search(const SearchRequest& request) {
    const auto result = snapshot_->search(request);
    EXPECT_TRUE(result) << result.error().message;
    return result ? near(*result) : std::vector<Near>{};
  }
  template <class Check>
  void with_filters(Check&& check) {
    for (const char* where : {"", "weight > 4", "id < 40"}) {
      SCOPED_TRACE(where);
      where_ = where;
      check();
    }
  }

  Random random_{5};
  std::unique_ptr<Database> database_ = open_or_die(io::make_memory_storage());
  std::shared_ptr<Collection> collection_;
  std::shared_ptr<const Snapshot> snapshot_;
  std::vector<float> query_ = {20, 3, 11, 30};
  std::string where_;
  bool exact_ = true;
};

TEST_F(ChoiceTest, HitsLieBetweenTheBounds) {
  with_filters([&] {
    for (const auto& [low, high] : {std::pair{0.F, 200.F}, {150.F, 300.F}, {5000.F, 9000.F}}) {
      for (const std::uint32_t k : {1u, 20u, 500u}) {
        SearchRequest bounded = request(k);
        bounded.distance_min = low;
        bounded.distance_max = high;
        std::vector<Near> expected;
        for (const Near& hit : all()) {
          if (hit.distance >= low && hit.distance < high && expected.size() < k)
            expected.push_back(hit);
        }
        EXPECT_EQ(search(bounded), expected) << low << ' ' << high << ' ' << k;
      }
    }
  });
}

TEST_F(ChoiceTest, OffsetLeavesOutTheNearest) {
  with_filters([&] {
    const std::vector<Near> order = all();
    SearchRequest later = request(5);
    later.offset = 7;
    EXPECT_EQ(search(later), std::vector<Near>(order.begin() + 7, order.begin() + 12));
    later.offset = 5900;
    EXPECT_TRUE(search(later).empty());
  });
}

TEST_F(ChoiceTest, GroupsHoldTheNearestOfEachValue) {
  with_filters([&] {
    for (const bool strict : {false, true}) {
      SearchRequest grouped = request(3);
      grouped.group_by = "weight";
      grouped.group_size = 4;
      grouped.strict_groups = strict;
      grouped.offset = 1;
      std::vector<std::int32_t> order;
      std::map<std::int32_t, std::vector<Near>> groups;
      for (const Near& hit : all()) {
        if (groups[hit.weight].empty()) order.push_back(hit.weight);
        if (groups[hit.weight].size() < 4) groups[hit.weight].push_back(hit);
      }
      std::vector<Near> expected;
      for (std::size_t g = 1; g < std::min<std::size_t>(order.size(), 4); ++g) {
        const auto& members = groups[order[g]];
        expected.insert(expected.end(), members.begin(), members.end());
      }
      const std::vector<Near> found = search(grouped);
      if (strict) {
        EXPECT_EQ(found, expected);
        continue;
      }
      std::vector<std::int32_t> values;
      for (const Near& hit : found) {
        if (values.empty() || values.back() != hit.weight) values.push_back(hit.weight);
        EXPECT_EQ(std::ranges::count(groups[hit.weight], hit), 1);
      }
      EXPECT_EQ(
          values,
          std::vector<std::int32_t>(
              order.begin() + 1,
              order.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(order.size(), 4))));
    }
  });
}

TEST_F(ChoiceTest, IteratorsReturnEveryRowOnceInOrder) {
  with_filters([&] {
    const std::vector<Near> order = all();
    SearchRequest plain = request(1);
    std::vector<float> query = query_;
    plain.queries = MatrixView(query.data(), 1, {ElementType::kFloat32, 4});
    auto iterator = *snapshot_->iterate(plain);
    query.assign(4, 0.F);  // copied
    std::vector<Near> found;
    while (true) {
      const std::vector<Near> part = near(*iterator->next(700));
      found.insert(found.end(), part.begin(), part.end());
      if (part.size() < 700) break;
    }
    EXPECT_EQ(found, order);
    EXPECT_TRUE(near(*iterator->next(10)).empty());
  });
}

TEST_F(ChoiceTest, IteratorsOfGraphsReturnEveryRowOnce) {
  exact_ = false;
  const auto iterator = *snapshot_->iterate(request(1));
  ASSERT_TRUE(collection_->truncate()) << "the iterator holds the rows";
  std::vector<std::int64_t> ids;
  for (std::vector<Near> part = near(*iterator->next(1000)); !part.empty();
       part = near(*iterator->next(1000))) {
    for (const Near& hit : part) ids.push_back(hit.id);
  }
  EXPECT_EQ(ids.size(), all().size());
  std::ranges::sort(ids);
  EXPECT_EQ(std::ranges::adjacent_find(ids), ids.end());
}

TEST_F(ChoiceTest, IteratorsStopAtTheBound) {
  SearchRequest bounded = request(1);
  bounded.distance_min = 100;
  bounded.distance_max = 250;
  const auto iterator = *snapshot_->iterate(bounded);
  std::vector<Near> found;
  for (std::vector<Near> part = near(*iterator->next(7)); !part.empty();
       part = near(*iterator->next(7))) {
    found.insert(found.end(), part.begin(), part.end());
  }
  std::vector<Near> expected;
  for (const Near& hit : all()) {
    if (hit.distance >= 100 && hit.distance < 250) expected.push_back(hit);
  }
  EXPECT_EQ(found, expected);
}

TEST_F(ChoiceTest, FusedSearchesAddTheirScores) {
  const std::vector<float> other = {0, 0, 0, 0};
  std::vector<SearchRequest> searches = {request(50), request(30)};
  searches[1].queries = MatrixView(other.data(), 1, {ElementType::kFloat32, 4});
  const std::vector<Near> first = search(searches[0]);
  const std::vector<Near> second = search(searches[1]);
  for (const bool by_rank : {true, false}) {
    Fusion fusion;
    fusion.kind = by_rank ? Fusion::Kind::kReciprocalRank : Fusion::Kind::kWeighted;
    fusion.weights = {0.75F, 0.25F};
    fusion.fields = {"weight"};
    fusion.k = 20;
    fusion.offset = 3;
    std::map<std::int64_t, double> scores;
    for (std::size_t i = 0; i < first.size(); ++i) {
      const double near = 1 - 2 * std::atan(double{first[i].distance}) / std::numbers::pi;
      scores[first[i].id] += by_rank ? 1.0 / (61.0 + static_cast<double>(i)) : 0.75 * near;
    }
    for (std::size_t i = 0; i < second.size(); ++i) {
      const double near = 1 - 2 * std::atan(double{second[i].distance}) / std::numbers::pi;
      scores[second[i].id] += by_rank ? 1.0 / (61.0 + static_cast<double>(i)) : 0.25 * near;
    }
    std::vector<std::pair<double, std::int64_t>> order;
    for (const auto& [id, score] : scores) order.emplace_back(-score, id);
    std::ranges::sort(order);
    const auto fused = fused_search(*snapshot_, searches, fusion);
    ASSERT_TRUE(fused) << fused.error().message;
    const std::vector<Near> found = near(*fused);
    ASSERT_EQ(found.size(), 20);
    for (std::size_t i = 0; i < found.size(); ++i) {
      EXPECT_EQ(found[i].id, order[i + 3].second);
      EXPECT_FLOAT_EQ(found[i].distance, static_cast<float>(order[i + 3].first));
    }
  }
  Fusion bad;
  bad.kind = Fusion::Kind::kWeighted;
  EXPECT_THAT(fused_search(*snapshot_, searches, bad).error().message, HasSubstr("0 weights"));
}

TEST_F(ChoiceTest, WhatCannotBeIsRefused) {
  const auto refusal = [&](auto&& change) {
    SearchRequest bad = request(10);
    change(bad);
    const auto result = snapshot_->search(bad);
    return result ? std::string("accepted") : result.error().message;
  };
  EXPECT_THAT(refusal([](auto& bad) { bad.offset = kMaxK; }), HasSubstr("offset"));
  EXPECT_THAT(refusal([](auto& bad) { bad.distance_max = NAN; }), HasSubstr("NaN"));
  EXPECT_THAT(refusal([](auto& bad) { bad.group_by = "x"; }), HasSubstr("unknown field 'x'"));
  EXPECT_THAT(refusal([](auto& bad) { bad.group_by = "feature"; }), HasSubstr("is vector"));
  EXPECT_THAT(refusal([](auto& bad) {
                bad.group_by = "weight";
                bad.group_size = 0;
              }),
              HasSubstr("group_size"));
}

}  // namespace
}  // namespace simile::db
