#include "simile/db/backup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "simile/db/test_rows.h"
#include "simile/io/encrypted_storage.h"
#include "simile/io/fault_storage.h"
#include "simile/io/scratch_folder.h"

namespace simile::db {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

const BackupJob kPlainJob{.progress = {}, .cancel = nullptr};

std::vector<TestRow> some_rows(std::int64_t first, std::int64_t count) {
  std::vector<TestRow> rows;
  for (std::int64_t id = first; id < first + count; ++id) rows.push_back(test_row(id, 1, "label"));
  return rows;
}

std::shared_ptr<Collection> collection_of(Database& database) {
  auto there = database.collection("c");
  return there ? *there : database.create_collection("c", test_schema()).value();
}

Status insert(Database& database, std::int64_t first, std::int64_t count) {
  return insert(*collection_of(database), some_rows(first, count));
}

/// Rows in a segment with deletes, and rows in the log.
void fill(Database& database) {
  ASSERT_TRUE(insert(database, 0, 100));
  ASSERT_TRUE(collection_of(database)->flush());
  const std::vector<std::int64_t> gone = {3, 4};
  ASSERT_TRUE(collection_of(database)->erase(std::span<const std::int64_t>(gone)));
  ASSERT_TRUE(insert(database, 100, 50));
}

std::vector<TestRow> rows_at(const std::shared_ptr<io::Storage>& storage) {
  OpenOptions options = foreground();
  options.create = false;
  const auto database = open_database(storage, options);
  EXPECT_TRUE(database) << database.error().message;
  return database ? rows_in(*collection_of(**database)) : std::vector<TestRow>{};
}

bool is_database(const std::shared_ptr<io::Storage>& storage) {
  OpenOptions options = foreground();
  options.create = false;
  return open_database(storage, options).has_value();
}

std::string text_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class BackupTest : public testing::Test {
 protected:
  std::string path(const std::string& name) const { return folder_.path() + "/" + name; }
  std::unique_ptr<Database> open(const std::string& name, bool create = false) const {
    OpenOptions options = foreground();
    options.create = create;
    auto opened = Database::open(path(name), options);
    EXPECT_TRUE(opened) << opened.error().message;
    return opened ? *std::move(opened) : nullptr;
  }
  const io::ScratchFolder folder_;
};

TEST_F(BackupTest, DirectoriesAndArchivesGiveTheRowsBack) {
  const auto database = open("a.simile", true);
  fill(*database);
  for (const std::string to : {"copy", "copy.tar"}) {
    std::uint64_t last = 0;
    const auto progress = [&](std::uint64_t done, std::uint64_t total) {
      EXPECT_LE(last, done);
      EXPECT_LE(done, total);
      last = done;
    };
    const auto made = database->backup(path(to), progress);
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ(last, made->bytes);
    EXPECT_GT(made->files, 3U);
    const auto restored = restore_database(path(to), path(to + ".back"));
    ASSERT_TRUE(restored) << restored.error().message;
    EXPECT_EQ(restored->bytes, made->bytes);
    EXPECT_TRUE(verify_database(path(to + ".back"))->damages.empty());
    EXPECT_EQ(rows_in(*collection_of(*open(to + ".back"))), rows_in(*collection_of(*database)));
  }
  EXPECT_EQ(rows_in(*collection_of(*open("copy"))), rows_in(*collection_of(*database)));
}

TEST_F(BackupTest, NothingIsOverwritten) {
  const auto database = open("a.simile", true);
  fill(*database);
  ASSERT_TRUE(database->backup(path("copy")));
  ASSERT_TRUE(database->backup(path("copy.tar")));
  for (const std::string to : {"copy", "copy.tar"}) {
    const std::string before = text_of(path("copy.tar"));
    EXPECT_EQ(database->backup(path(to)).error().code, ErrorCode::kAlreadyExists);
    EXPECT_EQ(text_of(path("copy.tar")), before);
    EXPECT_EQ(restore_database(path(to), path("a.simile")).error().code, ErrorCode::kAlreadyExists);
  }
  EXPECT_EQ(rows_in(*collection_of(*database)).size(), 148U);
}

TEST_F(BackupTest, WhatIsNoDatabaseOrNoBackupIsRefused) {
  EXPECT_EQ(backup_database(path("absent"), path("b")).error().code, ErrorCode::kNotFound);
  fs::create_directory(path("empty"));
  EXPECT_EQ(backup_database(path("empty"), path("b")).error().code, ErrorCode::kFailedPrecondition);
  EXPECT_EQ(restore_database(path("absent.tar"), path("r")).error().code, ErrorCode::kNotFound);
  const auto database = open("a.simile", true);
  fill(*database);
  const auto found = restore_database(path("a.simile"), path("r"));
  EXPECT_THAT(found.error().message, HasSubstr("has no BACKUP.json"));
  EXPECT_FALSE(fs::exists(path("r") + "/segments"));
}

/// Rows 0, 1, 2, ... are inserted one by one, sealed and merged, while copies are made: each has
/// all that was acknowledged before it began, and no gap.
TEST_F(BackupTest, BesideAWriterACopyIsOneMoment) {
  OpenOptions options;
  options.growing_bytes_max = 64 << 10;
  const auto database = Database::open(path("a.simile"), options).value();
  ASSERT_TRUE(insert(*database, 0, 1));
  std::atomic<std::int64_t> acknowledged = 1;
  std::atomic<bool> over = false;
  std::thread writer([&] {
    while (!over) {
      if (!insert(*database, acknowledged, 7)) break;
      acknowledged += 7;
      if (acknowledged % 5 == 0) (void)collection_of(*database)->flush();
      if (acknowledged % 11 == 0) (void)collection_of(*database)->compact();
    }
  });
  for (int i = 0; i < 12; ++i) {
    const std::string name = "copy" + std::to_string(i) + (i % 2 == 0 ? "" : ".tar");
    const std::int64_t before = acknowledged;
    const auto made = database->backup(path(name));
    ASSERT_TRUE(made) << made.error().message;
    const auto restored = restore_database(path(name), path(name + ".back"));
    ASSERT_TRUE(restored) << restored.error().message;
    const auto ids = ids_in(*collection_of(*open(name + ".back")));
    EXPECT_GE(static_cast<std::int64_t>(ids.size()), before);
    for (std::size_t n = 0; n < ids.size(); ++n) ASSERT_EQ(ids[n], static_cast<std::int64_t>(n));
  }
  over = true;
  writer.join();
}

TEST_F(BackupTest, DamageIsNamedAndLeavesNoDatabase) {
  {
    const auto database = open("a.simile", true);
    fill(*database);
    ASSERT_TRUE(database->backup(path("copy.tar")));
    ASSERT_TRUE(database->backup(path("copy")));
  }
  const std::string whole = text_of(path("copy.tar"));
  std::size_t refused = 0;
  constexpr std::size_t kStep = 97;
  for (std::size_t at = 0; at < whole.size(); at += kStep) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x40);
    std::ofstream(path("bad.tar"), std::ios::binary) << damaged;
    const auto restored = restore_database(path("bad.tar"), path("bad"));
    // Between the files of an archive are bytes that say nothing.
    if (restored) {
      EXPECT_TRUE(verify_database(path("bad"))->damages.empty()) << at;
    } else {
      ++refused;
      EXPECT_FALSE(is_database(io::open_posix_storage(path("bad"), true).value())) << at;
    }
    fs::remove_all(path("bad"));
  }
  EXPECT_GT(refused, whole.size() / kStep / 2);
  for (const auto& entry : fs::recursive_directory_iterator(path("copy"))) {
    if (!entry.is_regular_file() || entry.path().filename().string().starts_with(".")) continue;
    const std::string before = text_of(entry.path());
    std::string damaged = before;
    damaged[damaged.size() / 2] = static_cast<char>(damaged[damaged.size() / 2] ^ 1);
    std::ofstream(entry.path(), std::ios::binary) << damaged;
    const auto restored = restore_database(path("copy"), path("bad"));
    ASSERT_FALSE(restored) << entry.path();
    EXPECT_EQ(restored.error().code, ErrorCode::kDataLoss) << restored.error().message;
    std::ofstream(entry.path(), std::ios::binary) << before;
    fs::remove_all(path("bad"));
  }
  EXPECT_TRUE(restore_database(path("copy"), path("good")));
}

