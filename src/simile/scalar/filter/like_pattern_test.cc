#include "simile/scalar/filter/like_pattern.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace simile::scalar::filter {
namespace {

/// By the definition: every split of the text is tried. Characters are strings, as they may have
/// several bytes.
bool matches_naively(const std::vector<std::string>& pattern, std::size_t p,
                     const std::vector<std::string>& text, std::size_t t) {
  if (p == pattern.size()) return t == text.size();
  if (pattern[p] == "%") {
    for (std::size_t skip = t; skip <= text.size(); ++skip) {
      if (matches_naively(pattern, p + 1, text, skip)) return true;
    }
    return false;
  }
  if (t == text.size()) return false;
  if (pattern[p] == "\\" && p + 1 < pattern.size()) {
    return pattern[p + 1] == text[t] && matches_naively(pattern, p + 2, text, t + 1);
  }
  return (pattern[p] == "_" || pattern[p] == text[t]) &&
         matches_naively(pattern, p + 1, text, t + 1);
}

/// Every sequence of at most `length` characters.
std::vector<std::vector<std::string>> sequences(const std::vector<std::string>& alphabet,
                                                std::size_t length) {
  std::vector<std::vector<std::string>> all = {{}};
  for (std::size_t first = 0, n = 0; n < length; ++n) {
    const std::size_t last = all.size();
    for (; first < last; ++first) {
      for (const std::string& character : alphabet) {
        all.push_back(all[first]);
        all.back().push_back(character);
      }
    }
  }
  return all;
}

std::string joined(const std::vector<std::string>& characters) {
  std::string text;
  for (const std::string& character : characters) text += character;
  return text;
}

TEST(LikePattern, MatchesWhatTheDefinitionMatches) {
  const auto texts = sequences({"a", "ß", "%", "\\"}, 4);
  for (const auto& pattern : sequences({"a", "ß", "%", "_", "\\"}, 4)) {
    const LikePattern compiled(joined(pattern));
    for (const auto& text : texts) {
      ASSERT_EQ(compiled.matches(joined(text)), matches_naively(pattern, 0, text, 0))
          << "pattern " << joined(pattern) << " text " << joined(text);
    }
  }
}

TEST(LikePattern, MatchesLongPatternsOverTwoLetters) {
  const auto texts = sequences({"a", "b"}, 6);
  for (const auto& pattern : sequences({"a", "b", "%", "_"}, 6)) {
    if (pattern.size() < 6) continue;
    const LikePattern compiled(joined(pattern));
    for (std::size_t i = 0; i < texts.size(); i += 3) {
      ASSERT_EQ(compiled.matches(joined(texts[i])), matches_naively(pattern, 0, texts[i], 0))
          << "pattern " << joined(pattern) << " text " << joined(texts[i]);
    }
  }
}

TEST(LikePattern, TakesCharactersOfEveryLengthAsOne) {
  const LikePattern pattern("_猫_");
  EXPECT_TRUE(pattern.matches("a猫😀"));
  EXPECT_TRUE(pattern.matches("é猫é"));
  EXPECT_FALSE(pattern.matches("猫猫"));
  EXPECT_FALSE(pattern.matches("aa猫a"));
}

TEST(LikePattern, DoesNotBacktrackWithoutEnd) {
  std::string pattern;
  for (int i = 0; i < 1000; ++i) pattern += "a%";
  EXPECT_FALSE(LikePattern(pattern + "b").matches(std::string(100'000, 'a')));
  EXPECT_TRUE(LikePattern(pattern).matches(std::string(100'000, 'a')));
}

}  // namespace
}  // namespace simile::scalar::filter
