#pragma once
/// Words of a text, for text_match and phrase_match.
///
/// A word is a run of letters, digits and '_', in lower case; of writing without blanks between
/// words (Han, Hiragana, Katakana) each character is a word of its own. Lower case is known for
/// Latin, Greek and Cyrillic; letters of full width count as the ordinary ones.

#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "simile/text/analyzer.h"

namespace simile::scalar::filter {

/// `text` is UTF-8.
std::vector<std::string> words_of(std::string_view text);

/// Words of fields that have an analyzer are what that makes of their texts. Null: the above.
using AnalyzerPointer = std::shared_ptr<const text::Analyzer>;

/// True for texts that have at least one of the words of `query`.
class AnyWord {
 public:
  explicit AnyWord(std::string_view query, AnalyzerPointer analyzer = nullptr);
  bool matches(std::string_view text) const;

 private:
  AnalyzerPointer analyzer_;
  std::unordered_set<std::string> words_;
};

/// True for texts where at most `slop` moves of a word by one place make the words of `query` stand
/// one after the other: each word between two of them is a move, and two words that have changed
/// places are two.
class Phrase {
 public:
  Phrase(std::string_view query, std::size_t slop, AnalyzerPointer analyzer = nullptr);
  bool matches(std::string_view text) const;

 private:
  AnalyzerPointer analyzer_;
  std::vector<std::string> words_;
  std::size_t slop_;
};

}  // namespace simile::scalar::filter
