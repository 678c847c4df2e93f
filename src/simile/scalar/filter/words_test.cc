#include "simile/scalar/filter/words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "simile/base/random.h"

namespace simile::scalar::filter {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Words, AreRunsOfLettersInLowerCase) {
  EXPECT_THAT(words_of("The quick-brown FOX, 3 x_y."),
              ElementsAre("the", "quick", "brown", "fox", "3", "x_y"));
  EXPECT_THAT(words_of("Ärger über ΩΜΕΓΑ Москва"), ElementsAre("ärger", "über", "ωμεγα", "москва"));
  EXPECT_THAT(words_of(" \t…“” "), IsEmpty());
  EXPECT_THAT(words_of(""), IsEmpty());
}

TEST(Words, OfHanAreSingleCharacters) {
  EXPECT_THAT(words_of("机器学习 and AI。"), ElementsAre("机", "器", "学", "习", "and", "ai"));
  EXPECT_THAT(words_of("v2版本ＡＢ"), ElementsAre("v2", "版", "本", "ab"));
  EXPECT_THAT(words_of("한국어 문장"), ElementsAre("한국어", "문장"));
}

TEST(Words, AnyOfThemIsEnough) {
  const AnyWord match("red GREEN");
  EXPECT_TRUE(match.matches("a Red house"));
  EXPECT_TRUE(match.matches("evergreen? green!"));
  EXPECT_FALSE(match.matches("evergreen reddish"));
  EXPECT_FALSE(AnyWord("").matches("a"));
}

TEST(Words, BytesThatAreNoTextDoNoHarm) {
  Random random(3);
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    for (std::uint64_t n = random.below(8); n > 0; --n)
      text += static_cast<char>(random.below(256));
    words_of(text);
  }
}

/// By the definition: every choice of places is tried.
bool follows(const std::vector<std::string>& text, const std::vector<std::string>& phrase,
             std::size_t before, std::size_t word, std::size_t slop) {
  if (word == phrase.size()) return true;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const std::size_t wanted = before + 1;
    const std::size_t moves = word == 0 ? 0 : at > wanted ? at - wanted : wanted - at;
    if (text[at] != phrase[word] || moves > slop) continue;
    if (follows(text, phrase, at, word + 1, slop - moves)) return true;
  }
  return false;
}

TEST(Words, PhrasesMayHaveChangedPlaces) {
  EXPECT_FALSE(Phrase("red house", 1).matches("house red"));
  EXPECT_TRUE(Phrase("red house", 2).matches("the house, red"));
  EXPECT_FALSE(Phrase("red house", 2).matches("house so red"));
  EXPECT_TRUE(Phrase("red house", 1).matches("red old house"));
  EXPECT_FALSE(Phrase("red house", 1).matches("red very old house"));
}

TEST(Words, PhrasesAreFoundAsByTryingEveryPlace) {
  Random random(7);
  const auto sentence = [&](std::size_t length) {
    std::string text;
    for (std::size_t i = 0; i < length; ++i) text += random.below(2) == 0 ? "a " : "b ";
    return text;
  };
  for (int i = 0; i < 20'000; ++i) {
    const std::string text = sentence(random.below(9));
    const std::string query = sentence(1 + random.below(4));
    const std::size_t slop = random.below(4);
    EXPECT_EQ(Phrase(query, slop).matches(text),
              follows(words_of(text), words_of(query), 0, 0, slop))
        << text << '|' << query << '|' << slop;
  }
}

}  // namespace
}  // namespace simile::scalar::filter
