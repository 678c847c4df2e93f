#include "simile/index/graph/beam.h"

#include <gtest/gtest.h>

#include "simile/base/random.h"

namespace simile::index {
namespace {

struct Seen {
  float distance;
  std::uint32_t node;
  bool counts;
};

// What beam.h promises, by sorting everything: of the `most` nearest, the `width` nearest that
// count and the stepping stones nearer than the last of them.
std::vector<std::uint32_t> naive_beam(std::vector<Seen> seen, std::size_t width, std::size_t most) {
  std::ranges::sort(seen, [](const Seen& a, const Seen& b) {
    return a.distance < b.distance || (a.distance == b.distance && a.node < b.node);
  });
  std::vector<std::uint32_t> kept;
  std::size_t counting = 0;
  for (const Seen& s : seen) {
    if (counting == width || kept.size() == most) break;
    counting += s.counts;
    kept.push_back(s.node);
  }
  return kept;
}

TEST(Beam, KeepsTheNearestThatCountAndTheStonesBeforeThem) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Random random(seed);
    const std::size_t width = 1 + random.below(6);
    const std::size_t most = width + random.below(8);
    Beam beam;
    beam.reset({width, most});
    std::vector<Seen> seen;
    for (std::uint32_t node = 0; node < 25; ++node) {
      const Seen next{static_cast<float>(random.below(8)), node, random.below(3) != 0};
      seen.push_back(next);
      if (next.distance < beam.bound()) beam.insert(next.distance, next.node, next.counts);
      const std::vector<std::uint32_t> naive = naive_beam(seen, width, most);
      ASSERT_EQ(beam.entries().size(), naive.size()) << "seed " << seed;
      for (std::size_t i = 0; i < naive.size(); ++i) {
        ASSERT_EQ(beam.entries()[i].node(), naive[i]) << "seed " << seed;
      }
    }
  }
}

TEST(Beam, ExpandsEveryEntryOnceAndTheNearestFirst) {
  Beam beam;
  beam.reset({4, 4});
  beam.insert(3, 30, true);
  beam.insert(1, 10, true);
  EXPECT_EQ(beam.expand_next()->node(), 10u);
  EXPECT_EQ(beam.peek()->node(), 30u);
  beam.insert(0.5f, 5, true);  // comes in front of what was expanded already
  EXPECT_EQ(beam.expand_next()->node(), 5u);
  EXPECT_EQ(beam.expand_next()->node(), 30u);
  EXPECT_EQ(beam.expand_next(), nullptr);
  EXPECT_EQ(beam.peek(), nullptr);
}

TEST(Beam, BoundIsTheLastDistanceOnceFull) {
  Beam beam;
  beam.reset({2, 100});
  beam.insert(1, 1, true);
  beam.insert(2, 2, false);
  EXPECT_EQ(beam.bound(), std::numeric_limits<float>::infinity());
  beam.insert(3, 3, true);
  EXPECT_EQ(beam.bound(), 3);
}

TEST(Beam, IsEmptyAgainAfterAWideOne) {
  Beam beam;
  beam.reset({500, 500});
  for (std::uint32_t node = 0; node < 500; ++node) {
    beam.insert(static_cast<float>(500 - node), node, true);
  }
  EXPECT_EQ(beam.entries().size(), 500u);
  beam.reset({3, 3});
  EXPECT_TRUE(beam.entries().empty());
  for (std::uint32_t node = 0; node < 40; ++node) {
    const auto distance = static_cast<float>(1000 - node);
    if (distance < beam.bound()) beam.insert(distance, node, true);
  }
  ASSERT_EQ(beam.entries().size(), 3u);
  EXPECT_EQ(beam.entries()[0].node(), 39u);
  EXPECT_EQ(beam.entries()[2].node(), 37u);
}

}  // namespace
}  // namespace simile::index