TEST_F(BackupTest, CancellingLeavesNothing) {
  const auto database = open("a.simile", true);
  fill(*database);
  CancelToken cancel;
  cancel.cancel();
  for (const std::string to : {"copy", "copy.tar"}) {
    EXPECT_EQ(database->backup(path(to), {}, &cancel).error().code, ErrorCode::kCancelled);
    ASSERT_TRUE(database->backup(path(to)));
    EXPECT_EQ(restore_database(path(to), path("back"), {}, &cancel).error().code,
              ErrorCode::kCancelled);
    ASSERT_TRUE(restore_database(path(to), path("back")));
    fs::remove_all(path("back"));
  }
}

/// Databases below, as a server has them, come along.
TEST_F(BackupTest, DatabasesOfAServerComeAlong) {
  fill(*open("a.simile", true));
  fs::create_directories(path("a.simile/databases"));
  fill(*open("a.simile/databases/other", true));
  ASSERT_TRUE(backup_database(path("a.simile"), path("copy.tar")));
  ASSERT_TRUE(restore_database(path("copy.tar"), path("b.simile")));
  EXPECT_EQ(rows_in(*collection_of(*open("b.simile/databases/other"))).size(), 148U);
  EXPECT_EQ(rows_in(*collection_of(*open("b.simile"))).size(), 148U);
}

