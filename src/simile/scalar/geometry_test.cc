#include "simile/scalar/geometry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace simile::scalar {
namespace {

using testing::HasSubstr;

const GeometryTools& tools() {
  const auto found = geometry_tools();
  EXPECT_TRUE(found) << found.error().message;
  return **found;
}

bool holds(SpatialRelation relation, std::string_view row, std::string_view other,
           double meters = 0) {
  const auto test = tools().make_test({relation, other, meters});
  EXPECT_TRUE(test) << test.error().message;
  return test && (*test)->matches(row);
}

constexpr std::string_view kSquare = "POLYGON ((0 0, 10 0, 10 10, 0 10, 0 0))";

TEST(Geometry, RelationsAreOfTheRowToTheOther) {
  using enum SpatialRelation;
  EXPECT_TRUE(holds(kWithin, "POINT (5 5)", kSquare));
  EXPECT_FALSE(holds(kContains, "POINT (5 5)", kSquare));
  EXPECT_TRUE(holds(kContains, kSquare, "POINT (5 5)"));
  EXPECT_FALSE(holds(kWithin, kSquare, "POINT (5 5)"));
  EXPECT_TRUE(holds(kIntersects, "LINESTRING (-5 5, 5 5)", kSquare));
  EXPECT_FALSE(holds(kIntersects, "POINT (11 5)", kSquare));
  EXPECT_TRUE(holds(kTouches, "POINT (10 5)", kSquare));
  EXPECT_FALSE(holds(kTouches, "POINT (5 5)", kSquare));
  EXPECT_TRUE(holds(kCrosses, "LINESTRING (-5 5, 15 5)", kSquare));
  EXPECT_TRUE(holds(kCrosses, kSquare, "LINESTRING (-5 5, 15 5)"));
  EXPECT_TRUE(holds(kOverlaps, "POLYGON ((5 5, 15 5, 15 15, 5 15, 5 5))", kSquare));
  EXPECT_FALSE(holds(kOverlaps, "POLYGON ((1 1, 2 1, 2 2, 1 1))", kSquare));
  EXPECT_TRUE(holds(kEquals, "POLYGON ((10 0, 10 10, 0 10, 0 0, 10 0))", kSquare));
  EXPECT_FALSE(holds(kEquals, "POINT (0 0)", kSquare));
}

TEST(Geometry, DistancesAreMetersOnTheEarth) {
  using enum SpatialRelation;
  const std::string berlin = "POINT (13.405 52.52)";
  const std::string potsdam = "POINT (13.064 52.391)";  // 27.2 km away
  EXPECT_TRUE(holds(kDistance, potsdam, berlin, 28'000));
  EXPECT_FALSE(holds(kDistance, potsdam, berlin, 26'000));
  EXPECT_TRUE(holds(kDistance, "LINESTRING (13.405 52.53, 14 53)", berlin, 1'500));
  EXPECT_FALSE(holds(kDistance, "POINT EMPTY", berlin, 1e9));
  EXPECT_FALSE(tools().make_test({kDistance, kSquare, 1}));
}

TEST(Geometry, ValidityIsOfTheRowAlone) {
  EXPECT_TRUE(holds(SpatialRelation::kValid, kSquare, ""));
  EXPECT_FALSE(holds(SpatialRelation::kValid, "POLYGON ((0 0, 2 2, 2 0, 0 2, 0 0))", ""));
}

TEST(Geometry, TextsThatAreNoneAreRefusedAndMatchNothing) {
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "GEOMETRYCOLLECTION (";
  for (const std::string& text :
       std::vector<std::string>{"", "POINT", "POINT (1", "POINT (a b)", "CIRCLE (1 2 3)",
                                std::string("POINT (1 2)\0", 12), "POLYGON ((0 0, 1 1))", deep}) {
    EXPECT_FALSE(tools().check(text)) << text.substr(0, 40);
    EXPECT_FALSE(holds(SpatialRelation::kIntersects, text, kSquare)) << text.substr(0, 40);
    const auto made = tools().make_test({SpatialRelation::kWithin, text, 0});
    ASSERT_FALSE(made);
    EXPECT_THAT(made.error().message, HasSubstr("is no geometry"));
  }
  EXPECT_TRUE(tools().check("MULTIPOINT ((1 2), (3 4))"));
}

TEST(Geometry, ATestServesManyThreads) {
  const auto test = tools().make_test({SpatialRelation::kWithin, kSquare, 0}).value();
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&test] {
      for (int i = 0; i < 300; ++i) {
        const std::string point = "POINT (" + std::to_string(i % 20) + ".5 5)";
        EXPECT_EQ(test->matches(point), i % 20 < 10);
      }
    });
  }
}

}  // namespace
}  // namespace simile::scalar
