#include "simile/text/analyzer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "simile/text/language_tools.h"
#include "simile/types.h"

namespace simile::text {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> words(std::string_view analyzer, std::string_view text) {
  const auto made = Analyzer::make(analyzer);
  EXPECT_TRUE(made) << made.error().message;
  std::vector<std::string> found;
  if (!made) return found;
  for (const Token& token : (*made)->analyze(text)) {
    EXPECT_LE(token.end, text.size());
    found.push_back(token.text);
  }
  return found;
}

class WithLanguages : public testing::Test {
 protected:
  void SetUp() override {
    if (!language_tools()) GTEST_SKIP() << language_tools().error().message;
  }
};

TEST(Analyzer, StandardCutsAtWhatIsNoLetter) {
  EXPECT_THAT(words("", "The QUICK_brown fox, it's 42!"),
              ElementsAre("the", "quick", "brown", "fox", "it", "s", "42"));
  EXPECT_THAT(words("{}", "Ärger ÜBER 数据库"), ElementsAre("ärger", "über", "数", "据", "库"));
  EXPECT_THAT(words(R"({"type": "standard", "stop_words": ["the", "fox"]})", "The fox runs"),
              ElementsAre("runs"));
  EXPECT_THAT(words("", ""), ElementsAre());
}

TEST_F(WithLanguages, EnglishStemsAndStops) {
  EXPECT_THAT(words(R"({"type": "english"})", "Milvus is a vector database built for scale!"),
              ElementsAre("milvus", "vector", "databas", "built", "scale"));
  EXPECT_THAT(words(R"({"type": "english", "stop_words": ["run"]})", "Running dogs were running"),
              ElementsAre("dog", "were"));
}

TEST_F(WithLanguages, ChineseIsCutByADictionary) {
  EXPECT_THAT(words(R"({"type": "chinese"})", "向量数据库，Milvus 2.5"),
              ElementsAre("向量", "数据", "库", "Milvus"));
  EXPECT_THAT(words(R"({"tokenizer": "jieba", "filter": ["cncharonly"]})", "我爱北京天安门 abc"),
              testing::Contains("北京"));
}

TEST_F(WithLanguages, FiltersAreAppliedInOrder) {
  EXPECT_THAT(words(R"({"tokenizer": "whitespace", "filter": ["lowercase", "asciifolding",
                       {"type": "length", "max": 5}, {"type": "stop", "stop_words": ["_english_"]},
                       {"type": "stemmer", "language": "french"}]})",
                    "Été The CHEVAUX chats"),
              ElementsAre("ete", "chat"));
  EXPECT_THAT(words(R"({"tokenizer": "whitespace", "filter": ["removepunct", "alphanumonly",
                       {"type": "regex", "expr": "^a"}]})",
                    "ab -- a-b b1 a1"),
              ElementsAre("ab", "a1"));
}

TEST(Analyzer, TokensSayWhereTheyAre) {
  const auto analyzer = *Analyzer::make(R"({"type": "standard", "stop_words": ["of"]})");
  const auto tokens = analyzer->analyze("Sea of Sand");
  ASSERT_EQ(tokens.size(), 2U);
  EXPECT_EQ(tokens[1].begin, 7U);
  EXPECT_EQ(tokens[1].end, 11U);
  EXPECT_EQ(tokens[1].position, 2U);
}

TEST(Analyzer, WordsAreCounted) {
  const auto analyzer = *Analyzer::make("");
  const std::string packed = analyzer->term_counts("b a B b");
  std::vector<SparseEntry> entries(packed.size() / sizeof(SparseEntry));
  std::memcpy(entries.data(), packed.data(), packed.size());
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_LT(entries[0].index, entries[1].index);
  for (const SparseEntry& entry : entries) {
    EXPECT_EQ(entry.value, entry.index == term_number("b") ? 3 : 1);
  }
}

TEST(Analyzer, WhatIsNotKnownIsRefused) {
  for (const char* json :
       {"[]", "{", R"({"type": "klingon"})", R"({"type": 3})", R"({"tokenizer": "x"})",
        R"({"tokenizer": "standard", "filter": ["x"]})",
        R"({"tokenizer": "standard", "filter": "lowercase"})",
        R"({"tokenizer": "standard", "filter": ["length"]})",
        R"({"tokenizer": "standard", "filter": [{"type": "length", "max": -1}]})",
        R"({"tokenizer": "standard", "filter": [{"type": "regex", "expr": "("}]})",
        R"({"tokenizer": "standard", "filter": [{"type": "stop", "stop_words": ["_x_"]}]})",
        R"({"type": "standard", "colour": 1})", R"({"colour": 1})"}) {
    const auto made = Analyzer::make(json);
    ASSERT_FALSE(made) << json;
    EXPECT_EQ(made.error().code, ErrorCode::kInvalidArgument) << json;
    EXPECT_THAT(made.error().message, HasSubstr("analyzer")) << json;
  }
}

}  // namespace
}  // namespace simile::text
