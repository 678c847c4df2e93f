#include "simile/base/file_pages.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "simile/base/growable_buffer.h"

namespace simile {
namespace {

constexpr std::size_t kBytes = 100'000;

TEST(FilePages, WhatWasReleasedReadsTheSame) {
  GrowableBuffer buffer(testing::TempDir());
  buffer.resize(kBytes);
  for (std::size_t i = 0; i < kBytes; ++i) buffer.data()[i] = static_cast<std::byte>(i % 251);
  const std::vector<std::byte> before(buffer.bytes().begin(), buffer.bytes().end());
  buffer.release_pages();
  EXPECT_TRUE(std::ranges::equal(buffer.bytes(), before));
  release_file_pages(buffer.bytes().subspan(5));
  ScatteredReads::ask(buffer.bytes().subspan(70'001, 3));
  EXPECT_TRUE(std::ranges::equal(buffer.bytes(), before));
}

TEST(FilePages, ABufferInAFileGrowsAndShrinksAsOneInMemory) {
  GrowableBuffer in_file(testing::TempDir());
  GrowableBuffer in_memory;
  for (const std::size_t bytes : {1, 5000, 100'000, 4097, 3, 3'000'000, 0, 70'000}) {
    in_file.resize(bytes);
    in_memory.resize(bytes);
    ASSERT_TRUE(std::ranges::equal(in_file.bytes(), in_memory.bytes())) << bytes;
    std::fill_n(in_file.data(), bytes, std::byte{7});
    std::fill_n(in_memory.data(), bytes, std::byte{7});
  }
  GrowableBuffer moved = std::move(in_file);
  EXPECT_TRUE(std::ranges::equal(moved.bytes(), in_memory.bytes()));
}

TEST(FilePages, AFolderThatIsNotThereIsTold) {
  EXPECT_TRUE(GrowableBuffer::can_be_in(testing::TempDir()));
  EXPECT_FALSE(GrowableBuffer::can_be_in("/no/such/folder"));
}

}  // namespace
}  // namespace simile
