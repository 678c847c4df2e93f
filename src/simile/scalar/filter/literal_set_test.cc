#include "simile/scalar/filter/literal_set.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include "simile/base/random.h"

namespace simile::scalar::filter {
namespace {

constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

TemplateValue value(auto of) {
  TemplateValue made;
  made.value = of;
  return made;
}

TEST(IntegerSet, HoldsNothingAtFirst) {
  const IntegerSet set;
  for (const std::int64_t each : {std::int64_t{0}, std::int64_t{1}, kMin, kMax}) {
    EXPECT_FALSE(set.contains(each));
  }
}

TEST(IntegerSet, KeepsZeroApartFromFreePlaces) {
  IntegerSet set;
  set.insert(5);
  EXPECT_FALSE(set.contains(0));
  set.insert(0);
  EXPECT_TRUE(set.contains(0));
  for (std::int64_t i = 1; i < 1000; ++i) set.insert(i);  // through several tables
  EXPECT_TRUE(set.contains(0));
}

/// Every subset of values that lie close together or at the ends of the range.
TEST(IntegerSet, IsTheSetOfEverySubset) {
  const std::int64_t values[] = {0, 1, -1, 2, 16, 32, kMin, kMin + 1, kMax, kMax - 1};
  for (unsigned subset = 0; subset < 1U << std::size(values); ++subset) {
    IntegerSet set;
    for (unsigned i = 0; i < std::size(values); ++i) {
      if ((subset >> i & 1) != 0) set.insert(values[i]);
    }
    for (unsigned i = 0; i < std::size(values); ++i) {
      ASSERT_EQ(set.contains(values[i]), (subset >> i & 1) != 0) << subset << ' ' << values[i];
    }
    ASSERT_FALSE(set.contains(3));
  }
}

/// Multiples of large powers of two, which a poor hash puts into one place, and repeated ones.
TEST(IntegerSet, AgreesWithATreeOnManyValues) {
  const char* given = std::getenv("SIMILE_SEED");
  const std::uint64_t seed = given == nullptr ? 1 : std::strtoull(given, nullptr, 10);
  SCOPED_TRACE("SIMILE_SEED=" + std::to_string(seed));
  Random random(seed);
  for (const int shift : {0, 8, 32, 48, 60}) {
    IntegerSet set;
    std::set<std::int64_t> tree;
    const auto draw = [&] { return static_cast<std::int64_t>(random.below(3000) << shift); };
    for (int i = 0; i < 2000; ++i) {
      const std::int64_t each = draw();
      set.insert(each);
      tree.insert(each);
    }
    for (int i = 0; i < 6000; ++i) {
      const std::int64_t each = draw();
      ASSERT_EQ(set.contains(each), tree.contains(each)) << each;
    }
  }
}

TEST(LiteralSet, TakesNumbersByValue) {
  const std::vector<TemplateValue> values = {value(std::int64_t{2}), value(3.0), value(0.5),
                                             value(kMax), value(-0x1p63)};
  const LiteralSet set(values, false);
  EXPECT_TRUE(set.contains(2.0));
  EXPECT_TRUE(set.contains(std::int64_t{3}));
  EXPECT_TRUE(set.contains(0.5));
  EXPECT_TRUE(set.contains(kMin));
  EXPECT_FALSE(set.contains(0.25));
  EXPECT_FALSE(set.contains(2.5));
  // The largest integer is no double: the one next to it is 2^63, which no integer is.
  EXPECT_FALSE(set.contains(0x1p63));
  EXPECT_FALSE(set.contains(std::numeric_limits<double>::quiet_NaN()));
  EXPECT_FALSE(set.contains(std::numeric_limits<double>::infinity()));
}

TEST(LiteralSet, HasOneZero) {
  const std::vector<TemplateValue> values = {value(-0.0)};
  const LiteralSet set(values, false);
  EXPECT_TRUE(set.contains(0.0));
  EXPECT_TRUE(set.contains(-0.0));
  EXPECT_TRUE(set.contains(std::int64_t{0}));
}

TEST(LiteralSet, RoundsToFloatsWhereTheyAreComparedWithFloats) {
  const std::vector<TemplateValue> values = {value(0.1), value(16'777'217.0)};
  const LiteralSet single(values, true);
  EXPECT_TRUE(single.contains(static_cast<double>(0.1F)));
  EXPECT_TRUE(single.contains(16'777'216.0));
  EXPECT_FALSE(single.contains(0.1));
  const LiteralSet exact(values, false);
  EXPECT_TRUE(exact.contains(0.1));
  EXPECT_FALSE(exact.contains(static_cast<double>(0.1F)));
  EXPECT_FALSE(exact.contains(16'777'216.0));
}

TEST(LiteralSet, KeepsKindsApart) {
  const std::vector<TemplateValue> values = {value(std::int64_t{1}), value(std::string("1")),
                                             value(true),
                                             value(std::vector<TemplateValue>{value(2.0)})};
  const LiteralSet set(values, false);
  EXPECT_TRUE(set.contains(Scalar(std::int64_t{1})));
  EXPECT_TRUE(set.contains(Scalar(std::string_view("1"))));
  EXPECT_TRUE(set.contains(Scalar(true)));
  EXPECT_FALSE(set.contains(Scalar(false)));
  EXPECT_FALSE(set.contains(Scalar(std::string_view("true"))));
  EXPECT_FALSE(set.contains(Scalar(2.0))) << "what a list inside holds is not among them";
  EXPECT_FALSE(set.contains(Scalar()));
}

}  // namespace
}  // namespace simile::scalar::filter