TEST_F(BackupTest, AnEncryptedDatabaseStaysSo) {
  OpenOptions options = foreground();
  options.key.digits = make_key().value();
  {
    const auto database = Database::open(path("a.simile"), options).value();
    fill(*database);
    ASSERT_TRUE(database->backup(path("copy.tar")));
    ASSERT_TRUE(collection_of(*database)->compact());  // keys of files of before are erased
  }
  EXPECT_EQ(text_of(path("copy.tar")).find("label"), std::string::npos);
  ASSERT_TRUE(restore_database(path("copy.tar"), path("b.simile")));
  EXPECT_EQ(Database::open(path("b.simile"), foreground()).error().code,
            ErrorCode::kPermissionDenied);
  const auto database = Database::open(path("b.simile"), options).value();
  EXPECT_EQ(rows_in(*collection_of(*database)).size(), 148U);
}

/// Power goes at every step of a copy: what is left is no database, or all of it.
TEST(BackupFaults, PowerMayGoAtEveryStepOfARestore) {
  const auto from = io::make_memory_storage();
  const auto backup = io::make_memory_storage();
  {
    const auto database = open_database(from, foreground()).value();
    fill(*database);
    ASSERT_TRUE(back_up(*from, *backup, kPlainJob));
  }
  const std::vector<TestRow> expected = rows_at(from);
  const auto whole = io::FaultStorage::make();
  ASSERT_TRUE(restore(*backup, *whole, kPlainJob));
  const std::uint64_t steps = whole->steps();
  ASSERT_GT(steps, 12U);
  for (std::uint64_t step = 1; step <= steps; ++step) {
    const auto disk = io::FaultStorage::make();
    disk->cut_power_at(step);
    EXPECT_FALSE(restore(*backup, *disk, kPlainJob));
    for (std::uint64_t seed = 0; seed < 4; ++seed) {
      const auto later = disk->after_power_loss(seed);
      if (!is_database(later)) continue;
      EXPECT_EQ(rows_at(later), expected) << step;
    }
  }
}

TEST(BackupFaults, ADiskThatIsFullLeavesNothingBehind) {
  const auto from = io::make_memory_storage();
  {
    const auto database = open_database(from, foreground()).value();
    fill(*database);
  }
  const auto whole = io::FaultStorage::make();
  ASSERT_TRUE(back_up(*from, *whole, kPlainJob));
  for (std::uint64_t step = 1; step <= whole->steps(); ++step) {
    const auto disk = io::FaultStorage::make();
    disk->fail_step(step, io::Fault::kDiskFull);
    const auto made = back_up(*from, *disk, kPlainJob);
    ASSERT_FALSE(made) << step;
    EXPECT_EQ(made.error().code, ErrorCode::kResourceExhausted);
    EXPECT_TRUE(disk->list("")->empty()) << step;
    const auto again = io::FaultStorage::make();
    again->fail_step(step, io::Fault::kDiskFull);
    if (back_up_to_archive(*from, *again, "b.tar", kPlainJob)) continue;  // it has fewer steps
    EXPECT_TRUE(again->list("")->empty()) << step;
  }
}

}  // namespace
}  // namespace simile::db
