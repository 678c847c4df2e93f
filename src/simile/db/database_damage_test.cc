/// Every file of a database, damaged in every section: what is told, and what still works.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "simile/db/test_model.h"
#include "simile/io/fault_storage.h"
#include "simile/segment/file_names.h"

namespace simile::db {
namespace {

using io::FaultStorage;
using testing::HasSubstr;

constexpr std::int64_t kRows = 4200;  // enough for an index

Schema cosine_schema() {
  std::vector<Field> fields = test_schema().fields();
  fields[1].metric = Metric::kCosine;
  fields[2].scalar_index = ScalarIndex::kNgram;
  fields[3].scalar_index = ScalarIndex::kInverted;
  return *Schema::make(fields);
}

/// Two segments, the first with an index and deleted rows, and a log.
class DamageTest : public testing::Test {
 protected:
  DamageTest() {
    auto database = open_or_die(disk_);
    auto collection = *database->create_collection("c", cosine_schema());
    Random random(3);
    std::vector<TestRow> rows;
    for (std::int64_t id = 0; id < kRows; ++id) {
      rows.push_back(random_row(random, id));
      rows.back().feature[0] += 1;
    }
    EXPECT_TRUE(upsert(*collection, rows));
    EXPECT_TRUE(collection->flush());
    EXPECT_TRUE(erase(*collection, {1, 2, 3}));
    EXPECT_TRUE(upsert(*collection, {test_row(10'000, 1)}));
    EXPECT_TRUE(collection->flush());
    EXPECT_TRUE(upsert(*collection, {test_row(10'001, 1)}));
    EXPECT_TRUE(upsert(*collection, {test_row(10'002, 1)}));
    rows_ = rows_in(*collection);
    EXPECT_TRUE(database->close());
  }

  /// A copy with one byte changed.
  std::shared_ptr<FaultStorage> damaged(const std::string& path, std::uint64_t byte) {
    auto copy = disk_->after_power_loss(1);
    EXPECT_TRUE(copy->flip_bit(path, byte * 8 + 3));
    return copy;
  }

  std::vector<std::string> files() const {
    std::vector<std::string> paths;
    const auto files = disk_->list("");
    for (const io::FileEntry& file : *files) paths.push_back(file.path);
    return paths;
  }

  std::shared_ptr<FaultStorage> disk_ = FaultStorage::make();
  std::vector<TestRow> rows_;
};

TEST_F(DamageTest, SoundDatabaseHasNone) {
  const auto report = verify_storage(disk_);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->damages.size(), 0);
  EXPECT_EQ(report->rows, rows_.size());
  EXPECT_EQ(report->files, files().size());
}

TEST_F(DamageTest, EveryFileIsWatchedAndDerivedOnesAreBuiltAgain) {
  constexpr std::uint64_t kParts = 8;
  std::size_t repairable = 0;
  std::size_t lost = 0;
  for (const std::string& path : files()) {
    const std::uint64_t size = disk_->contents(path)->size();
    for (std::uint64_t part = 0; part < kParts; ++part) {
      const std::uint64_t byte = std::min(size * part / kParts + part, size - 1);
      SCOPED_TRACE(path + " byte " + std::to_string(byte));
      const auto disk = damaged(path, byte);
      const auto report = verify_storage(disk);
      ASSERT_TRUE(report) << report.error().message;
      if (report->damages.empty()) {
        // The end of a log that was closed in order, or bytes between parts.
        const auto database = open_or_die(disk);
        ASSERT_TRUE(database);
        ASSERT_EQ(rows_in(**database->collection("c")), rows_);
        continue;
      }
      EXPECT_EQ(report->damages[0].file, path);
      if (!report->damages[0].repairable) {
        ++lost;
        continue;
      }
      ++repairable;
      EXPECT_THAT(report->damages[0].what,
                  testing::Not(HasSubstr("from a copy")));  // nothing is lost
      auto database = open_or_die(disk);
      ASSERT_TRUE(database);
      const auto collection = *database->collection("c");
      ASSERT_EQ(rows_in(*collection), rows_);
      const std::vector<float> query = {5, 6, 7, 8};
      EXPECT_EQ(nearest(*collection->snapshot(), query, 5).size(), 5);
      ASSERT_TRUE(collection->flush());
    }
  }
  EXPECT_GE(repairable, kParts);
  EXPECT_GE(lost, kParts);
}

TEST_F(DamageTest, BackgroundRepairsByItself) {
  for (const std::string& path : files()) {
    if (!path.ends_with(".index") && !path.ends_with(".keys")) continue;
    const auto disk = damaged(path, disk_->contents(path)->size() / 2);
    ASSERT_FALSE(verify_storage(disk)->damages.empty()) << path;
    OpenOptions options;
    options.threads = 1;
    ASSERT_TRUE(open_or_die(disk, options)->close());
    EXPECT_TRUE(verify_storage(disk)->damages.empty()) << path;
  }
}

TEST_F(DamageTest, TruncatedAndMissingFilesAreNamed) {
  for (const std::string& path : files()) {
    if (path.starts_with("MANIFEST")) continue;
    const auto cut = disk_->after_power_loss(1);
    ASSERT_TRUE(cut->truncate(path, disk_->contents(path)->size() / 2));
    const auto missing = disk_->after_power_loss(1);
    ASSERT_TRUE(missing->remove(path));
    for (const auto& disk : {cut, missing}) {
      const auto report = verify_storage(disk);
      ASSERT_TRUE(report) << path;
      // Half a log reads like one whose tail was torn off.
      if (path.starts_with("wal/") && disk == cut) continue;
      ASSERT_FALSE(report->damages.empty()) << path;
      EXPECT_THAT(report->damages[0].what, HasSubstr(path.starts_with("wal/") ? "logs" : path));
      const auto opened = open_database(disk, foreground());
      EXPECT_EQ(opened.has_value(), report->damages[0].repairable) << path;
    }
  }
}

TEST_F(DamageTest, ForeignFoldersAreLeftAlone) {
  const auto disk = FaultStorage::make();
  ASSERT_TRUE(disk->overwrite("holiday/beach.jpg", {}));
  const auto steps = disk->steps();
  const auto opened = open_database(disk, foreground());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_THAT(opened.error().message, HasSubstr("holiday/beach.jpg"));
  EXPECT_EQ(disk->steps(), steps);
  EXPECT_EQ(verify_storage(disk).error().code, ErrorCode::kFailedPrecondition);
}

}  // namespace
}  // namespace simile::db
