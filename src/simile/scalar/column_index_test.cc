#include "simile/scalar/column_index.h"

#include <gtest/gtest.h>

#include <random>

#include "simile/io/fault_storage.h"
#include "simile/scalar/test_source.h"

namespace simile::scalar {
namespace {

using Choice = FilterUsage::Choice;

constexpr std::size_t kRows = 20'000;

Schema schema() {
  return make_schema({{"id", "int64 primary key"},
                      {"n", "int32 nullable"},
                      {"b", "bool nullable"},
                      {"f", "float"},
                      {"d", "double nullable"},
                      {"t", "string nullable"},
                      {"tags", "array<string>"},
                      {"marks", "array<float> nullable"},
                      {"v", "float32[2] l2"}});
}

std::string text_of(std::mt19937& random) {
  static const char* const kWords[] = {"red", "green", "blue", "under", "50%", "a_b", "x", "猫"};
  std::string text;
  for (std::size_t words = 1 + random() % 4; words > 0; --words) {
    text += kWords[random() % 8];
    text += random() % 2 == 0 ? " " : "";
  }
  return text + std::to_string(random() % 1000);
}

/// The first bytes, and those that the last character needs.
std::string beginning(const std::string& text, std::size_t bytes) {
  while (bytes < text.size() && (static_cast<unsigned char>(text[bytes]) & 0xC0U) == 0x80U) ++bytes;
  return text.substr(0, bytes);
}

class IndexedColumns : public testing::Test {
 protected:
  IndexedColumns() : source_(schema()) {
    std::mt19937 random(5);
    for (std::size_t row = 0; row < kRows; ++row) {
      source_["id"].push(static_cast<std::int64_t>(row));
      if (random() % 10 == 0) {
        for (const char* name : {"n", "t", "b", "d", "marks"}) source_[name].push_null();
      } else {
        source_["n"].push(static_cast<std::int32_t>(random() % 2000) - 1000);
        source_["t"].push(text_of(random));
        source_["b"].push(random() % 50 == 0);
        source_["d"].push(static_cast<double>(random() % 100) * 0.1);
        std::vector<float> marks(random() % 3);
        for (float& mark : marks) mark = static_cast<float>(random() % 30) / 10;
        source_["marks"].push_array(marks);
      }
      source_["f"].push(static_cast<float>(random() % 1000) / 10);
      std::vector<std::string> tags(random() % 4);
      for (std::string& tag : tags) tag = "tag" + std::to_string(random() % 50);
      source_["tags"].push_array(tags);
    }
    source_.finish();
    inverted_ = std::make_unique<SealedSource>(source_, ScalarIndex::kInverted);
    grams_ = std::make_unique<SealedSource>(source_, ScalarIndex::kNgram);
  }

  /// What the index selects, if it is asked, must be what a look at all rows selects.
  FilterUsage use(const std::string& expression, const ColumnSource& indexed,
                  Choice choice = Choice::kByCost) const {
    FilterUsage usage;
    usage.choice = choice;
    const auto filter = Filter::compile(expression, schema());
    EXPECT_TRUE(filter) << expression;
    const Bitmap all = filter->evaluate(source_, kRows).value();
    EXPECT_EQ(all, filter->evaluate(indexed, kRows, nullptr, &usage).value()) << expression;
    // Fewer rows than the index is of, and some of them only.
    Bitmap some(kRows - 77);
    for (std::size_t row = 0; row < some.size(); row += 3) some.set(row);
    FilterUsage again{choice, {}, 0};
    EXPECT_EQ(filter->evaluate(source_, some.size(), &some).value(),
              filter->evaluate(indexed, some.size(), &some, &again).value())
        << expression;
    return usage;
  }

