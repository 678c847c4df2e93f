#pragma once
/// Text out of pieces, for messages.

#include <charconv>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace simile {

namespace text_detail {
inline void append(std::string& out, std::string_view piece) { out += piece; }
inline void append(std::string& out, char piece) { out += piece; }
template <std::same_as<bool> Bool>  // a plain bool would also take pointers
void append(std::string& out, Bool piece) {
  out += piece ? "true" : "false";
}
template <class Number>
  requires((std::integral<Number> || std::floating_point<Number>) && !std::same_as<Number, bool> &&
           !std::same_as<Number, char>)
void append(std::string& out, Number piece) {
  char digits[64];
  const auto end = std::to_chars(digits, digits + sizeof digits, piece);
  out.append(digits, end.ptr);
}
}  // namespace text_detail

/// join_text("k is ", k, ", at most ", kMaxK): strings, characters, bools, numbers.
template <class... Pieces>
std::string join_text(const Pieces&... pieces) {
  std::string out;
  (text_detail::append(out, pieces), ...);
  return out;
}

/// "1.5 MiB", "312 B".
std::string readable_bytes(std::uint64_t bytes);

/// True where the bytes are well-formed UTF-8.
bool is_utf8(std::string_view text);

}  // namespace simile
