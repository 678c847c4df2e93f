#include "simile/scalar/arena.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

namespace simile::scalar {
namespace {

TEST(Arena, GivesAlignedPiecesThatDoNotOverlap) {
  Arena arena;
  std::vector<std::pair<std::byte*, std::size_t>> pieces;
  std::size_t asked = 0;
  for (std::size_t i = 0; i < 3000; ++i) {
    const std::size_t bytes = i % 97 == 0 ? 200'000 : i % 41;
    std::byte* piece = arena.allocate(bytes);
    ASSERT_EQ(reinterpret_cast<std::uintptr_t>(piece) % 8, 0);
    std::memset(piece, static_cast<int>(i), bytes);  // under the address sanitizer, too
    pieces.emplace_back(piece, bytes);
    asked += bytes;
  }
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const auto [piece, bytes] = pieces[i];
    EXPECT_TRUE(std::all_of(piece, piece + bytes,
                            [&](std::byte byte) { return byte == static_cast<std::byte>(i); }));
  }
  EXPECT_GE(arena.memory_bytes(), asked);
  EXPECT_LT(arena.memory_bytes(), asked * 3 / 2 + (std::size_t{4} << 20));
}

TEST(Arena, KeepsOneBlockWhenItIsCleared) {
  Arena arena;
  arena.clear();
  EXPECT_EQ(arena.memory_bytes(), 0);
  for (int i = 0; i < 100; ++i) arena.allocate(10'000);
  const std::uint64_t before = arena.memory_bytes();
  arena.clear();
  EXPECT_GT(arena.memory_bytes(), 0);
  EXPECT_LT(arena.memory_bytes(), before);
  const std::uint64_t kept = arena.memory_bytes();
  std::memset(arena.allocate(64), 1, 64);
  EXPECT_EQ(arena.memory_bytes(), kept) << "the block is used again";
}

}  // namespace
}  // namespace simile::scalar
