#include "simile/scalar/filter/words.h"

#include <algorithm>
#include <cstddef>
#include <limits>
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
  constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max() / 2;
  // moves[i]: fewest moves where the word at hand stands at place i.
  std::vector<std::size_t> moves(found.size(), 0);
  for (std::size_t at = 0; at < found.size(); ++at) {
    if (found[at] != words_[0]) moves[at] = kNone;
  }
  std::vector<std::size_t> next(found.size());
  for (std::size_t word = 1; word < words_.size(); ++word) {
    // |at - 1 - before| grows by one a place, so the best one so far is carried along, both ways.
    std::size_t best = kNone;
    for (std::size_t at = 0; at < found.size(); ++at) {
      if (at > 0) best = std::min(best + 1, moves[at - 1]);
      next[at] = found[at] == words_[word] ? best : kNone;
    }
    best = kNone;
    for (std::size_t at = found.size(); at-- > 0;) {
      best = std::min(best, moves[at]) + 1;
      if (found[at] == words_[word]) next[at] = std::min(next[at], best);
    }
    moves.swap(next);
  }
  return std::ranges::any_of(moves, [this](std::size_t count) { return count <= slop_; });
}

}  // namespace simile::scalar::filter
