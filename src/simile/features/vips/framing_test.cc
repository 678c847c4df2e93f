#include "simile/features/vips/framing.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace simile::features {
namespace {

using Fit = Framing::Fit;

Framing cover(std::uint32_t width, std::uint32_t height, std::uint32_t shorter) {
  return {.fit = Fit::kCover, .width = width, .height = height, .shorter_side = shorter};
}

TEST(Framing, CoverScalesTheShorterSideAndCutsTheMiddle) {
  const FramingPlan plan = plan_framing({640, 480}, cover(128, 128, 146));
  EXPECT_EQ(plan.source, (Side{640, 480}));
  EXPECT_EQ(plan.scaled, (Side{195, 146}));
  EXPECT_EQ(plan.result, (Side{128, 128}));
}

TEST(Framing, CoverEnlargesSmallPictures) {
  EXPECT_EQ(plan_framing({32, 16}, cover(128, 128, 128)).scaled, (Side{256, 128}));
  EXPECT_EQ(plan_framing({1, 1}, cover(128, 96, 128)).scaled, (Side{128, 128}));
}

TEST(Framing, CoverUsesOnlyTheMiddleOfAStrip) {
  const FramingPlan plan = plan_framing({1, 4'000'000'000}, cover(128, 128, 128));
  EXPECT_EQ(plan.source, (Side{1, 4}));
  EXPECT_EQ(plan.scaled, (Side{128, 512}));
}

TEST(Framing, CoverAlwaysHoldsTheResult) {
  for (std::uint32_t width = 1; width < 60; ++width) {
    for (std::uint32_t height = 1; height < 60; ++height) {
      const FramingPlan plan = plan_framing({width, height}, cover(17, 13, 19));
      ASSERT_GE(plan.scaled.width, 17u) << width << " x " << height;
      ASSERT_GE(plan.scaled.height, 13u) << width << " x " << height;
      ASSERT_EQ(std::min(plan.scaled.width, plan.scaled.height), 19u);
    }
  }
}

TEST(Framing, StretchIgnoresTheShape) {
  const FramingPlan plan =
      plan_framing({1000, 10}, {.fit = Fit::kStretch, .width = 64, .height = 48});
  EXPECT_EQ(plan.source, (Side{1000, 10}));
  EXPECT_EQ(plan.scaled, (Side{64, 48}));
  EXPECT_EQ(plan.result, (Side{64, 48}));
}

TEST(Framing, InsideKeepsTheShapeAndNeverEnlarges) {
  const Framing inside{.fit = Fit::kInside, .width = 100, .height = 100};
  EXPECT_EQ(plan_framing({400, 300}, inside).result, (Side{100, 75}));
  EXPECT_EQ(plan_framing({300, 400}, inside).result, (Side{75, 100}));
  EXPECT_EQ(plan_framing({30, 40}, inside).result, (Side{30, 40}));
  EXPECT_EQ(plan_framing({100'000, 1}, inside).result, (Side{100, 1}));
}

TEST(ShrinkOnLoad, LeavesTwiceThePixelsThatAreNeeded) {
  const auto shrink = [](std::uint32_t side) {
    const Side size{side, side};
    return shrink_on_load(size, plan_framing(size, cover(128, 128, 128)));
  };
  EXPECT_EQ(shrink(100), 1u);
  EXPECT_EQ(shrink(511), 1u);
  EXPECT_EQ(shrink(512), 2u);
  EXPECT_EQ(shrink(1024), 4u);
  EXPECT_EQ(shrink(2047), 4u);
  EXPECT_EQ(shrink(100'000), 8u);
}

TEST(ShrinkOnLoad, GoesByTheSideThatIsScaledLess) {
  const Side size{4000, 600};
  const FramingPlan plan = plan_framing(size, {.fit = Fit::kStretch, .width = 100, .height = 100});
  EXPECT_EQ(shrink_on_load(size, plan), 2u);
}

}  // namespace
}  // namespace simile::features
