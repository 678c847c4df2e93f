/// BM25 over the words of a text, through every stage, against the formula.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <optional>
#include <random>

#include "simile/db/test_rows.h"
#include "simile/text/analyzer.h"

namespace simile::db {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class TextDatabase : public testing::Test {
 protected:
  TextDatabase() {
    const Schema schema = *Schema::make({*parse_field("id", "int64 primary key"),
                                         *parse_field("body", "string analyzer=standard nullable"),
                                         *parse_field("words", "sparse bm25(body) k1=1.5 b=0.6"),
                                         *parse_field("year", "int32")});
    collection_ = *database_->create_collection("c", schema);
  }

  using Texts = std::map<std::int64_t, std::optional<std::string>>;

  Result<WriteResult> write(const Texts& texts, bool update = false, bool with_body = true) {
    std::vector<std::int64_t> ids;
    std::vector<std::string_view> bodies;
    std::vector<std::uint8_t> valid;
    std::vector<std::int32_t> years;
    for (const auto& [id, text] : texts) {
      ids.push_back(id);
      bodies.push_back(text ? std::string_view(*text) : std::string_view());
      valid.push_back(text ? 1 : 0);
      years.push_back(static_cast<std::int32_t>(id % 5));
      if (with_body) texts_[id] = text;
    }
    Batch batch;
    batch.rows = ids.size();
    batch.columns.resize(with_body ? 3 : 2);
    batch.columns[0].field = "id";
    batch.columns[0].fixed = std::as_bytes(std::span(ids));
    batch.columns[1].field = "year";
    batch.columns[1].type = FieldType::kInt32;
    batch.columns[1].fixed = std::as_bytes(std::span(years));
    if (with_body) {
      batch.columns[2].field = "body";
      batch.columns[2].type = FieldType::kString;
      batch.columns[2].strings = bodies;
      batch.columns[2].valid = valid;
    }
    return update ? collection_->update(batch) : collection_->upsert(batch);
  }

  void reopen() {
    collection_.reset();
    ASSERT_TRUE(database_->close());
    database_ = open_or_die(storage_);
    collection_ = *database_->collection("c");
  }

  static std::map<std::string, int> words_of(const std::string& text) {
    std::map<std::string, int> words;
    for (const text::Token& word : (*text::Analyzer::make(""))->analyze(text)) ++words[word.text];
    return words;
  }

  /// Scores by id.
  std::map<std::int64_t, double> naive(const std::string& query, double k1, double b) const {
    double length = 0;
    std::map<std::string, double> rows_with;
    for (const auto& [id, text] : texts_) {
      for (const auto& [word, count] : words_of(text.value_or(""))) {
        length += count;
        ++rows_with[word];
      }
    }
    const auto rows = static_cast<double>(texts_.size());
    std::map<std::int64_t, double> scores;
    for (const auto& [id, text] : texts_) {
      auto words = words_of(text.value_or(""));
      double own = 0;
      for (const auto& [word, count] : words) own += count;
      for (const auto& [word, times] : words_of(query)) {
        if (!words.contains(word)) continue;
        const double with = rows_with[word];
        const double count = words[word];
        scores[id] += times * std::log(1 + (rows - with + 0.5) / (with + 0.5)) * count * (k1 + 1) /
                      (count + k1 * (1 - b + b * own / (length / rows)));
      }
    }
    return scores;
  }

  void expect_found(const std::string& query, double k1 = 1.5, double b = 0.6) const {
    SCOPED_TRACE(query);
    const auto expected = naive(query, k1, b);
    const std::string_view text = query;
    SearchRequest request;
    request.texts = {&text, 1};
    request.k = 16'000;
    const auto found = collection_->snapshot()->search(request);
    ASSERT_TRUE(found) << found.error().message;
    const auto ids = found->rows.columns[0].values<std::int64_t>();
    ASSERT_EQ(ids.size(), expected.size());
    for (std::size_t i = 0; i < ids.size(); ++i) {
      ASSERT_TRUE(expected.contains(ids[i]));
      ASSERT_NEAR(-found->distances[i], expected.at(ids[i]), 1e-5 * expected.at(ids[i]));
      if (i > 0) {
        ASSERT_LE(found->distances[i - 1], found->distances[i]);
      }
    }
  }

