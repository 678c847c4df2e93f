#include "simile/scalar/validate_batch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "simile/base/text.h"
#include "simile/scalar/json.h"
#include "simile/scalar/test_rows.h"

namespace simile::scalar {
namespace {

using ::testing::HasSubstr;

constexpr std::size_t kRows = 3;

/// A batch of three good rows; tests spoil one thing in it.
class ValidateBatch : public ::testing::Test {
 protected:
  ValidateBatch()
      : full_schema_(make_schema({{"id", "int64 primary key"},
                                  {"v", "float32[2] cosine"},
                                  {"flag", "bool nullable"},
                                  {"score", "double"},
                                  {"label", "string"},
                                  {"info", "json nullable"},
                                  {"tags", "array<string>"},
                                  {"sizes", "array<float>"}})),
        schema_(full_schema_) {
    batch_.rows = kRows;
    for (const Field& field : full_schema_.fields()) {
      ColumnView column;
      column.field = field.name;
      column.type = field.type;
      column.element_type = field.element_type;
      column.vector = field.vector;
      batch_.columns.push_back(column);
    }
    at("id").fixed = std::as_bytes(std::span(ids_));
    at("v").fixed = std::as_bytes(std::span(vectors_));
    at("flag").fixed = std::as_bytes(std::span(flags_));
    at("score").fixed = std::as_bytes(std::span(scores_));
    at("label").strings = labels_;
    at("info").strings = infos_;
    at("tags").strings = tags_;
    at("tags").offsets = tag_offsets_;
    at("sizes").fixed = std::as_bytes(std::span(sizes_));
    at("sizes").offsets = size_offsets_;
  }

  ColumnView& at(std::string_view name) {
    return *std::ranges::find(batch_.columns, name, &ColumnView::field);
  }
  void drop(std::string_view name) {
    std::erase_if(batch_.columns, [&](const ColumnView& c) { return c.field == name; });
  }
  std::string refusal() const {
    const Status status = validate_batch(schema_, batch_);
    if (status) return "accepted";
    EXPECT_EQ(status.error().code, ErrorCode::kInvalidArgument);
    return status.error().message;
  }

