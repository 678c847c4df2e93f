#include "simile/scalar/filter/lexer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace simile::scalar::filter {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// All tokens but the end; what is wrong, where something is.
struct Lexed {
  std::vector<Token> tokens;
  std::string error;
};
Lexed lex(std::string_view text) {
  Lexed lexed;
  Lexer lexer(text);
  for (;;) {
    Result<Token> token = lexer.next();
    if (!token) {
      lexed.error = token.error().message;
      return lexed;
    }
    if (token->kind == TokenKind::kEnd) return lexed;
    lexed.tokens.push_back(*std::move(token));
  }
}
std::vector<TokenKind> kinds(std::string_view text) {
  std::vector<TokenKind> kinds;
  for (const Token& token : lex(text).tokens) kinds.push_back(token.kind);
  return kinds;
}
Token one(std::string_view text) {
  const Lexed lexed = lex(text);
  EXPECT_EQ(lexed.error, "") << text;
  EXPECT_EQ(lexed.tokens.size(), 1) << text;
  return lexed.tokens.empty() ? Token{} : lexed.tokens[0];
}

TEST(Lexer, IsAtTheEndAgainAndAgain) {
  for (const std::string_view text : {"", "  \t\n", "a "}) {
    Lexer lexer(text);
    while (lexer.next()->kind != TokenKind::kEnd) {
    }
    EXPECT_EQ(lexer.next()->kind, TokenKind::kEnd);
    EXPECT_EQ(lexer.next()->at, text.size());
  }
}

TEST(Lexer, TakesTheLongestSign) {
  using enum TokenKind;
  EXPECT_THAT(kinds("<=<**>= ==!=!"),
              ElementsAre(kCompare, kCompare, kPower, kCompare, kCompare, kCompare, kNot));
  EXPECT_THAT(kinds("***"), ElementsAre(kPower, kStar));
  EXPECT_THAT(kinds("a<-1"), ElementsAre(kName, kCompare, kMinus, kInteger));
  EXPECT_THAT(kinds("([,])"), ElementsAre(kLeftParenthesis, kLeftBracket, kComma, kRightBracket,
                                          kRightParenthesis));
  EXPECT_EQ(one("<").compare, CompareOp::kLess);
  EXPECT_EQ(one("<=").compare, CompareOp::kLessEqual);
}

TEST(Lexer, TellsNamesFromWordsOfTheLanguage) {
  using enum TokenKind;
  EXPECT_THAT(kinds("and or not in like is null true false exists"),
              ElementsAre(kAnd, kOr, kNot, kIn, kLike, kIs, kNull, kTrue, kFalse, kExists));
  EXPECT_THAT(kinds("android _in in_ nulls"), ElementsAre(kName, kName, kName, kName));
  EXPECT_EQ(one("$meta").kind, kName);
  EXPECT_THAT(lex("$data").error, HasSubstr("only $meta"));
}

TEST(Lexer, SaysWhereATokenStarts) {
  const Lexed lexed = lex("  a  <= 'x' and {name }");
  ASSERT_EQ(lexed.tokens.size(), 5);
  const std::size_t at[] = {2, 5, 8, 12, 16};
  for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(lexed.tokens[i].at, at[i]);
  EXPECT_EQ(lexed.tokens[4].text, "name");
  EXPECT_EQ(lexed.tokens[4].kind, TokenKind::kTemplate);
}

TEST(Lexer, ReadsIntegersOfEveryBaseUpToTwoTo63) {
  EXPECT_EQ(one("0").integer, 0);
  EXPECT_EQ(one("017").integer, 15);
  EXPECT_EQ(one("0o17").integer, 15);
  EXPECT_EQ(one("0x1F").integer, 31);
  EXPECT_EQ(one("0XfF").integer, 255);
  EXPECT_EQ(one("0b101").integer, 5);
  EXPECT_EQ(one("9223372036854775808").integer, std::uint64_t{1} << 63);
  EXPECT_EQ(one("0x8000000000000000").integer, std::uint64_t{1} << 63);
  for (const std::string_view text : {"9223372036854775809", "18446744073709551616",
                                      "0x8000000000000001", "0x10000000000000000"}) {
    EXPECT_THAT(lex(text).error, HasSubstr("out of range")) << text;
  }
}