  std::shared_ptr<io::Storage> storage_ = io::make_memory_storage();
  std::unique_ptr<Database> database_ = open_or_die(storage_);
  std::shared_ptr<Collection> collection_;
  Texts texts_;
};

std::string random_text(std::mt19937& random) {
  std::string text;
  for (std::size_t words = random() % 20; words > 0; --words) {
    const double u = static_cast<double>(random() % 1000) / 1000;
    text += " w" + std::to_string(static_cast<int>(u * u * 300));
  }
  return text;
}

TEST_F(TextDatabase, ScoresAreThoseOfTheRowsThatAreThere) {
  std::mt19937 random(11);
  for (int round = 0; round < 5; ++round) {
    SCOPED_TRACE(testing::Message() << "round " << round);
    Texts rows;
    for (int i = 0; i < 1500; ++i) {
      auto& text = rows[static_cast<std::int64_t>(random() % 6000)];
      text = random_text(random);
      if (random() % 30 == 0) text.reset();
    }
    ASSERT_TRUE(write(rows));
    std::vector<std::int64_t> gone;
    for (int i = 0; i < 100; ++i) gone.push_back(i * 7 + round);
    for (const std::int64_t id : gone) texts_.erase(id);
    ASSERT_TRUE(erase(*collection_, gone));
    if (round == 1) {
      ASSERT_TRUE(collection_->flush());
    }
    if (round == 3) {
      ASSERT_TRUE(collection_->compact());
      reopen();
    }
    expect_found("w0 w1 w299 nowhere");
    expect_found("w3 w3 W17");
    expect_found("");
  }
}

TEST_F(TextDatabase, UpdatesOfTheTextChangeItsWords) {
  ASSERT_TRUE(write({{1, "red fox"}, {2, "blue whale"}, {3, std::nullopt}}));
  ASSERT_TRUE(write({{1, "green fox"}}, true));
  expect_found("red");
  expect_found("green fox");
  ASSERT_TRUE(write({{2, std::nullopt}}, true, false));  // another field alone
  expect_found("whale");
  ASSERT_TRUE(write({{9, std::nullopt}}, true, false));  // a new row
  texts_[9] = std::nullopt;
  expect_found("whale");
  reopen();
  expect_found("whale fox");
  ASSERT_TRUE(write({{3, "whale"}}, true));
  expect_found("whale fox");
}

TEST_F(TextDatabase, ParametersCanBeChanged) {
  ASSERT_TRUE(write({{1, "a a b"}, {2, "a b c d e f"}, {3, "b"}}));
  Field field = *collection_->schema().find("words");
  field.bm25_k1 = 0.9F;
  field.bm25_b = 0.1F;
  ASSERT_TRUE(collection_->add_field(field));
  expect_found("a b", 0.9, 0.1);
  reopen();
  expect_found("a b", 0.9, 0.1);
  field.bm25_b = 2;
  EXPECT_FALSE(collection_->add_field(field));
  field.bm25_b = 0.5F;
  field.source = "other";
  EXPECT_FALSE(collection_->add_field(field));
}

TEST_F(TextDatabase, FiltersUseTheAnalyzerOfTheField) {
  const Schema schema =
      *Schema::make({*parse_field("id", "int64 primary key"),
                     *parse_field("body", R"(string analyzer={"tokenizer":"whitespace"})"),
                     *parse_field("words", "sparse bm25(body)")});
  const auto other = *database_->create_collection("other", schema);
  const std::vector<std::int64_t> ids = {1, 2};
  const std::vector<std::string_view> bodies = {"Red-fox runs", "red fox runs"};
  Batch batch;
  batch.rows = 2;
  batch.columns.resize(2);
  batch.columns[0].field = "id";
  batch.columns[0].fixed = std::as_bytes(std::span(ids));
  batch.columns[1].field = "body";
  batch.columns[1].type = FieldType::kString;
  batch.columns[1].strings = bodies;
  ASSERT_TRUE(other->insert(batch));
  const auto count = [&](std::string where) {
    return *other->snapshot()->count(RowFilter{std::move(where), {}, {}});
  };
  EXPECT_EQ(count("text_match(body, 'Red-fox')"), 1U);
  EXPECT_EQ(count("text_match(body, 'red')"), 1U);
  EXPECT_EQ(count("phrase_match(body, 'fox runs')"), 1U);
}

TEST_F(TextDatabase, WhatDoesNotFitIsRefused) {
  const std::string bytes(8, '\0');
  const std::string_view sparse = bytes;
  SearchRequest request;
  request.sparse = {&sparse, 1};
  EXPECT_THAT(collection_->snapshot()->search(request).error().message, HasSubstr("by texts"));
  const std::string_view odd = "\xFF";
  request.sparse = {};
  request.texts = {&odd, 1};
  EXPECT_THAT(collection_->snapshot()->search(request).error().message, HasSubstr("UTF-8"));
  const auto make = [](const char* body, const char* words) {
    return Schema::make({*parse_field("id", "int64 primary key"), *parse_field("body", body),
                         *parse_field("words", words)});
  };
  EXPECT_FALSE(make("string", "sparse bm25(body)"));
  EXPECT_FALSE(make("string analyzer=standard", "sparse bm25(other)"));
  EXPECT_FALSE(make("string analyzer=standard", "sparse bm25(body) nullable"));
  EXPECT_FALSE(make("string analyzer=standard", "sparse bm25(body) k1=-1"));
  EXPECT_EQ(database_->create_collection("d", *make("string analyzer=klingon", "sparse bm25(body)"))
                .error()
                .code,
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(describe(*parse_field("w", "sparse bm25(body) k1=1.5 b=0.5 flat")),
            "sparse bm25(body) k1=1.5 b=0.5 flat");
  EXPECT_EQ(describe(*parse_field("b", R"(string analyzer={"tokenizer":"icu"} nullable)")),
            R"(string analyzer={"tokenizer":"icu"} nullable)");
  EXPECT_EQ(describe(*parse_field("b", "string analyzer=english")), "string analyzer=english");
}

}  // namespace
}  // namespace simile::db
