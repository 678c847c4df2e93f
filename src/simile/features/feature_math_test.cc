#include "simile/features/feature_math.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace simile::features {
namespace {

TEST(ToPlanes, PutsEachColourIntoItsPlane) {
  ModelCard card;
  card.width = 2;
  card.height = 1;
  card.mean[0] = 0.5f;
  card.std[1] = 0.25f;
  std::vector<float> planes(6);
  to_planes(std::vector<std::uint8_t>{0, 51, 255, 255, 102, 0}, card, planes);
  const std::vector<float> wanted = {-0.5f, 0.5f, 0.8f, 1.6f, 1.0f, 0.0f};
  for (std::size_t i = 0; i < 6; ++i) EXPECT_FLOAT_EQ(planes[i], wanted[i]) << i;
}

TEST(Normalize, MakesLengthOne) {
  std::vector<float> vector = {3, 0, -4};
  normalize(vector);
  EXPECT_EQ(vector, (std::vector<float>{0.6f, 0, -0.8f}));
}

TEST(Normalize, KeepsLargeAndSmallNumbersRight) {
  std::vector<float> large = {3e30f, 4e30f};
  normalize(large);
  EXPECT_FLOAT_EQ(large[0], 0.6f);
  std::vector<float> small = {3e-30f, 4e-30f};
  normalize(small);
  EXPECT_FLOAT_EQ(small[1], 0.8f);
}

TEST(Normalize, LeavesWhatHasNoLength) {
  std::vector<float> zero(3);
  normalize(zero);
  EXPECT_EQ(zero, std::vector<float>(3));
  std::vector<float> infinite = {1, std::numeric_limits<float>::infinity()};
  normalize(infinite);
  EXPECT_EQ(infinite[0], 1);
  std::vector<float> nan = {1, std::nanf("")};
  normalize(nan);
  EXPECT_EQ(nan[0], 1);
}

}  // namespace
}  // namespace simile::features
