#include "simile/kernels/sorted_keys.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "simile/base/random.h"

namespace simile::kernels {
namespace {

TEST(SortedKeys, EveryTargetInsertsAsTheStandardLibraryDoes) {
  constexpr std::size_t kMost = 200;
  for (const Target target : supported_targets()) {
    SCOPED_TRACE(std::string(name_of(target)));
    const InsertKeyFunction insert = insert_key_function(target);
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
      Random random(seed);
      alignas(64) std::uint64_t keys[kMost];
      std::ranges::fill(keys, (std::uint64_t{1} << 63) - 1);
      std::vector<std::uint64_t> naive;
      for (std::size_t end = 1; end <= kMost; ++end) {
        const std::uint64_t key = random.below(30) << 57 | random.below(3);
        const auto place = std::ranges::upper_bound(naive, key);
        EXPECT_EQ(insert(keys, end, key), static_cast<std::size_t>(place - naive.begin()));
        naive.insert(place, key);
        ASSERT_TRUE(std::equal(naive.begin(), naive.end(), keys)) << "seed " << seed;
      }
    }
  }
}

TEST(SortedKeys, WhatFallsOutOfTheLastGroupIsLostAndNothingElseMoves) {
  for (const Target target : supported_targets()) {
    alignas(64) std::uint64_t keys[24];
    for (std::size_t i = 0; i < 24; ++i) keys[i] = 10 * i;
    EXPECT_EQ(insert_key_function(target)(keys, 10, 35), 4u);
    for (std::size_t i = 16; i < 24; ++i) EXPECT_EQ(keys[i], 10 * i);
    EXPECT_EQ(keys[3], 30u);
    EXPECT_EQ(keys[4], 35u);
    EXPECT_EQ(keys[5], 40u);
    EXPECT_EQ(keys[15], 140u);
  }
}

}  // namespace
}  // namespace simile::kernels
