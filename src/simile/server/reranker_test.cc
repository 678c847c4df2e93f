#include "simile/server/reranker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace simile::server {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Shape = DecayRanker::Shape;

DecayRanker decay_of(Shape shape) {
  DecayRanker decay;
  decay.shape = shape;
  decay.origin = 100;
  decay.scale = 10;
  decay.offset = 5;
  decay.decay = 0.25;
  return decay;
}

TEST(Reranker, ADecayIsOneUpToItsOffsetAndItsParameterOneScaleFurther) {
  for (const Shape shape : {Shape::kGauss, Shape::kExponential, Shape::kLinear}) {
    const DecayRanker decay = decay_of(shape);
    for (const double same : {95.0, 100.0, 105.0}) EXPECT_DOUBLE_EQ(decay.factor(same), 1);
    for (const double further : {85.0, 115.0}) EXPECT_DOUBLE_EQ(decay.factor(further), 0.25);
  }
}

TEST(Reranker, ADecayNeverGrowsWithTheDistanceNorLeavesZeroToOne) {
  for (const Shape shape : {Shape::kGauss, Shape::kExponential, Shape::kLinear}) {
    const DecayRanker decay = decay_of(shape);
    double before = 1;
    for (double value = 100; value < 200; value += 0.5) {
      const double factor = decay.factor(value);
      EXPECT_LE(factor, before);
      EXPECT_GE(factor, 0);
      before = factor;
    }
    EXPECT_EQ(decay.factor(std::numeric_limits<double>::max()), 0);
  }
}

TEST(Reranker, TheShapesDifferHalfAScaleAway) {
  EXPECT_DOUBLE_EQ(decay_of(Shape::kLinear).factor(110), 0.625);
  EXPECT_DOUBLE_EQ(decay_of(Shape::kExponential).factor(110), 0.5);
  EXPECT_NEAR(decay_of(Shape::kGauss).factor(110), 0.70711, 1e-5);
}

TEST(Reranker, EachQueryIsCutForItself) {
  RankedHits hits{.rows = {0, 1, 2, 3, 4}, .scores = {5, 4, 3, 2, 1}, .offsets = {0, 3, 3, 5}};
  cut_hits(hits, 1, 1);
  EXPECT_THAT(hits.rows, ElementsAre(1, 4));
  EXPECT_THAT(hits.scores, ElementsAre(4, 1));
  EXPECT_THAT(hits.offsets, ElementsAre(0, 1, 1, 2));
  cut_hits(hits, 7, 3);
  EXPECT_THAT(hits.rows, IsEmpty());
  EXPECT_THAT(hits.offsets, ElementsAre(0, 0, 0, 0));
}

}  // namespace
}  // namespace simile::server
