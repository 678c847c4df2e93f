#include "simile/database.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "simile/db/test_rows.h"

namespace simile::db {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class DatabaseTest : public testing::Test {
 protected:
  DatabaseTest() { open(); }

  void open() {
    database_.reset();
    database_ = open_or_die(storage_);
    if (const auto found = database_->collection("c")) collection_ = *found;
    if (!collection_) collection_ = *database_->create_collection("c", test_schema());
  }

  std::shared_ptr<io::Storage> storage_ = io::make_memory_storage();
  std::unique_ptr<Database> database_;
  std::shared_ptr<Collection> collection_;
};

TEST_F(DatabaseTest, ReadsBackWhatWasWritten) {
  const std::vector<TestRow> rows = {
      test_row(1, 1, "cat"), test_row(2, 2, "dog"), {3, {1, 2, 3, 4}, "", -1}};
  ASSERT_TRUE(upsert(*collection_, rows));
  EXPECT_EQ(rows_in(*collection_), rows);
  EXPECT_THAT(ids_in(*collection_, "label == 'dog'"), ElementsAre(2));
  EXPECT_THAT(nearest(*collection_->snapshot(), {2.1F, 0, 0, 1}, 2), ElementsAre(2, 1));
}

TEST_F(DatabaseTest, KeepsRowsAcrossReopening) {
  ASSERT_TRUE(upsert(*collection_, {test_row(1, 1, "cat"), test_row(2, 2, "dog")}));
  ASSERT_TRUE(upsert(*collection_, {test_row(1, 5, "cow")}));
  const std::vector<TestRow> before = rows_in(*collection_);
  open();
  EXPECT_EQ(rows_in(*collection_), before);
  ASSERT_TRUE(collection_->flush());
  EXPECT_EQ(rows_in(*collection_), before);
  ASSERT_TRUE(erase(*collection_, {2, 77}));
  open();
  EXPECT_THAT(ids_in(*collection_), ElementsAre(1));
  EXPECT_EQ(collection_->info().sealed_segments, 1);
}

TEST_F(DatabaseTest, CompactionKeepsTheOrderAndDropsDeletedRows) {
  for (int i = 0; i < 6; ++i) {
    ASSERT_TRUE(upsert(*collection_, {test_row(i), test_row(i + 100), test_row(7)}));
    ASSERT_TRUE(collection_->flush());
  }
  ASSERT_TRUE(erase(*collection_, {3}));
  const std::vector<TestRow> before = rows_in(*collection_);
  ASSERT_TRUE(collection_->compact());
  EXPECT_EQ(rows_in(*collection_), before);
  EXPECT_EQ(collection_->info().sealed_segments, 1);
  EXPECT_EQ(collection_->info().deleted_rows, 0);
  open();
  EXPECT_EQ(rows_in(*collection_), before);
}

TEST_F(DatabaseTest, GraphIsBuiltByFlushAndUsed) {
  std::vector<TestRow> rows;
  for (int i = 0; i < 20'000; ++i) {
    rows.push_back({i, {static_cast<float>(i % 141), static_cast<float>(i / 141), 0, 0}, "", 1});
  }
  ASSERT_TRUE(upsert(*collection_, rows));
  ASSERT_TRUE(collection_->flush());
  EXPECT_EQ(collection_->info().indexed_rows, 20'000);
  const std::vector<float> query = {70.1F, 60.2F, 0, 0};
  const auto exact = nearest(*collection_->snapshot(), query, 3, "", true);
  EXPECT_EQ(nearest(*collection_->snapshot(), query, 3), exact);
  open();
  EXPECT_EQ(collection_->info().indexed_rows, 20'000);
  EXPECT_EQ(nearest(*collection_->snapshot(), query, 3), exact);
}

}  // namespace
}  // namespace simile::db
