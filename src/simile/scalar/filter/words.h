#pragma once
/// Words of a text, for text_match and phrase_match.
///
/// A word is a run of letters, digits and '_', in lower case; of writing without blanks between
/// words (Han, Hiragana, Katakana) each character is a word of its own. Lower case is known for
/// Latin, Greek and Cyrillic; letters of full width count as the ordinary ones.

#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace simile::scalar::filter {

/// `text` is UTF-8.
std::vector<std::string> words_of(std::string_view text);

/// True for texts that have at least one of the words of `query`.
class AnyWord {
 public:
  explicit AnyWord(std::string_view query);
  bool matches(std::string_view text) const;

 private:
  std::unordered_set<std::string> words_;
};

/// True for texts that have the words of `query` one after the other, with at most `slop` others
/// between them, all gaps together.
class Phrase {
 public:
  Phrase(std::string_view query, std::size_t slop) : words_(words_of(query)), slop_(slop) {}
  bool matches(std::string_view text) const;

 private:
  std::vector<std::string> words_;
  std::size_t slop_;
};

}  // namespace simile::scalar::filter
