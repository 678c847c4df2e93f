#include "simile/base/text.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <set>

namespace simile {
namespace {

TEST(Text, JoinsPiecesOfEveryKind) {
  const std::string s = "str";
  const std::string_view v = "view";
  EXPECT_EQ(join_text("k=", 3, ' ', s, v, true, false, -1, 2.5, std::uint8_t{200}, 'c'),
            "k=3 strviewtruefalse-12.5200c");
  EXPECT_EQ(join_text(), "");
  EXPECT_EQ(join_text(std::numeric_limits<std::uint64_t>::max()), "18446744073709551615");
  EXPECT_EQ(join_text(std::numeric_limits<std::int64_t>::min()), "-9223372036854775808");
  EXPECT_EQ(join_text(0.1f), "0.1");
  EXPECT_EQ(join_text(-std::numeric_limits<double>::denorm_min()), "-5e-324");
  EXPECT_EQ(join_text(std::numeric_limits<double>::infinity()), "inf");
  const char* pointer = "pointer";
  EXPECT_EQ(join_text(pointer), "pointer") << "not true";
}

TEST(Text, BytesAreReadable) {
  EXPECT_EQ(readable_bytes(0), "0 B");
  EXPECT_EQ(readable_bytes(1023), "1023 B");
  EXPECT_EQ(readable_bytes(1024), "1.0 KiB");
  EXPECT_EQ(readable_bytes(1536), "1.5 KiB");
  EXPECT_EQ(readable_bytes((1u << 20) - 1), "1.0 MiB") << "not 1024.0 KiB";
  EXPECT_EQ(readable_bytes(5ull << 40), "5.0 TiB");
  EXPECT_EQ(readable_bytes(~0ull), "16384.0 PiB");
}

/// Encodes as RFC 3629 says, whether or not the point is a character.
std::string encode(std::uint32_t point, int length) {
  constexpr std::array<unsigned, 5> kLead = {0, 0, 0xC0, 0xE0, 0xF0};
  std::string out;
  for (int shift = (length - 1) * 6; shift >= 0; shift -= 6) {
    const std::uint32_t six = (point >> shift) & 0x3F;
    const bool first = out.empty();
    out += static_cast<char>(length == 1 ? point : first ? kLead[length] | six : 0x80u | six);
  }
  return out;
}

TEST(Utf8, EveryCodePointIsValidInItsShortestFormAlone) {
  for (std::uint32_t point = 0; point <= 0x1F'FFFF; ++point) {
    const int shortest = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x1'0000 ? 3 : 4;
    const bool character = point <= 0x10'FFFF && !(point >= 0xD800 && point <= 0xDFFF);
    for (int length = shortest; length <= 4; ++length) {
      ASSERT_EQ(is_utf8(encode(point, length)), character && length == shortest)
          << point << " in " << length << " bytes";
    }
  }
}

TEST(Utf8, EveryTruncationAndStrayByteIsRefused) {
  const std::string text = "aé漢😀";
  EXPECT_TRUE(is_utf8(text));
  const std::set<std::size_t> ends = {0, 1, 3, 6, 10};
  for (std::size_t size = 0; size <= text.size(); ++size) {
    EXPECT_EQ(is_utf8(std::string_view(text).substr(0, size)), ends.contains(size)) << size;
  }
  for (int byte = 0x80; byte <= 0xFF; ++byte) {
    EXPECT_FALSE(is_utf8(std::string(1, static_cast<char>(byte)))) << byte;
    EXPECT_FALSE(is_utf8("a" + std::string(1, static_cast<char>(byte)) + "bcd")) << byte;
  }
}

}  // namespace
}  // namespace simile
