#include "simile/cli/text_format.h"

#include <cmath>
#include <cstdio>

#include "simile/base/text.h"

namespace simile::cli {

namespace {

std::string printed(const char* format, double number) {
  char text[64];
  std::snprintf(text, sizeof text, format, number);
  return text;
}

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

/// Length of the UTF-8 sequence at the front, 0 where there is none.
std::size_t sequence_length(std::string_view text) {
  const auto first = static_cast<unsigned char>(text.front());
  const std::size_t length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  return length <= text.size() && is_utf8(text.substr(0, length)) ? length : 0;
}

/// C1 controls (U+0080 to U+009F) act on a terminal as escape sequences do.
bool is_control(std::string_view sequence) {
  const auto first = static_cast<unsigned char>(sequence.front());
  if (sequence.size() == 1) return first < 0x20 || first == 0x7F;
  return first == 0xC2 && static_cast<unsigned char>(sequence[1]) < 0xA0;
}

}  // namespace

std::string with_commas(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t at = digits.size(); at > 3;) {
    at -= 3;
    digits.insert(at, 1, ',');
  }
  return digits;
}

std::string counted(std::uint64_t number, std::string_view noun) {
  return join_text(with_commas(number), " ", noun, number == 1 ? "" : "s");
}

std::string short_number(double number) { return printed("%.6g", number); }

std::string readable_seconds(double seconds) {
  if (seconds < 1) return printed("%.3g ms", seconds * 1e3);
  if (seconds < 60) return printed("%.3g s", seconds);
  const auto whole = static_cast<std::uint64_t>(std::llround(seconds));
  if (whole < 3600) return join_text(whole / 60, " min ", whole % 60, " s");
  return join_text(whole / 3600, " h ", whole % 3600 / 60, " min");
}

std::string safe_text(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string safe;
  while (!text.empty()) {
    const std::size_t length = sequence_length(text);
    if (text.front() == '\n') {
      safe += "\\n";
    } else if (length > 0 && !is_control(text.substr(0, length))) {
      safe += text.substr(0, length);
      text.remove_prefix(length);
      continue;
    } else {
      const auto byte = static_cast<unsigned char>(text.front());
      safe += "\\x";
      safe += kHex[byte >> 4];
      safe += kHex[byte & 15];
    }
    text.remove_prefix(1);
  }
  return safe;
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  for (const char c : text) width += is_continuation(c) ? 0 : 1;
  return width;
}

std::string shortened(std::string_view text, std::size_t columns) {
  constexpr std::string_view kDots = "...";
  if (display_width(text) <= columns) return std::string(text);
  const std::size_t kept = columns > kDots.size() ? columns - kDots.size() : 0;
  std::size_t at = 0;
  for (std::size_t seen = 0; at < text.size(); ++at) {
    if (!is_continuation(text[at]) && seen++ == kept) break;
  }
  return std::string(text.substr(0, at)) + std::string(kDots);
}

}  // namespace simile::cli