TEST(Lexer, ReadsFloatingPointNumbers) {
  EXPECT_EQ(one("1.5").number, 1.5);
  EXPECT_EQ(one(".5").number, 0.5);
  EXPECT_EQ(one("2e3").number, 2000);
  EXPECT_EQ(one("2E-1").number, 0.2);
  EXPECT_EQ(one("0e0").number, 0);
  EXPECT_EQ(one("1e+2").kind, TokenKind::kFloat);
  EXPECT_THAT(lex("1e999").error, HasSubstr("out of range"));
}

TEST(Lexer, RefusesWhatBeginsLikeANumber) {
  for (const std::string_view text :
       {"12ab", "0x", "0xg", "0b2", "0z1", "08", "1.2.3", "1e", "1e+", "1_000", "0x1.5"}) {
    EXPECT_THAT(lex(text).error, HasSubstr("bad number")) << text;
  }
  EXPECT_THAT(lex("08").error, HasSubstr("octal"));
}

TEST(Lexer, ResolvesEscapes) {
  EXPECT_EQ(one(R"('\a\b\f\n\r\t\v\\\'\"\?')").string, "\a\b\f\n\r\t\v\\'\"?");
  EXPECT_EQ(one(R"("\x41\101\u00e4\U0001F600")").string, "AA\xC3\xA4\xF0\x9F\x98\x80");
  EXPECT_EQ(one(R"('100\% \_')").string, R"(100\% \_)") << "kept for like";
  EXPECT_EQ(one(R"('it"s')").string, "it\"s");
  EXPECT_EQ(one("''").string, "");
  EXPECT_EQ(one(R"('\0')").string, std::string(1, '\0'));
}

TEST(Lexer, RefusesBadEscapesAndOpenStrings) {
  for (const std::string_view text :
       {R"('\q')", R"('\x4')", R"('\u12')", R"('\U0011FFFF')", R"('\ud800')", R"('\8')"}) {
    EXPECT_THAT(lex(text).error, HasSubstr("escape")) << text;
  }
  for (const std::string_view text : {"'", "'abc", R"("it's)", R"('\')", "'\\"}) {
    EXPECT_NE(lex(text).error, "") << text;
  }
}

TEST(Lexer, SuggestsWhatMayHaveBeenMeant) {
  EXPECT_THAT(lex("a = 1").error, HasSubstr("write =="));
  EXPECT_THAT(lex("a <> 1").error, HasSubstr("write !="));
  EXPECT_THAT(lex("a & b").error, HasSubstr("write and, or"));
  EXPECT_THAT(lex("a.b").error, HasSubstr("j[\"a\"]"));
  EXPECT_THAT(lex("a == {").error, HasSubstr("{name}"));
  EXPECT_THAT(lex("\xC3\xA4").error, HasSubstr("no meaning"));
}

/// Every text of up to three characters of those that matter: it ends, and never reads on.
TEST(Lexer, ComesToAnEndWithEveryShortText) {
  constexpr std::string_view kCharacters = "a0e.'\\\"{}=<*-& $x\x80";
  for (const char first : kCharacters) {
    for (const char second : kCharacters) {
      for (const char third : kCharacters) {
        const std::string text = {first, second, third};
        for (std::size_t length = 1; length <= text.size(); ++length) {
          // On the heap and of its very length, for the address sanitizer.
          const std::vector<char> exact(text.begin(), text.begin() + static_cast<long>(length));
          const Lexed lexed = lex({exact.data(), exact.size()});
          ASSERT_LE(lexed.tokens.size(), length);
        }
      }
    }
  }
}

}  // namespace
}  // namespace simile::scalar::filter
