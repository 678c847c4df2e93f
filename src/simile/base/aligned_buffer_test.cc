#include "simile/base/aligned_buffer.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <new>
#include <vector>

namespace simile {
namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;

TEST(AlignedBuffer, IsZeroedAndAligned) {
  for (const std::size_t size :
       {1ul, 63ul, 64ul, 65ul, 100'000ul, kHugePage - 1, kHugePage, 3 * kHugePage + 1}) {
    AlignedBuffer buffer(size);
    ASSERT_EQ(buffer.size(), size);
    const auto address = reinterpret_cast<std::uintptr_t>(buffer.data());
    EXPECT_EQ(address % (size >= kHugePage ? kHugePage : 64), 0u) << size;
    EXPECT_TRUE(std::ranges::all_of(buffer.bytes(), [](std::byte b) { return b == std::byte{0}; }));
    std::ranges::fill_n(buffer.data(), static_cast<std::ptrdiff_t>(size), std::byte{1});
  }
}

TEST(AlignedBuffer, EmptyOneHoldsNothing) {
  EXPECT_EQ(AlignedBuffer().data(), nullptr);
  EXPECT_EQ(AlignedBuffer(0).data(), nullptr);
  EXPECT_TRUE(AlignedBuffer(0).bytes().empty());
}

TEST(AlignedBuffer, MovesItsMemory) {
  AlignedBuffer a(128);
  a.as<std::uint32_t>()[3] = 7;
  const std::byte* const data = a.data();
  AlignedBuffer b = std::move(a);
  EXPECT_EQ(b.data(), data);
  AlignedBuffer c(64);
  c = std::move(b);
  EXPECT_EQ(c.data(), data);
  EXPECT_EQ(c.size(), 128u);
  EXPECT_EQ(c.as<std::uint32_t>()[3], 7u);
}

TEST(AlignedBuffer, RoomThatIsNotUsedTakesNoMemory) {
  constexpr std::size_t kBytes = 16 * kHugePage;
  AlignedBuffer buffer(kBytes);
  buffer.data()[0] = std::byte{1};
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  std::vector<unsigned char> resident(kBytes / page);
  ASSERT_EQ(::mincore(buffer.data(), kBytes, resident.data()), 0);
  const auto pages = std::ranges::count_if(resident, [](unsigned char p) { return (p & 1) != 0; });
  EXPECT_LE(static_cast<std::size_t>(pages) * page, kHugePage);
}

TEST(AlignedBuffer, MoreThanThereIsThrows) {
  constexpr std::size_t kMax = std::numeric_limits<std::size_t>::max();
  for (const std::size_t size : {kMax, kMax - kHugePage, kMax / 2}) {
    EXPECT_THROW(AlignedBuffer{size}, std::bad_alloc);
  }
}

}  // namespace
}  // namespace simile
