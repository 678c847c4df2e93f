#include "simile/base/check.h"

#include <gtest/gtest.h>

#include <memory>

#include "simile/error.h"

namespace simile {
namespace {

Result<std::unique_ptr<int>> half_of(int number) {
  if (number % 2 != 0) return fail(ErrorCode::kInvalidArgument, "odd");
  return std::make_unique<int>(number / 2);
}

Status quarter_of(int number, std::unique_ptr<int>& out) {
  SIMILE_ASSIGN(const std::unique_ptr<int> half, half_of(number));
  SIMILE_TRY(half_of(*half));
  SIMILE_ASSIGN(out, half_of(*half));
  return {};
}

TEST(Check, ErrorsArePassedOnAndValuesAreMovedOut) {
  std::unique_ptr<int> quarter;
  EXPECT_EQ(quarter_of(3, quarter).error().message, "odd");
  EXPECT_EQ(quarter_of(6, quarter).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(quarter, nullptr);
  ASSERT_TRUE(quarter_of(8, quarter));
  EXPECT_EQ(*quarter, 2);
}

TEST(CheckDeathTest, ADefectNamesItsPlaceAndEndsTheProcess) {
  SIMILE_CHECK(1 + 1 == 2);
  EXPECT_DEATH(SIMILE_CHECK(1 + 1 == 3), "1 \\+ 1 == 3 does not hold at .*check_test.cc");
}

}  // namespace
}  // namespace simile
