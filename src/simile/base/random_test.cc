#include "simile/base/random.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

namespace simile {
namespace {

// Seeds in files and in messages of failed tests must mean the same for ever.
TEST(Random, IsSplitMix64) {
  Random random(0);
  EXPECT_EQ(random.next(), 0xE220'A839'7B1D'CDAFu);
  EXPECT_EQ(random.next(), 0x6E78'9E6A'A1B9'65F4u);
  EXPECT_EQ(random.next(), 0x06C4'5D18'8009'454Fu);
}

TEST(Random, BelowIsEvenlySpreadOverItsRange) {
  Random random(1);
  std::array<int, 7> counts{};
  for (int i = 0; i < 70'000; ++i) ++counts.at(random.below(7));
  for (const int count : counts) EXPECT_NEAR(count, 10'000, 500);  // 5 standard deviations
  EXPECT_EQ(random.below(1), 0u);
}

TEST(Random, UniformAndNormalHaveTheirMeanAndDeviation) {
  Random random(2);
  double uniform = 0, normal = 0, squares = 0;
  constexpr int kCount = 100'000;
  for (int i = 0; i < kCount; ++i) {
    const double u = random.uniform();
    ASSERT_TRUE(u >= 0 && u < 1);
    uniform += u;
    const double n = random.normal();
    normal += n;
    squares += n * n;
  }
  EXPECT_NEAR(uniform / kCount, 0.5, 0.005);
  EXPECT_NEAR(normal / kCount, 0, 0.02);
  EXPECT_NEAR(std::sqrt(squares / kCount), 1, 0.02);
}

}  // namespace
}  // namespace simile
