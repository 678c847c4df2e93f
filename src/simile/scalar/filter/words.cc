#include "simile/scalar/filter/words.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "simile/text/characters.h"

namespace simile::scalar::filter {

namespace {

bool is_word_character(char32_t c) { return c == '_' || text::is_letter_or_digit(c); }

/// Calls visit(word) -> bool, until it returns true; true where it did.
template <class Visit>
bool any_word(std::string_view bytes, Visit&& visit) {
  std::string word;
  const auto end_word = [&] {
    const bool found = !word.empty() && visit(word);
    word.clear();
    return found;
  };
  for (std::size_t at = 0; at < bytes.size();) {
    const char32_t c = text::lower_case(text::next_character(bytes, at));
    const bool single = text::is_without_blanks(c);
    if ((single || !is_word_character(c)) && end_word()) return true;
    if (single || is_word_character(c)) text::append_utf8(c, word);
    if (single && end_word()) return true;
  }
  return end_word();
}

}  // namespace

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  any_word(text, [&](const std::string& word) {
    words.push_back(word);
    return false;
  });
  return words;
}

namespace {

std::vector<std::string> words_by(const AnalyzerPointer& analyzer, std::string_view text) {
  if (!analyzer) return words_of(text);
  std::vector<std::string> words;
  for (text::Token& word : analyzer->analyze(text)) words.push_back(std::move(word.text));
  return words;
}

}  // namespace

AnyWord::AnyWord(std::string_view query, AnalyzerPointer analyzer)
    : analyzer_(std::move(analyzer)) {
  for (std::string& word : words_by(analyzer_, query)) words_.insert(std::move(word));
}

bool AnyWord::matches(std::string_view text) const {
  if (analyzer_) {
    return std::ranges::any_of(words_by(analyzer_, text),
                               [&](const std::string& word) { return words_.contains(word); });
  }
  return any_word(text, [&](const std::string& word) { return words_.contains(word); });
}

Phrase::Phrase(std::string_view query, std::size_t slop, AnalyzerPointer analyzer)
    : analyzer_(std::move(analyzer)), words_(words_by(analyzer_, query)), slop_(slop) {}

bool Phrase::matches(std::string_view text) const {
  if (words_.empty()) return false;
  const std::vector<std::string> found = words_by(analyzer_, text);
  for (std::size_t first = 0; first < found.size(); ++first) {
    if (found[first] != words_[0]) continue;
    // The nearest place of each next word leaves the smallest gaps.
    std::size_t at = first;
    std::size_t matched = 1;
    const std::size_t last = std::min(found.size() - first - 1, slop_ + words_.size() - 1) + first;
    while (matched < words_.size() && at < last) {
      if (found[++at] == words_[matched]) ++matched;
    }
    if (matched == words_.size()) return true;
  }
  return false;
}

}  // namespace simile::scalar::filter
