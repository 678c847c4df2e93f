/// Files of a newer version, and of another database: refused by name, and nothing is changed.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "simile/base/checksum.h"
#include "simile/db/test_rows.h"
#include "simile/io/fault_storage.h"
#include "simile/segment/file_names.h"

namespace simile::db {
namespace {

using io::FaultStorage;
using testing::HasSubstr;

class FormatsTest : public testing::Test {
 protected:
  FormatsTest() : disk_(made(1)) {}

  /// A segment with deleted rows, and rows that only the log holds.
  static std::shared_ptr<FaultStorage> made(std::int64_t first_key) {
    const auto disk = FaultStorage::make();
    auto database = open_or_die(disk);
    const auto collection = *database->create_collection("c", test_schema());
    EXPECT_TRUE(upsert(*collection, {test_row(first_key), test_row(first_key + 1)}));
    EXPECT_TRUE(collection->flush());
    EXPECT_TRUE(erase(*collection, {first_key}));
    EXPECT_TRUE(upsert(*collection, {test_row(first_key + 2)}));
    EXPECT_TRUE(collection->flush());
    EXPECT_TRUE(upsert(*collection, {test_row(first_key + 3)}));
    EXPECT_TRUE(database->close());
    return disk->after_power_loss(1);  // without locks and steps
  }

  std::vector<std::string> files_ending(std::string_view end) const {
    std::vector<std::string> paths;
    const auto files = disk_->list("");
    for (const io::FileEntry& file : *files) {
      const bool is_manifest = file.path.starts_with(segment::kManifestPrefix);
      if (file.path.ends_with(end) || (end == "manifest" && is_manifest)) {
        paths.push_back(file.path);
      }
    }
    EXPECT_FALSE(paths.empty()) << end;
    return paths;
  }

  /// A copy in which a number of the file says a later version, with its checksum: bytes [0,
  /// covered) are followed by it; 0: it is the last of the file.
  std::shared_ptr<FaultStorage> newer(const std::string& path, std::size_t at,
                                      std::size_t covered) const {
    auto copy = disk_->after_power_loss(1);
    std::vector<std::byte> bytes = *copy->contents(path);
    if (covered == 0) covered = bytes.size() - sizeof(std::uint64_t);
    std::uint32_t version = 0;
    std::memcpy(&version, bytes.data() + at, sizeof version);
    EXPECT_EQ(version, path.starts_with(segment::kManifestPrefix) ? 2 : 1) << path;
    ++version;
    std::memcpy(bytes.data() + at, &version, sizeof version);
    const std::uint64_t checksum = checksum64(std::span(bytes).first(covered));
    std::memcpy(bytes.data() + covered, &checksum, sizeof checksum);
    EXPECT_TRUE(copy->overwrite(path, bytes));
    return copy;
  }

  void expect_refused(const std::shared_ptr<FaultStorage>& disk, const std::string& path) {
    SCOPED_TRACE(path);
    for (const bool read_only : {true, false}) {
      OpenOptions options = foreground();
      options.read_only = read_only;
      const auto opened = open_database(disk, options);
      ASSERT_FALSE(opened);
      EXPECT_EQ(opened.error().code, ErrorCode::kUnimplemented);
      EXPECT_THAT(opened.error().message, HasSubstr(path));
      EXPECT_THAT(opened.error().message, HasSubstr("newer"));
    }
    EXPECT_EQ(disk->steps(), 0) << "an older program changes nothing";
  }

  std::shared_ptr<FaultStorage> disk_;
};

TEST_F(FormatsTest, NewerManifestIsRefused) {
  for (const std::string& path : files_ending("manifest")) expect_refused(newer(path, 8, 0), path);
}

TEST_F(FormatsTest, NewerLogsAreRefused) {
  for (const std::string& path : files_ending(".log")) expect_refused(newer(path, 8, 56), path);
}

TEST_F(FormatsTest, NewerRowsAndDeletesAreRefused) {
  for (const char* kind : {".rows", ".deletes"}) {
    for (const std::string& path : files_ending(kind)) {
      expect_refused(newer(path, 8, 56), path);   // the container
      expect_refused(newer(path, 12, 56), path);  // what is in it
    }
  }
}

TEST_F(FormatsTest, NewerKeyMapIsMadeAgain) {
  const std::string path = files_ending(".keys")[0];
  const auto disk = newer(path, 12, 56);
  const auto report = verify_storage(disk);
  ASSERT_TRUE(report) << report.error().message;
  ASSERT_EQ(report->damages.size(), 1);
  EXPECT_EQ(report->damages[0].file, path);
  EXPECT_TRUE(report->damages[0].repairable);
  const auto database = open_or_die(disk);
  EXPECT_EQ((*database->collection("c"))->snapshot()->get(std::vector<std::int64_t>{2}, {})->rows,
            1);
  ASSERT_TRUE((*database->collection("c"))->flush());
  EXPECT_TRUE(verify_storage(disk->after_power_loss(0))->damages.empty());
}

TEST_F(FormatsTest, LogsOfAnotherDatabaseAreRefused) {
  const auto stranger = made(100);
  for (const std::string& path : files_ending(".log")) {
    const auto theirs = stranger->contents(path);
    ASSERT_TRUE(theirs) << path;
    const auto disk = disk_->after_power_loss(1);
    ASSERT_TRUE(disk->overwrite(path, *theirs));
    const auto opened = open_database(disk, foreground());
    ASSERT_FALSE(opened) << path;
    EXPECT_EQ(opened.error().code, ErrorCode::kDataLoss);
    EXPECT_THAT(opened.error().message, HasSubstr(path));
  }
}

}  // namespace
}  // namespace simile::db