  const Schema full_schema_;  // the columns borrow its names
  Schema schema_;             // what the batch is held against
  std::vector<std::int64_t> ids_ = {7, 3, -5};
  std::vector<float> vectors_ = {1, 0, 0, 1, 2, 2};
  std::vector<std::uint8_t> flags_ = {0, 1, 1};
  std::vector<double> scores_ = {0.5, -1, 1e300};
  std::vector<std::string_view> labels_ = {"cat", "", "猫"};
  std::vector<std::string_view> infos_ = {"{}", "[1, 2]", "null"};
  std::vector<std::string_view> tags_ = {"a", "b", "ü"};
  std::vector<std::uint64_t> tag_offsets_ = {0, 2, 2, 3};
  std::vector<float> sizes_ = {1, 2};
  std::vector<std::uint64_t> size_offsets_ = {0, 0, 1, 2};
  std::vector<std::uint8_t> valid_ = {1, 0, 1};
  Batch batch_;
};

TEST_F(ValidateBatch, TakesGoodRowsAndNoRows) {
  EXPECT_EQ(refusal(), "accepted");
  batch_.rows = 0;
  for (ColumnView& column : batch_.columns) {
    column.fixed = {};
    column.strings = {};
    if (!column.offsets.empty()) column.offsets = std::span(tag_offsets_).first(1);
  }
  EXPECT_EQ(refusal(), "accepted");
}

TEST_F(ValidateBatch, ListsTheKnownFieldsForAnUnknownOne) {
  at("label").field = "labl";
  EXPECT_EQ(refusal(),
            "unknown field 'labl'; known fields: id, v, flag, score, label, info, tags, sizes");
}

TEST_F(ValidateBatch, WantsEveryFieldOnceButNullableOnes) {
  drop("flag");
  drop("info");
  EXPECT_EQ(refusal(), "accepted");
  batch_.columns.push_back(at("label"));
  EXPECT_THAT(refusal(), HasSubstr("field 'label': is in the batch twice"));
  drop("label");
  EXPECT_THAT(refusal(), HasSubstr("field 'label': is missing"));
}

TEST_F(ValidateBatch, RefusesValuesForAnAutomaticKey) {
  schema_ = make_schema({{"id", "int64 primary key auto"}, {"v", "float32[2] cosine"}});
  batch_.columns.resize(2);
  EXPECT_THAT(refusal(), HasSubstr("leave it out"));
  drop("id");
  EXPECT_EQ(refusal(), "accepted");
}

TEST_F(ValidateBatch, NamesBothTypesWhereTheyDiffer) {
  at("label").type = FieldType::kJson;
  EXPECT_EQ(refusal(), "field 'label': is string, but the batch has json");
  at("label").type = FieldType::kString;
  at("tags").element_type = FieldType::kInt8;
  EXPECT_EQ(refusal(), "field 'tags': is array<string>, but the batch has array<int8>");
  at("tags").element_type = FieldType::kString;
  at("v").vector.dim = 3;
  EXPECT_EQ(refusal(), "field 'v': is float32[2], but the batch has float32[3]");
}

TEST_F(ValidateBatch, RefusesWrongLengths) {
  for (const char* name : {"id", "v", "score"}) {
    ColumnView& column = at(name);
    const auto good = column.fixed;
    column.fixed = good.first(good.size() - 1);
    EXPECT_THAT(refusal(), HasSubstr("bytes for 3 rows")) << name;
    column.fixed = {};
    EXPECT_THAT(refusal(), HasSubstr("0 bytes for 3 rows")) << name;
    column.fixed = good;
  }
  at("label").strings = std::span(labels_).first(2);
  EXPECT_THAT(refusal(), HasSubstr("field 'label': 2 texts for 3 rows"));
}

TEST_F(ValidateBatch, RefusesBadOffsets) {
  size_offsets_ = {0, 1, 2};
  at("sizes").offsets = size_offsets_;
  EXPECT_THAT(refusal(), HasSubstr("3 array offsets for 3 rows instead of 4"));
  size_offsets_ = {1, 1, 1, 2};
  at("sizes").offsets = size_offsets_;
  EXPECT_THAT(refusal(), HasSubstr("start at 1"));
  size_offsets_ = {0, 2, 1, 2};
  EXPECT_THAT(refusal(), HasSubstr("fall at row 1"));
  size_offsets_ = {0, 1, 1, 1};
  EXPECT_THAT(refusal(), HasSubstr("8 bytes for 1 elements"));
  size_offsets_ = {0, 1, 1, std::numeric_limits<std::uint64_t>::max()};
  EXPECT_THAT(refusal(), HasSubstr("elements of 4 bytes"));
  size_offsets_ = {0, 0, 1, 2};
  tag_offsets_ = {0, 2, 2, 4};
  EXPECT_THAT(refusal(), HasSubstr("field 'tags': 3 texts for 4 elements"));
}

TEST_F(ValidateBatch, RefusesNullsWhereNoneMayBe) {
  at("info").valid = valid_;
  EXPECT_EQ(refusal(), "accepted");
  at("label").valid = valid_;
  EXPECT_THAT(refusal(), HasSubstr("field 'label': row 1 is null"));
  valid_ = {1, 1, 1};
  EXPECT_EQ(refusal(), "accepted");
  at("label").valid = std::span(valid_).first(2);
  EXPECT_THAT(refusal(), HasSubstr("2 null flags for 3 rows"));
}

TEST_F(ValidateBatch, RefusesBadValuesButNotUnderNull) {
  flags_[1] = 2;
  EXPECT_THAT(refusal(), HasSubstr("field 'flag': row 1 holds a bool"));
  at("flag").valid = valid_;
  EXPECT_EQ(refusal(), "accepted");
  infos_[1] = "{";
  EXPECT_THAT(refusal(), HasSubstr("field 'info': row 1 is not JSON"));
  at("info").valid = valid_;
  EXPECT_EQ(refusal(), "accepted");
  flags_[2] = 255;
  EXPECT_THAT(refusal(), HasSubstr("row 2 holds a bool"));
}

TEST_F(ValidateBatch, RefusesNumbersThatAreNotFinite) {
  for (const double bad : {std::nan(""), HUGE_VAL, -HUGE_VAL}) {
    scores_[2] = bad;
    EXPECT_THAT(refusal(), HasSubstr("field 'score': row 2 holds NaN or Inf"));
  }
  scores_[2] = 0;
  sizes_[1] = NAN;
  EXPECT_THAT(refusal(), HasSubstr("field 'sizes': row 2 holds NaN or Inf"));
}

TEST_F(ValidateBatch, RefusesTextThatIsNotUtf8) {
  std::vector<std::string> cases = {"\xFF",         "a\xC3",        "\xC0\x80",
                                    "\xED\xA0\x80", "12345678\x80", "\xF4\x90\x80\x80"};
  cases.emplace_back(100, 'x').push_back('\xC3');
  for (const std::string_view bad : cases) {
    labels_[1] = bad;
    EXPECT_THAT(refusal(), HasSubstr("field 'label': row 1 is not UTF-8"));
    labels_[1] = "";
    tags_[2] = bad;
    EXPECT_THAT(refusal(), HasSubstr("field 'tags': row 2 is not UTF-8"));
    tags_[2] = "";
  }
}

TEST_F(ValidateBatch, RefusesWhatIsNotJson) {
  const std::string deep = std::string(1001, '[') + std::string(1001, ']');
  for (const std::string_view bad :
       std::vector<std::string_view>{"", " ", "{", "[1,]", "{\"a\":}", "nul", "01", "1 2", "'a'",
                                     "{a:1}", "NaN", "\"\x01\"", "[1]]", deep}) {
    infos_[2] = bad;
    EXPECT_THAT(refusal(), HasSubstr("field 'info': row 2 is not JSON: ")) << bad;
  }
  const std::string fine = std::string(990, '[') + std::string(990, ']');
  for (const std::string_view good :
       std::vector<std::string_view>{"1", "\"a\"", "true", " [1.5e3, -0] ", fine}) {
    infos_[2] = good;
    EXPECT_EQ(refusal(), "accepted") << good;
  }
}

TEST_F(ValidateBatch, RefusesVectorsThatCannotBeSearched) {
  vectors_[3] = NAN;
  EXPECT_THAT(refusal(), HasSubstr("field 'v': vector 1 holds NaN or Inf"));
}

TEST_F(ValidateBatch, NamesTheKeyThatIsThereTwice) {
  ids_[2] = 7;
  EXPECT_EQ(
      refusal(),
      "field 'id': duplicate primary keys are not allowed in the same batch: 7 is in rows 0 and 2");
  schema_ = make_schema({{"label", "string primary key"}, {"v", "float32[2] cosine"}});
  batch_.columns = {at("label"), at("v")};
  EXPECT_EQ(refusal(), "accepted");
  labels_[1] = "猫";
  EXPECT_EQ(refusal(),
            "field 'label': duplicate primary keys are not allowed in the same batch: 猫 is in "
            "rows 1 and 2");
}

TEST_F(ValidateBatch, FindsOneRepeatedKeyAmongMany) {
  schema_ = make_schema({{"id", "int64 primary key"}, {"v", "bit[8] hamming"}});
  for (const int shift : {0, 20, 40}) {
    batch_.rows = 20'000;
    ids_.resize(batch_.rows);
    for (std::size_t i = 0; i < ids_.size(); ++i) {
      ids_[i] = static_cast<std::int64_t>(ids_.size() - i) << shift;
    }
    const std::vector<std::uint8_t> bits(batch_.rows);
    ColumnView key = at("id");
    key.fixed = std::as_bytes(std::span(ids_));
    ColumnView vector;
    vector.field = "v";
    vector.type = FieldType::kVector;
    vector.vector = {ElementType::kBit, 8};
    vector.fixed = std::as_bytes(std::span(bits));
    batch_.columns = {key, vector};
    EXPECT_EQ(refusal(), "accepted");
    ids_[19'999] = ids_[123];
    EXPECT_THAT(refusal(), HasSubstr("in rows 123 and 19999"));
  }
}

TEST(IsText, AgreesWithADecoderOnEveryShortSequence) {
  // Lead bytes and continuations around every boundary of the encoding, as last bytes of texts of
  // several lengths, so that word-wise and byte-wise parts are both met.
  const std::vector<unsigned char> bytes = {0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F,
                                            0xA0, 0xBF, 0xC0, 0xC2, 0xDF, 0xE0, 0xED,
                                            0xEF, 0xF0, 0xF4, 0xF5, 0xFF};
  for (const unsigned char a : bytes) {
    for (const unsigned char b : bytes) {
      for (const unsigned char c : bytes) {
        for (const std::size_t before : {0u, 6u, 70u}) {
          const std::string text =
              std::string(before, 'x') +
              std::string{static_cast<char>(a), static_cast<char>(b), static_cast<char>(c)};
          ASSERT_EQ(is_text(text), is_utf8(text)) << int{a} << ' ' << int{b} << ' ' << int{c};
        }
      }
    }
  }
}

}  // namespace
}  // namespace simile::scalar
