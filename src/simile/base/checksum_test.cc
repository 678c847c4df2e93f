#include "simile/base/checksum.h"

#include <gtest/gtest.h>

#include <random>
#include <string_view>

#include "simile/base/random.h"

namespace simile {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

// Files written on any machine must stay readable: these are XXH3's published values.
TEST(Checksum, IsXxh3WithSeedZero) {
  EXPECT_EQ(checksum64({}), 0x2D06'8005'38D3'94C2u);
  EXPECT_EQ(checksum64(bytes_of("a")), 0xE6C6'32B6'1E96'4E1Fu);
  EXPECT_EQ(checksum64(bytes_of("abc")), 0x78AF'5F94'892F'3950u);
}

TEST(Checksum, IsTheSameHoweverTheBytesAreCut) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  std::vector<std::byte> bytes(5000);
  for (std::byte& b : bytes) b = static_cast<std::byte>(random.next());
  for (std::size_t size = 0; size <= bytes.size(); size += 1 + random.below(40)) {
    const std::span<const std::byte> part = std::span(bytes).first(size);
    Checksum64 pieces;
    for (std::size_t at = 0; at < size;) {
      const std::size_t count = std::min<std::size_t>(size - at, 1 + random.below(700));
      pieces.update(part.subspan(at, count));
      at += count;
    }
    ASSERT_EQ(pieces.value(), checksum64(part)) << size;
    ASSERT_EQ(pieces.value(), checksum64(part)) << "asking changes nothing";
  }
}

}  // namespace
}  // namespace simile
