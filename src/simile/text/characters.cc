#include "simile/text/characters.h"

#include <algorithm>
#include <array>
#include <utility>

namespace simile::text {

namespace {

using Range = std::pair<char32_t, char32_t>;

/// Beyond ASCII, what is no part of a word: punctuation, symbols, blanks.
constexpr std::array kGaps = {Range{0x80, 0xA9},     Range{0xAB, 0xB4},      Range{0xB6, 0xB9},
                              Range{0xBB, 0xBF},     Range{0xD7, 0xD7},      Range{0xF7, 0xF7},
                              Range{0x2000, 0x206F}, Range{0x20A0, 0x20CF},  Range{0x2190, 0x2BFF},
                              Range{0x2E00, 0x2E7F}, Range{0x3000, 0x3004},  Range{0x3008, 0x3030},
                              Range{0xE000, 0xF8FF}, Range{0xFE10, 0xFE6F},  Range{0xFF5F, 0xFF65},
                              Range{0xFFE0, 0xFFFF}, Range{0x1F000, 0x1FAFF}};
/// Characters that are words by themselves.
constexpr std::array kSingle = {Range{0x3005, 0x3007}, Range{0x3040, 0x30FF},
                                Range{0x3400, 0x4DBF}, Range{0x4E00, 0x9FFF},
                                Range{0xF900, 0xFAFF}, Range{0x20000, 0x3FFFF}};

template <std::size_t N>
bool is_in(const std::array<Range, N>& ranges, char32_t c) {
  return std::ranges::any_of(
      ranges, [c](const Range& range) { return c >= range.first && c <= range.second; });
}

}  // namespace

bool is_letter_or_digit(char32_t c) {
  if (c < 0x80) return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  return !is_in(kGaps, c);
}

bool is_without_blanks(char32_t c) { return c >= 0x3005 && is_in(kSingle, c); }

bool is_han(char32_t c) { return is_without_blanks(c) && !(c >= 0x3040 && c <= 0x30FF); }

char32_t lower_case(char32_t c) {
  if (c >= 0xFF01 && c <= 0xFF5E) c -= 0xFEE0;
  if ((c >= 'A' && c <= 'Z') || (c >= 0xC0 && c <= 0xDE && c != 0xD7) ||
      (c >= 0x391 && c <= 0x3A9) || (c >= 0x410 && c <= 0x42F)) {
    return c + 32;
  }
  return c >= 0x400 && c <= 0x40F ? c + 80 : c;
}

char32_t next_character(std::string_view text, std::size_t& at) {
  const auto first = static_cast<unsigned char>(text[at++]);
  if (first < 0x80) return first;
  const std::size_t more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : 1;
  char32_t c = first & (0x3Fu >> more);
  for (std::size_t i = 0; i < more && at < text.size(); ++i) {
    c = (c << 6) | (static_cast<unsigned char>(text[at++]) & 0x3Fu);
  }
  return c;
}

void append_utf8(char32_t c, std::string& out) {
  const auto put = [&](char32_t byte) {
    out += static_cast<char>(static_cast<unsigned char>(byte));
  };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | (c >> 6));
    put(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    put(0xE0 | (c >> 12));
    put(0x80 | ((c >> 6) & 0x3F));
    put(0x80 | (c & 0x3F));
  } else {
    put(0xF0 | (c >> 18));
    put(0x80 | ((c >> 12) & 0x3F));
    put(0x80 | ((c >> 6) & 0x3F));
    put(0x80 | (c & 0x3F));
  }
}

}  // namespace simile::text
