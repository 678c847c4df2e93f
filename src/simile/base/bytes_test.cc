#include "simile/base/bytes.h"

#include <gtest/gtest.h>

namespace simile {
namespace {

TEST(Bytes, ReaderGivesBackWhatTheWriterTook) {
  ByteWriter writer;
  writer.put(std::uint8_t{7});
  writer.put(std::int64_t{-2});
  writer.put(1.5f);
  writer.put_string("naïve");
  writer.put_string("");
  writer.put_bytes(std::as_bytes(std::span("xyz", 3)));
  EXPECT_EQ(writer.size(), 1u + 8 + 4 + 4 + 6 + 4 + 3);

  const std::vector<std::byte> bytes = writer.take();
  ByteReader reader(bytes);
  EXPECT_EQ(reader.get<std::uint8_t>(), 7);
  EXPECT_EQ(reader.get<std::int64_t>(), -2);
  EXPECT_EQ(reader.get<float>(), 1.5f);
  EXPECT_EQ(reader.get_string(), "naïve");
  EXPECT_EQ(reader.get_string(), "");
  EXPECT_EQ(reader.get_bytes(3)[2], std::byte{'z'});
  EXPECT_TRUE(reader.ok());
  EXPECT_EQ(reader.remaining(), 0u);
}

TEST(Bytes, NumbersAreLittleEndianAndPacked) {
  ByteWriter writer;
  writer.put(std::uint8_t{1});
  writer.put(std::uint32_t{0x0403'0201});
  std::vector<int> seen;
  for (const std::byte byte : writer.bytes()) seen.push_back(std::to_integer<int>(byte));
  EXPECT_EQ(seen, (std::vector<int>{1, 1, 2, 3, 4}));
}

TEST(Bytes, EveryTruncationIsNoticedAndGivesZeros) {
  ByteWriter writer;
  writer.put(std::uint32_t{0xFFFF'FFFF});
  writer.put_string("abc");
  writer.put(std::uint64_t{~0ull});
  for (std::size_t size = 0; size < writer.size(); ++size) {
    ByteReader reader(writer.bytes().first(size));
    const auto number = reader.get<std::uint32_t>();
    const auto text = reader.get_string();
    const auto last = reader.get<std::uint64_t>();
    EXPECT_FALSE(reader.ok()) << size;
    EXPECT_EQ(number, size < 4 ? 0u : 0xFFFF'FFFFu);
    EXPECT_EQ(text, size < 11 ? "" : "abc");
    EXPECT_EQ(last, 0u);
    EXPECT_EQ(reader.remaining(), 0u);
  }
}

TEST(Bytes, AFailureIsNotForgotten) {
  const std::vector<std::byte> bytes(4, std::byte{1});
  ByteReader reader(bytes);
  EXPECT_EQ(reader.get<std::uint64_t>(), 0u);
  EXPECT_EQ(reader.get<std::uint8_t>(), 0) << "though four bytes were there";
  EXPECT_TRUE(reader.get_bytes(0).empty());
  EXPECT_FALSE(reader.ok());
}

TEST(Bytes, ALengthLargerThanTheRestIsAnErrorNotAnAllocation) {
  ByteWriter writer;
  writer.put(std::uint32_t{0xFFFF'FFFF});
  writer.put(std::uint8_t{'a'});
  ByteReader reader(writer.bytes());
  EXPECT_EQ(reader.get_string(), "");
  EXPECT_FALSE(reader.ok());
}

}  // namespace
}  // namespace simile
