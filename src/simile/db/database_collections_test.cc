/// What is said about collections, rather than written to them: names, properties, truncation.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "simile/db/test_rows.h"
#include "simile/io/fault_storage.h"

namespace simile::db {
namespace {

using io::FaultStorage;
using testing::ElementsAre;
using testing::IsEmpty;

class CollectionsTest : public testing::Test {
 protected:
  CollectionsTest() { reopen(); }

  void reopen() {
    if (database_) {
      EXPECT_TRUE(database_->close());
    }
    database_.reset();
    database_ = open_or_die(disk_);
  }
  std::shared_ptr<Collection> create(std::string_view name, const Properties& properties = {}) {
    return *database_->create_collection(name, test_schema(), properties);
  }
  std::shared_ptr<Collection> find(std::string_view name) { return *database_->collection(name); }

  std::shared_ptr<FaultStorage> disk_ = FaultStorage::make();
  std::unique_ptr<Database> database_;
};

TEST_F(CollectionsTest, PropertiesAreKept) {
  const auto c = create("c", {{"a", "1"}, {"b", "2"}});
  ASSERT_TRUE(c->change_properties({{"a", std::nullopt}, {"b", "3"}, {"c", "\u732b"}, {"d", ""}}));
  ASSERT_TRUE(database_->change_properties({{"x", "y"}}));
  const Properties expected = {{"b", "3"}, {"c", "\u732b"}, {"d", ""}};
  EXPECT_EQ(c->properties(), expected);
  reopen();
  EXPECT_EQ(find("c")->properties(), expected);
  EXPECT_EQ(database_->properties(), (Properties{{"x", "y"}}));
  OpenOptions options = foreground();
  options.read_only = true;
  const auto reader = open_or_die(disk_, options);
  ASSERT_TRUE(database_->change_properties({{"x", "z"}}));
  ASSERT_TRUE(reader->refresh());
  EXPECT_EQ(reader->properties(), (Properties{{"x", "z"}}));
}

TEST_F(CollectionsTest, BadPropertiesChangeNothing) {
  const auto c = create("c", {{"a", "1"}});
  const std::string large(kPropertiesBytesMax, 'x');
  EXPECT_EQ(c->change_properties({{"b", large}}).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(c->change_properties({{"b", "\xff"}}).error().code, ErrorCode::kInvalidArgument);
  EXPECT_FALSE(database_->create_collection("d", test_schema(), {{"b", large}}));
  EXPECT_EQ(c->properties(), (Properties{{"a", "1"}}));
  EXPECT_THAT(database_->collections(), ElementsAre("c"));
}

TEST_F(CollectionsTest, RenamedCollectionsKeepTheirRows) {
  const auto c = create("c");
  create("d");
  ASSERT_TRUE(upsert(*c, {test_row(1)}));
  EXPECT_EQ(database_->rename_collection("c", "d").error().code, ErrorCode::kAlreadyExists);
  EXPECT_EQ(database_->rename_collection("x", "y").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(database_->rename_collection("c", "../y").error().code, ErrorCode::kInvalidArgument);
  ASSERT_TRUE(database_->rename_collection("c", "e"));
  ASSERT_TRUE(upsert(*c, {test_row(2)})) << "by the object that was there before";
  EXPECT_THAT(database_->collections(), ElementsAre("d", "e"));
  EXPECT_THAT(ids_in(*find("e")), ElementsAre(1, 2));
  EXPECT_FALSE(database_->collection("c"));
  reopen();
  EXPECT_THAT(ids_in(*find("e")), ElementsAre(1, 2));
  create("c");
}

TEST_F(CollectionsTest, TruncationLeavesAnEmptyCollection) {
  const auto c = create("c", {{"a", "1"}});
  ASSERT_TRUE(upsert(*c, {test_row(1), test_row(2)}));
  ASSERT_TRUE(c->flush());
  ASSERT_TRUE(erase(*c, {1}));
  ASSERT_TRUE(upsert(*c, {test_row(3)}));
  const auto before = c->snapshot();
  ASSERT_TRUE(c->truncate());
  EXPECT_THAT(ids_in(*c), IsEmpty());
  EXPECT_EQ(rows_in(*before).size(), 2) << "a snapshot shows what was there";
  ASSERT_TRUE(upsert(*c, {test_row(7)}));
  ASSERT_TRUE(c->truncate());
  ASSERT_TRUE(upsert(*c, {test_row(8)}));
  reopen();
  EXPECT_THAT(ids_in(*find("c")), ElementsAre(8));
  EXPECT_EQ(find("c")->properties(), (Properties{{"a", "1"}}));
  EXPECT_TRUE(verify_storage(disk_->after_power_loss(0))->damages.empty());
}

TEST_F(CollectionsTest, TruncationGivesNoKeyOutTwice) {
  const auto schema = *Schema::make(
      {*parse_field("id", "int64 primary key auto"), *parse_field("feature", "float32[4] l2")});
  const auto c = *database_->create_collection("c", schema);
  const std::vector<float> feature = {1, 2, 3, 4};
  Batch batch;
  batch.rows = 1;
  batch.columns.resize(1);
  batch.columns[0].field = "feature";
  batch.columns[0].type = FieldType::kVector;
  batch.columns[0].vector = {ElementType::kFloat32, 4};
  batch.columns[0].fixed = std::as_bytes(std::span(feature));
  EXPECT_THAT(c->insert(batch)->ids, ElementsAre(1));
  ASSERT_TRUE(c->truncate());
  EXPECT_THAT(c->insert(batch)->ids, ElementsAre(2));
  ASSERT_TRUE(c->truncate());
  reopen();
  EXPECT_THAT(find("c")->insert(batch)->ids, ElementsAre(3));
}

TEST_F(CollectionsTest, RenamingIsDoneOrNotWhereverPowerIsCut) {
  const auto run = [](const std::shared_ptr<FaultStorage>& disk) {
    auto database = open_database(disk, foreground());
    if (!database) return;
    if (!(*database)->create_collection("c", test_schema(), {{"a", "1"}})) return;
    static_cast<void>((*database)->rename_collection("c", "d"));
  };
  const auto whole = FaultStorage::make();
  run(whole);
  for (std::uint64_t step = 1; step <= whole->steps(); ++step) {
    const auto disk = FaultStorage::make();
    disk->cut_power_at(step);
    run(disk);
    const auto database = open_or_die(disk->after_power_loss(step));
    const auto names = database->collections();
    ASSERT_LE(names.size(), 1);
    if (names.empty()) continue;
    EXPECT_TRUE(names[0] == "c" || names[0] == "d");
    EXPECT_EQ((*database->collection(names[0]))->properties(), (Properties{{"a", "1"}}));
  }
}

}  // namespace
}  // namespace simile::db