  TestSource source_;
  std::unique_ptr<SealedSource> inverted_;
  std::unique_ptr<SealedSource> grams_;
};

TEST_F(IndexedColumns, ExactLookupsNeedNoLookAtRows) {
  for (const char* expression : {"n == 17",
                                 "n == 17.0",
                                 "17 == n",
                                 "n in [1, 2, 3, 2.0]",
                                 "n > 990",
                                 "990 <= n",
                                 "n < -990.5",
                                 "-5 < n < 5",
                                 "not (n <= 990)",
                                 "n == -(-17)",
                                 "b == true",
                                 "b",
                                 "not (b == false)",
                                 "f == 0.1",
                                 "f >= 99.5",
                                 "f in [1.5, 2, 0.1]",
                                 "d == 0.3",
                                 "d < 0.05",
                                 "d == 7",
                                 "t == 'red 1'",
                                 "t in ['x1', 'x2']",
                                 "t like '50\\\\%1%'",
                                 "t like '猫猫猫%'",
                                 "t < '50%1'",
                                 "t >= 'xz'",
                                 "n == 1 or n == 2",
                                 "n == 1 or n == 17.5",
                                 "array_contains(tags, 'tag7')",
                                 "array_contains(marks, 0.1)",
                                 "array_contains_any(tags, ['tag1', 'tag2'])",
                                 "array_contains_all(tags, ['tag1', 'tag2'])"}) {
    const FilterUsage usage = use(expression, *inverted_);
    EXPECT_FALSE(usage.indexes.empty()) << expression;
    EXPECT_EQ(usage.looked_at, 0U) << expression;
  }
}

TEST_F(IndexedColumns, OtherPartsAreLookedAtInTheRowsThatAreLeft) {
  for (const char* expression :
       {"n == 17 and t like '%red%'", "t like 'blue%x%'", "n > 990 and n + 1 > 992",
        "(n == 1 or n == 2) and array_length(tags) > 1", "not (n != 17 or t is null)"}) {
    const FilterUsage usage = use(expression, *inverted_);
    EXPECT_FALSE(usage.indexes.empty()) << expression;
    EXPECT_GT(usage.looked_at, 0U) << expression;
    EXPECT_LT(usage.looked_at, kRows / 8) << expression;
  }
}

TEST_F(IndexedColumns, ColumnsAreReadWhereThatCostsLess) {
  for (const char* expression : {"n > -900", "n != 17", "f >= 5", "n is null", "t like '%red%'",
                                 "n + 1 == 18", "array_length(tags) == 2", "n == 1 or t is null",
                                 "not array_contains(tags, 'tag7')", "n not in [1, 2]"}) {
    const FilterUsage usage = use(expression, *inverted_);
    EXPECT_TRUE(usage.indexes.empty()) << expression;
    EXPECT_EQ(usage.looked_at, kRows) << expression;
  }
}

TEST_F(IndexedColumns, WhatIsNeverTrueNeedsNoLook) {
  for (const char* expression : {"n == 17.5", "n > 9223372036854775807", "f > 2 and n == 0.5"}) {
    EXPECT_EQ(use(expression, *inverted_).looked_at, 0U) << expression;
  }
}

TEST_F(IndexedColumns, OfAnAndThePartsThatHelpAreTaken) {
  const FilterUsage usage = use("n == 17 and f < 99 and t >= 'a'", *inverted_);
  ASSERT_EQ(usage.indexes.size(), 1U);
  EXPECT_EQ(usage.indexes[0].field, "n");
  const FilterUsage both = use("n > 900 and f < 5 and array_length(tags) == 1", *inverted_);
  EXPECT_EQ(both.indexes.size(), 2U);
  EXPECT_LT(both.looked_at, kRows / 100);
}

TEST_F(IndexedColumns, GramsFindPartsOfTexts) {
  for (const char* expression :
       {"t like '%under1%'", "t like 'red % 50\\\\%9%'", "t == 'blue 12'", "t like '%a_b9'",
        "t like '%99_'", "t like '%blue99%'", "t like '%nowhere%'", "t like '%猫9%'",
        "t like '%r_d9%'", "t like '%q%'", "t like '%99'"}) {
    const FilterUsage usage = use(expression, *grams_);
    EXPECT_FALSE(usage.indexes.empty()) << expression;
    EXPECT_LT(usage.looked_at, kRows / 4) << expression;
  }
  for (const char* expression : {"t like '%'", "t like '_%'", "t not like '%blue%'", "t < 'a'"}) {
    EXPECT_TRUE(use(expression, *grams_).indexes.empty()) << expression;
  }
}

TEST_F(IndexedColumns, WhatAnIndexHasServedIsCounted) {
  const ColumnIndex& index = *inverted_->column_index("n");
  EXPECT_EQ(index.uses(), 0U);
  const auto filter = Filter::compile("n == 17", schema());
  ASSERT_TRUE(filter->evaluate(*inverted_, kRows));
  EXPECT_EQ(index.uses(), 1U);
  EXPECT_EQ(index.rows_spared(), kRows);
  EXPECT_GT(index.key_count(), 1900U);
  EXPECT_EQ(inverted_->column_index("b")->key_count(), 2U);
}

TEST_F(IndexedColumns, RandomExpressionsSelectTheSame) {
  std::mt19937 random(9);
  const auto leaf = [&]() -> std::string {
    const std::string number = std::to_string(static_cast<int>(random() % 2400) - 1200);
    static const char* const kOps[] = {" == ", " < ", " <= ", " > ", " >= ", " != "};
    const std::string op = kOps[random() % 6];
    switch (random() % 9) {
      case 0: return "n" + op + number;
      case 1: return number + ".5" + op + "n";
      case 2: return "f" + op + std::to_string(random() % 100) + ".3";
      case 3: return "t" + op + "'" + text_of(random) + "'";
      case 4: return "t like '%" + beginning(text_of(random), 2 + random() % 8) + "%'";
      case 5: return "n in [" + number + ", 3, 4]";
      case 6: return "t like '" + beginning(text_of(random), 1 + random() % 6) + "%'";
      case 7: return "d" + op + "0." + std::to_string(random() % 100);
      default: return "array_contains(tags, 'tag" + std::to_string(random() % 60) + "')";
    }
  };
  std::size_t helped = 0;
  for (int i = 0; i < 400; ++i) {
    std::string expression = leaf();
    for (std::size_t more = random() % 3; more > 0; --more) {
      expression = "(" + expression + ")" + (random() % 2 == 0 ? " and " : " or ") +
                   (random() % 4 == 0 ? "not " : "") + "(" + leaf() + ")";
    }
    const Choice choice = i % 4 == 0 ? Choice::kByCost : Choice::kIndexes;
    helped += use(expression, i % 2 == 0 ? *inverted_ : *grams_, choice).indexes.empty() ? 0 : 1;
  }
  EXPECT_GT(helped, 100U);
}

TEST(ColumnIndex, BytesThatDoNotFitAreRefused) {
  Field field = *parse_field("t", "string inverted");
  TestSource source(
      make_schema({{"id", "int64 primary key"}, {"t", "string"}, {"v", "float32[2] l2"}}));
  for (int row = 0; row < 100; ++row) {
    source["id"].push(std::int64_t{row});
    source["t"].push("text" + std::to_string(row % 3));
  }
  source.finish();
  const auto storage = io::make_memory_storage();
  auto writer = io::SectionWriter::create(*storage, "i", "index", 1).value();
  const SealedSource sealed(source, ScalarIndex::kInverted);
  ASSERT_TRUE(write_column_index(*writer, *sealed.column("t"), 100, nullptr));
  ASSERT_TRUE(writer->finish());
  const auto load = [&](const Field& as, std::size_t rows) {
    return ColumnIndex::load(
        io::SectionReader::open(storage->open("i").value(), "index", 1).value(), as, rows);
  };
  EXPECT_TRUE(load(field, 100));
  EXPECT_EQ(load(field, 50'000).error().code, ErrorCode::kDataLoss) << "bitmaps of other sizes";
  field.type = FieldType::kInt64;
  EXPECT_EQ(load(field, 100).error().code, ErrorCode::kDataLoss) << "no integers";
  CancelToken cancel;
  cancel.cancel();
  auto other = io::SectionWriter::create(*storage, "j", "index", 1).value();
  EXPECT_EQ(write_column_index(*other, *sealed.column("t"), 100, &cancel).error().code,
            ErrorCode::kCancelled);
}

}  // namespace
}  // namespace simile::scalar
