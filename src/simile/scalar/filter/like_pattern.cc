/// 1. A pattern is cut at its %: the first piece must fit at the start of the text, the last one at
///    its end, those between anywhere, in order.
/// 2. The leftmost place of a middle piece leaves most room to the rest, so it is never undone: no
///    backtracking. The time is at most length of text x length of pattern.

#include "simile/scalar/filter/like_pattern.h"

namespace simile::scalar::filter {

namespace {

constexpr std::size_t kNone = std::string_view::npos;

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xC0u) == 0x80u; }

/// The byte after the character at `at`.
std::size_t next_character(std::string_view text, std::size_t at) {
  do ++at;
  while (at < text.size() && continues_character(text[at]));
  return at;
}

}  // namespace

LikePattern::LikePattern(std::string_view pattern) : pieces_(1) {
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '%') {
      pieces_.emplace_back();
    } else if (pattern[i] == '_') {
      pieces_.back().holes.push_back(pieces_.back().text.size());
    } else {
      if (pattern[i] == '\\' && i + 1 < pattern.size()) ++i;
      pieces_.back().text.push_back(pattern[i]);
    }
  }
}

std::string_view LikePattern::prefix() const {
  const Piece& first = pieces_[0];
  return std::string_view(first.text).substr(0, first.holes.empty() ? kNone : first.holes[0]);
}

bool LikePattern::is_prefix() const {
  return pieces_.size() == 2 && pieces_[0].holes.empty() && pieces_[1].text.empty() &&
         pieces_[1].holes.empty();
}

std::vector<std::string_view> LikePattern::runs() const {
  std::vector<std::string_view> runs;
  for (const Piece& piece : pieces_) {
    std::size_t from = 0;
    for (std::size_t i = 0; i <= piece.holes.size(); ++i) {
      const std::size_t to = i < piece.holes.size() ? piece.holes[i] : piece.text.size();
      if (to > from) runs.push_back(std::string_view(piece.text).substr(from, to - from));
      from = to;
    }
  }
  return runs;
}

std::size_t LikePattern::fit(const Piece& piece, std::string_view text, std::size_t at) {
  std::size_t from = 0;
  for (const std::size_t hole : piece.holes) {
    const std::string_view part = std::string_view(piece.text).substr(from, hole - from);
    if (!text.substr(at).starts_with(part)) return kNone;
    at += part.size();
    if (at >= text.size()) return kNone;
    at = next_character(text, at);
    from = hole;
  }
  const std::string_view rest = std::string_view(piece.text).substr(from);
  return text.substr(at).starts_with(rest) ? at + rest.size() : kNone;
}

std::size_t LikePattern::find(const Piece& piece, std::string_view text, std::size_t from,
                              std::size_t& end) {
  if (piece.holes.empty()) {
    const std::size_t found = text.find(piece.text, from);
    end = found + piece.text.size();
    return found;
  }
  for (std::size_t at = from; at < text.size(); at = next_character(text, at)) {
    end = fit(piece, text, at);
    if (end != kNone) return at;
  }
  return kNone;
}

bool LikePattern::fits_at_end(std::string_view text, std::size_t from) const {
  const Piece& last = pieces_.back();
  if (last.holes.empty()) {
    return text.size() - from >= last.text.size() && text.ends_with(last.text);
  }
  // Open characters have 1 to 4 bytes, so the place is counted back character by character.
  std::size_t at = text.size();
  std::size_t plain_characters = 0;
  for (const char c : last.text) plain_characters += continues_character(c) ? 0 : 1;
  for (std::size_t left = plain_characters + last.holes.size(); left > 0; --left) {
    if (at <= from) return false;
    do --at;
    while (at > from && continues_character(text[at]));
  }
  return fit(last, text, at) == text.size();
}

bool LikePattern::matches(std::string_view text) const {
  if (pieces_.size() == 1 && pieces_[0].holes.empty()) return text == pieces_[0].text;
  std::size_t at = fit(pieces_[0], text, 0);
  if (pieces_.size() == 1) return at == text.size();
  if (at == kNone) return false;
  for (std::size_t i = 1; i + 1 < pieces_.size(); ++i) {
    std::size_t end = 0;
    if (find(pieces_[i], text, at, end) == kNone) return false;
    at = end;
  }
  return fits_at_end(text, at);
}

}  // namespace simile::scalar::filter
