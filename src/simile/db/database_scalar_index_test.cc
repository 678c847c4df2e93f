/// Indexes of scalar fields through every stage of a database's life: filters must select what they
/// select in a collection of the same rows without indexes.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "simile/db/test_rows.h"

namespace simile::db {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

Schema schema(bool indexed) {
  const auto with = [&](std::string_view name, std::string_view type, std::string_view index) {
    return *parse_field(name, std::string(type) + (indexed ? " " + std::string(index) : "") +
                                  (name == "tags" ? "" : " nullable"));
  };
  return *Schema::make({*parse_field("id", "int64 primary key"),
                        *parse_field("v", "int8[2] l2 flat"), with("n", "int32", "inverted"),
                        with("kind", "string", "inverted"), with("text", "string", "ngram"),
                        with("tags", "array<int64>", "inverted")});
}

/// Random rows, the same in both collections.
class Twins : public testing::Test {
 protected:
  Twins() {
    plain_ = *database_->create_collection("plain", schema(false));
    indexed_ = *database_->create_collection("indexed", schema(true));
  }

  void upsert(std::int64_t first, std::size_t rows) {
    std::vector<std::int64_t> ids;
    std::vector<std::int8_t> vectors(rows * 2, 1);
    std::vector<std::int32_t> numbers;
    std::vector<std::string> kinds;
    std::vector<std::string> texts;
    std::vector<std::uint8_t> valid;
    std::vector<std::uint64_t> tag_starts = {0};
    std::vector<std::int64_t> all_tags;
    for (std::size_t i = 0; i < rows; ++i) {
      ids.push_back(first + static_cast<std::int64_t>(i));
      valid.push_back(random_() % 16 != 0);
      numbers.push_back(static_cast<std::int32_t>(random_() % 3000));
      kinds.push_back("kind" + std::to_string(random_() % 40));
      texts.push_back("the " + std::to_string(random_() % 900) + " red foxes");
      for (std::size_t tag = random_() % 3; tag > 0; --tag) {
        all_tags.push_back(static_cast<std::int64_t>(random_() % 60));
      }
      tag_starts.push_back(all_tags.size());
    }
    const std::vector<std::string_view> kind_views(kinds.begin(), kinds.end());
    const std::vector<std::string_view> text_views(texts.begin(), texts.end());
    Batch batch;
    batch.rows = rows;
    batch.columns.resize(6);
    const char* const names[] = {"id", "v", "n", "kind", "text", "tags"};
    for (std::size_t i = 0; i < 6; ++i) batch.columns[i].field = names[i];
    batch.columns[0].fixed = std::as_bytes(std::span(ids));
    batch.columns[1].type = FieldType::kVector;
    batch.columns[1].vector = {ElementType::kInt8, 2};
    batch.columns[1].fixed = std::as_bytes(std::span(vectors));
    batch.columns[2].type = FieldType::kInt32;
    batch.columns[2].fixed = std::as_bytes(std::span(numbers));
    batch.columns[3].type = batch.columns[4].type = FieldType::kString;
    batch.columns[3].strings = kind_views;
    batch.columns[4].strings = text_views;
    for (std::size_t i = 2; i < 5; ++i) batch.columns[i].valid = valid;
    batch.columns[5].type = FieldType::kArray;
    batch.columns[5].element_type = FieldType::kInt64;
    batch.columns[5].offsets = tag_starts;
    batch.columns[5].fixed = std::as_bytes(std::span(all_tags));
    for (Collection* collection : {plain_.get(), indexed_.get()}) {
      const auto written = collection->upsert(batch);
      ASSERT_TRUE(written) << written.error().message;
    }
  }

  void erase_some(std::int64_t below, std::size_t count) {
    std::vector<std::int64_t> ids;
    for (std::size_t i = 0; i < count; ++i) {
      ids.push_back(static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(below)));
    }
    for (Collection* collection : {plain_.get(), indexed_.get()}) {
      ASSERT_TRUE(db::erase(*collection, ids));
    }
  }

  void reopen() {
    plain_.reset();
    indexed_.reset();
    ASSERT_TRUE(database_->close());
    database_ = open_or_die(storage_);
    plain_ = *database_->collection("plain");
    indexed_ = *database_->collection("indexed");
  }

  std::string condition() {
    const std::string number = std::to_string(random_() % 3000);
    static const char* const kOps[] = {" == ", " < ", " >= ", " != ", " > ", " == "};
    switch (random_() % 9) {
      case 0: return "n" + (kOps[random_() % 6] + number);
      case 1: return "n in [" + number + ", 5, 77]";
      case 2: return number + " <= n < " + std::to_string(random_() % 3000);
      case 3: return "kind == 'kind" + std::to_string(random_() % 50) + "'";
      case 4: return "kind in ['kind3', 'kind" + std::to_string(random_() % 50) + "']";
      case 5: return "kind like 'kind" + std::to_string(random_() % 5) + "%'";
      case 6: return "text like '%" + std::to_string(random_() % 900) + " red%'";
      case 7: return "array_contains(tags, " + std::to_string(random_() % 70) + ")";
      default: return "array_length(tags) == 1";
    }
  }

  static std::vector<std::int64_t> ids_of(const Collection& collection, const std::string& where) {
    const auto table = collection.snapshot()->query(where, {"id"}, ~std::uint64_t{0}, 0);
    EXPECT_TRUE(table) << table.error().message;
    const auto ids = table->find("id")->values<std::int64_t>();
    return {ids.begin(), ids.end()};
  }

