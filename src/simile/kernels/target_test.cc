#include "simile/kernels/target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "simile/kernels/target_choice.h"
#include "simile/version.h"

namespace simile::kernels {
namespace {

using testing::HasSubstr;

TEST(Target, SupportedBeginWithScalarAndHoldTheActiveOne) {
  const auto& supported = supported_targets();
  ASSERT_FALSE(supported.empty());
  EXPECT_EQ(supported.front(), Target::kScalar);
  EXPECT_NE(std::ranges::find(supported, active_target()), supported.end());
  EXPECT_EQ(kernel_target(), name_of(active_target()));
}

TEST(Target, ChoiceIsTheBestWhereNothingIsWanted) {
  const TargetChoice choice = choose_target("", {Target::kScalar, Target::kAvx2});
  EXPECT_EQ(choice.target, Target::kAvx2);
  EXPECT_EQ(choice.warning, "");
}

TEST(Target, ChoiceFollowsASupportedName) {
  for (const Target target : {Target::kScalar, Target::kAvx2, Target::kAvx512}) {
    const TargetChoice choice =
        choose_target(name_of(target), {Target::kScalar, Target::kAvx2, Target::kAvx512});
    EXPECT_EQ(choice.target, target);
    EXPECT_EQ(choice.warning, "");
  }
}

TEST(Target, ChoiceWarnsAboutATargetOfAnotherMachine) {
  const TargetChoice choice = choose_target("avx512", {Target::kScalar, Target::kAvx2});
  EXPECT_EQ(choice.target, Target::kAvx2);
  EXPECT_EQ(choice.warning,
            "SIMILE_TARGET=avx512 does not run on this machine; using avx2 (this machine runs: "
            "scalar, avx2)");
}

TEST(Target, ChoiceWarnsAboutAnUnknownName) {
  const TargetChoice choice = choose_target("AVX2", {Target::kScalar});
  EXPECT_EQ(choice.target, Target::kScalar);
  EXPECT_THAT(choice.warning, HasSubstr("SIMILE_TARGET=AVX2 is not known; using scalar"));
}

}  // namespace
}  // namespace simile::kernels
