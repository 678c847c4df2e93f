#include "simile/base/bitmap.h"

#include <gtest/gtest.h>

#include <random>

#include "simile/base/random.h"

namespace simile {
namespace {

/// The naive set that every Bitmap is compared with.
using Oracle = std::vector<bool>;

void expect_same(const Bitmap& bitmap, const Oracle& oracle) {
  ASSERT_EQ(bitmap.size(), oracle.size());
  std::vector<std::size_t> members;
  for (std::size_t i = 0; i < oracle.size(); ++i) {
    ASSERT_EQ(bitmap.test(i), oracle[i]) << "bit " << i;
    ASSERT_EQ(bitmap.test(RowId{static_cast<std::uint32_t>(i)}), oracle[i]);
    if (oracle[i]) members.push_back(i);
  }
  EXPECT_EQ(bitmap.count(), members.size()) << "a bit past the end is set";
  std::vector<std::size_t> visited;
  bitmap.for_each([&](std::size_t i) { visited.push_back(i); });
  EXPECT_EQ(visited, members);
  EXPECT_EQ(bitmap.words().size(), (oracle.size() + 63) / 64);
}

TEST(Bitmap, StartsWithOneValueAtEverySize) {
  for (std::size_t size = 0; size <= 200; ++size) {
    expect_same(Bitmap(size), Oracle(size, false));
    expect_same(Bitmap(size, true), Oracle(size, true));
  }
}

TEST(Bitmap, ResizesFromEverySizeToEverySize) {
  for (std::size_t from = 0; from <= 130; ++from) {
    for (std::size_t to = 0; to <= 130; ++to) {
      for (const bool old_value : {false, true}) {
        for (const bool new_value : {false, true}) {
          Bitmap bitmap(from, old_value);
          bitmap.resize(to, new_value);
          Oracle oracle(from, old_value);
          oracle.resize(to, new_value);
          ASSERT_NO_FATAL_FAILURE(expect_same(bitmap, oracle)) << from << " to " << to;
        }
      }
    }
  }
}

TEST(Bitmap, BehavesAsAVectorOfBools) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  for (int round = 0; round < 200; ++round) {
    const std::size_t size = random.below(300);
    Bitmap a(size), b(size);
    Oracle x(size), y(size);
    for (std::size_t i = 0; i < size; ++i) {
      if (random.below(2) == 0) a.set(i), x[i] = true;
      if (random.below(3) == 0) b.set(i), y[i] = true;
      if (random.below(5) == 0) a.reset(i), x[i] = false;
    }
    ASSERT_NO_FATAL_FAILURE(expect_same(a, x));
    Bitmap both = a, either = a, rest = a, other = a;
    both &= b;
    either |= b;
    rest.subtract(b);
    other.flip();
    Oracle and_(size), or_(size), minus(size), not_(size);
    for (std::size_t i = 0; i < size; ++i) {
      and_[i] = x[i] && y[i];
      or_[i] = x[i] || y[i];
      minus[i] = x[i] && !y[i];
      not_[i] = !x[i];
    }
    expect_same(both, and_);
    expect_same(either, or_);
    expect_same(rest, minus);
    expect_same(other, not_);
    EXPECT_EQ(a == b, x == y);
  }
}

TEST(BitmapDeathTest, RefusesASetOfAnotherSize) {
  Bitmap a(64);
  EXPECT_DEATH(a &= Bitmap(65), "internal error");
  EXPECT_DEATH(a |= Bitmap(63), "internal error");
  EXPECT_DEATH(a.subtract(Bitmap(0)), "internal error");
}

}  // namespace
}  // namespace simile
