#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace simile::scalar::filter {

/// A pattern of `like`: % is any text, also none; _ is one character (a Unicode one, not a byte); a
/// backslash makes the next character plain. Upper and lower case differ.
class LikePattern {
 public:
  explicit LikePattern(std::string_view pattern);
  bool matches(std::string_view text) const;

  /// What every text that fits begins with.
  std::string_view prefix() const;
  /// Whether all texts fit that begin so.
  bool is_prefix() const;
  /// Runs of bytes that every text that fits has; borrowed from this pattern.
  std::vector<std::string_view> runs() const;

 private:
  /// What stands between two %: plain text, or with single characters left open.
  struct Piece {
    std::string text;                // the plain parts, one after the other
    std::vector<std::size_t> holes;  // ends in `text` after which one character is open
  };

  /// Where `piece`, put at `at`, ends; npos where it does not fit.
  static std::size_t fit(const Piece& piece, std::string_view text, std::size_t at);
  static std::size_t find(const Piece& piece, std::string_view text, std::size_t from,
                          std::size_t& end);
  bool fits_at_end(std::string_view text, std::size_t from) const;

  std::vector<Piece> pieces_;  // one more than there are %
};

}  // namespace simile::scalar::filter
