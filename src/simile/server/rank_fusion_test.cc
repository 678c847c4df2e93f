#include "simile/server/rank_fusion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace simile::server {
namespace {

using ::testing::ElementsAre;

std::vector<std::size_t> keys_of(const std::vector<FusedHit>& hits) {
  std::vector<std::size_t> keys;
  for (const FusedHit& hit : hits) keys.push_back(hit.key);
  return keys;
}

TEST(RankFusion, ARowInBothListsComesBeforeOnesThatAreFirstInOne) {
  const std::vector<RankedList> lists = {{{1, 2, 3}, {0, 0, 0}, Metric::kL2},
                                         {{4, 2}, {0, 0}, Metric::kL2}};
  const auto fused = fuse_by_rank(lists, 60);
  EXPECT_THAT(keys_of(fused), ElementsAre(2, 1, 4, 3));
  EXPECT_FLOAT_EQ(fused[0].score, 1.0F / 62 + 1.0F / 62);
}

TEST(RankFusion, WeightsDecideBetweenLists) {
  const std::vector<RankedList> lists = {{{1, 2}, {0.9F, 0.8F}, Metric::kCosine},
                                         {{2, 1}, {1.0F, 4.0F}, Metric::kL2}};
  const std::vector<float> first = {1, 0};
  const std::vector<float> second = {0, 1};
  EXPECT_THAT(keys_of(fuse_by_weight(lists, first, true)), ElementsAre(1, 2));
  EXPECT_THAT(keys_of(fuse_by_weight(lists, second, true)), ElementsAre(2, 1));
}

TEST(RankFusion, NormalisedScoresLieBetweenNoneAndOne) {
  for (const Metric metric : {Metric::kL2, Metric::kInnerProduct, Metric::kCosine}) {
    const std::vector<RankedList> lists = {{{1, 2}, {1.0F, 0.25F}, metric}};
    const std::vector<float> weight = {1};
    for (const FusedHit& hit : fuse_by_weight(lists, weight, true)) {
      EXPECT_GE(hit.score, 0);
      EXPECT_LE(hit.score, 1);
    }
  }
}

TEST(RankFusion, ScoresOfOneRowAreMerged) {
  const std::vector<RankedList> lists = {{{1, 2}, {0.5F, 0.75F}, Metric::kInnerProduct},
                                         {{1}, {0.5F}, Metric::kInnerProduct}};
  const auto scores = [&](ScoreMerge merge) {
    const auto hits = fuse_by_score(lists, merge, false);
    return std::vector<float>{hits[hits[0].key == 1 ? 0 : 1].score,
                              hits[hits[0].key == 1 ? 1 : 0].score};
  };
  EXPECT_THAT(scores(ScoreMerge::kSum), ElementsAre(1, 0.75F));
  EXPECT_THAT(scores(ScoreMerge::kMax), ElementsAre(0.5F, 0.75F));
  EXPECT_THAT(scores(ScoreMerge::kAverage), ElementsAre(0.5F, 0.75F));
  EXPECT_THAT(keys_of(fuse_by_score(lists, ScoreMerge::kSum, false)), ElementsAre(1, 2));
  EXPECT_THAT(keys_of(fuse_by_score(lists, ScoreMerge::kMax, false)), ElementsAre(2, 1));
}

TEST(RankFusion, NothingMakesNothing) { EXPECT_TRUE(fuse_by_rank({}, 60).empty()); }

TEST(RankFusion, GroupsComeInTheOrderOfTheirScore) {
  const std::vector<std::string> groups = {"a", "b", "b", "b", "c"};
  const std::vector<FusedHit> hits = {{0, 1.0F}, {1, 0.9F}, {2, 0.8F}, {3, 0.7F}, {4, 0.1F}};
  const auto keys = [&](std::size_t size, ScoreMerge merge) {
    std::vector<std::vector<std::size_t>> all;
    for (const auto& group : group_hits(hits, groups, size, merge)) all.push_back(keys_of(group));
    return all;
  };
  using Keys = std::vector<std::size_t>;
  EXPECT_THAT(keys(2, ScoreMerge::kMax), ElementsAre(Keys{0}, Keys{1, 2}, Keys{4}));
  EXPECT_THAT(keys(2, ScoreMerge::kSum), ElementsAre(Keys{1, 2}, Keys{0}, Keys{4}));
  EXPECT_THAT(keys(3, ScoreMerge::kAverage), ElementsAre(Keys{0}, Keys{1, 2, 3}, Keys{4}));
  EXPECT_THAT(keys(1, ScoreMerge::kSum), ElementsAre(Keys{0}, Keys{1}, Keys{4}));
}

}  // namespace
}  // namespace simile::server