  void compare(const char* when) {
    for (int i = 0; i < 60; ++i) {
      std::string where = condition();
      for (std::size_t more = random_() % 3; more > 0; --more) {
        where = "(" + where + ")" + (random_() % 3 == 0 ? " or " : " and ") +
                (random_() % 5 == 0 ? "not " : "") + "(" + condition() + ")";
      }
      ASSERT_EQ(ids_of(*plain_, where), ids_of(*indexed_, where)) << when << ": " << where;
      const auto plan = indexed_->snapshot()->explain({where, {}, {}});
      ASSERT_TRUE(plan);
      EXPECT_EQ(plan->selected, ids_of(*plain_, where).size());
      served_ += plan->indexes.empty() ? 0 : 1;
    }
  }

  std::mt19937 random_{17};
  std::shared_ptr<io::Storage> storage_ = io::make_memory_storage();
  std::unique_ptr<Database> database_ = open_or_die(storage_);
  std::shared_ptr<Collection> plain_;
  std::shared_ptr<Collection> indexed_;
  std::size_t served_ = 0;
};

TEST_F(Twins, SelectTheSameRowsAtEveryStage) {
  upsert(0, 5000);
  compare("growing");
  EXPECT_EQ(served_, 0U);
  ASSERT_TRUE(indexed_->flush());
  compare("sealed");
  EXPECT_GT(served_, 30U);
  erase_some(5000, 700);
  upsert(3000, 4000);
  compare("sealed and growing, with deleted rows");
  ASSERT_TRUE(indexed_->flush());
  upsert(6000, 500);
  reopen();
  compare("opened again");
  erase_some(7000, 2000);
  ASSERT_TRUE(indexed_->compact());
  served_ = 0;
  compare("merged");
  EXPECT_GT(served_, 30U);
  reopen();
  compare("merged and opened again");
  EXPECT_THAT(indexed_->scalar_indexes(), SizeIs(4));
}

TEST_F(Twins, IndexesAreMadeAndDroppedLater) {
  upsert(0, 6000);
  ASSERT_TRUE(plain_->flush());
  ASSERT_TRUE(plain_->change_scalar_index("n", ScalarIndex::kInverted));
  ASSERT_TRUE(plain_->change_scalar_index("text", ScalarIndex::kNgram));
  auto infos = plain_->scalar_indexes();
  ASSERT_THAT(infos, SizeIs(2));
  EXPECT_EQ(infos[0].field, "n");
  EXPECT_EQ(infos[0].indexed_rows, 0U) << "not built yet";
  ASSERT_TRUE(plain_->flush());
  compare("made later");

  infos = plain_->scalar_indexes();
  EXPECT_EQ(infos[0].indexed_rows, 6000U);
  EXPECT_GT(infos[0].disk_bytes, 6000U);
  const auto plan = plain_->snapshot()->explain({"n == 17 and array_length(tags) < 9", {}, {}});
  ASSERT_TRUE(plan);
  ASSERT_THAT(plan->indexes, SizeIs(1));
  EXPECT_EQ(plan->indexes[0].field, "n");
  EXPECT_EQ(plan->indexes[0].entries, plan->looked_at);
  EXPECT_EQ(plan->rows, 6000U);
  EXPECT_LT(plan->looked_at, 30U);
  EXPECT_GT(plain_->scalar_indexes()[0].rows_spared, 5900U);

  ASSERT_TRUE(plain_->change_scalar_index("text", ScalarIndex::kInverted));
  ASSERT_TRUE(plain_->flush());
  compare("another kind");
  ASSERT_TRUE(plain_->change_scalar_index("text", ScalarIndex::kNone));
  ASSERT_TRUE(plain_->change_scalar_index("n", ScalarIndex::kNone));
  EXPECT_THAT(plain_->scalar_indexes(), SizeIs(0));
  compare("dropped");
  reopen();
  EXPECT_THAT(plain_->scalar_indexes(), SizeIs(0));
}

TEST_F(Twins, IndexesThatCannotBeAreRefused) {
  upsert(0, 10);
  const auto refused = plain_->change_scalar_index("n", ScalarIndex::kNgram);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("an n-gram index for texts"));
  EXPECT_EQ(plain_->change_scalar_index("id", ScalarIndex::kInverted).error().code,
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(plain_->change_scalar_index("v", ScalarIndex::kInverted).error().code,
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(plain_->change_scalar_index("nothing", ScalarIndex::kInverted).error().code,
            ErrorCode::kNotFound);
  EXPECT_EQ(ids_of(*plain_, "").size(), 10U);
}

TEST_F(Twins, FieldsThatWereAddedLaterAreIndexed) {
  upsert(0, 5000);
  for (Collection* collection : {plain_.get(), indexed_.get()}) {
    ASSERT_TRUE(collection->flush());
    auto field = *parse_field("late", "string");
    field.default_value = std::string("usual");
    if (collection == indexed_.get()) field.scalar_index = ScalarIndex::kInverted;
    ASSERT_TRUE(collection->add_field(field));
    ASSERT_TRUE(collection->flush());
  }
  reopen();
  for (const char* where : {"late == 'usual'", "late == 'other'", "late like 'us%' and n == 5"}) {
    EXPECT_EQ(ids_of(*plain_, where), ids_of(*indexed_, where)) << where;
  }
  EXPECT_EQ(indexed_->snapshot()->explain({"late == 'other'", {}, {}})->looked_at, 0U);
}

}  // namespace
}  // namespace simile::db
