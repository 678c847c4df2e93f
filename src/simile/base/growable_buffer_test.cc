#include "simile/base/growable_buffer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "simile/base/random.h"

namespace simile {
namespace {

TEST(GrowableBuffer, BehavesAsAVectorOfZeroedBytes) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  for (int round = 0; round < 20; ++round) {
    GrowableBuffer buffer;
    std::vector<std::byte> oracle;
    for (int i = 0; i < 30; ++i) {
      // Near pages, near huge pages and anywhere; growing and shrinking.
      const std::size_t edge =
          random.below(2) == 0 ? 4096 * random.below(5) : random.below(6) << 20;
      const std::size_t size = edge + random.below(3);
      buffer.resize(size);
      oracle.resize(size);
      ASSERT_EQ(buffer.size(), size);
      ASSERT_TRUE(std::ranges::equal(buffer.bytes(), oracle)) << "step " << i;
      const std::size_t at = size == 0 ? 0 : random.below(size);
      const std::size_t count = std::min<std::size_t>(size - at, random.below(10'000));
      std::fill_n(buffer.data() + at, count, std::byte{0xAB});
      std::fill_n(oracle.begin() + static_cast<std::ptrdiff_t>(at), count, std::byte{0xAB});
    }
  }
}

TEST(GrowableBuffer, MovesItsMemory) {
  GrowableBuffer a;
  a.resize(100);
  a.as<std::uint32_t>()[3] = 7;
  GrowableBuffer b = std::move(a);
  GrowableBuffer c;
  c = std::move(b);
  EXPECT_EQ(c.size(), 100u);
  EXPECT_EQ(c.as<std::uint32_t>()[3], 7u);
}

}  // namespace
}  // namespace simile
