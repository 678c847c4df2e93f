/// Flushes that fail, and flushes beside a close.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "simile/db/test_rows.h"
#include "simile/io/fault_storage.h"
#include "simile/segment/file_names.h"

namespace simile::db {
namespace {

using io::Fault;
using io::FaultStorage;
using testing::HasSubstr;
using Kind = io::FaultStep::Kind;

constexpr std::int64_t kBatchRows = 100;

class FlushTest : public testing::Test {
 protected:
  static OpenOptions small_segments(bool background) {
    OpenOptions options = foreground();
    options.background = background;
    options.growing_bytes_max = 60'000;
    return options;
  }
  void open(const OpenOptions& options) {
    database_.reset();
    database_ = open_or_die(disk_, options);
    const auto found = database_->collection("c");
    collection_ = found ? *found : *database_->create_collection("c", test_schema());
  }
  /// The next rows, which count as written where that is acknowledged.
  Status write() {
    std::vector<TestRow> rows;
    for (std::int64_t i = 0; i < kBatchRows; ++i)
      rows.push_back(test_row(written_ + i, static_cast<float>(written_ + i)));
    const Status status = upsert(*collection_, rows);
    if (status) written_ += kBatchRows;
    return status;
  }
  void fail_flushes(int count) {
    for (int i = 0; i < count; ++i) {
      disk_->fail_next(Kind::kCreate, segment::kSegmentFolder, Fault::kDiskFull);
    }
  }
  void expect_all_written() {
    const auto ids = ids_in(*collection_);
    ASSERT_EQ(ids.size(), static_cast<std::size_t>(written_));
    for (std::int64_t id = 0; id < written_; ++id) EXPECT_EQ(ids[static_cast<std::size_t>(id)], id);
  }
  std::size_t files_in(std::string_view folder) { return disk_->list(std::string(folder))->size(); }

  std::shared_ptr<FaultStorage> disk_ = FaultStorage::make();
  std::unique_ptr<Database> database_;
  std::shared_ptr<Collection> collection_;
  std::int64_t written_ = 0;
};

TEST_F(FlushTest, WithoutThreadsTheNextWriteTellsOfAFailureAndTriesAgain) {
  open(small_segments(false));
  fail_flushes(3);
  Status status;
  while (status) status = write();  // those before the failure, and the one behind which it was
  EXPECT_EQ(status.error().code, ErrorCode::kResourceExhausted);
  EXPECT_THAT(status.error().message, HasSubstr("nothing was written"));
  EXPECT_THAT(status.error().message, HasSubstr("disk full"));
  EXPECT_GT(written_, 0);
  EXPECT_EQ(collection_->info().sealed_segments, 0);
  expect_all_written();
  EXPECT_THAT(collection_->flush().error().message, HasSubstr("disk full"));
  EXPECT_TRUE(write());
  EXPECT_GE(collection_->info().sealed_segments, 1);
  open(foreground());
  expect_all_written();
}

TEST_F(FlushTest, WithoutThreadsClosingTellsOfAFailureAndLosesNothing) {
  open(small_segments(false));
  fail_flushes(2);
  ASSERT_TRUE(write());
  while (files_in("wal/") == 1) ASSERT_TRUE(write());
  EXPECT_THAT(database_->close().error().message, HasSubstr("disk full"));
  open(foreground());
  expect_all_written();
}

/// What failed flushes leave half-sealed makes writers wait, though what grows is small.
TEST_F(FlushTest, WritersDoNotWaitForeverAfterFailures) {
  open(small_segments(true));
  fail_flushes(3);
  for (std::uint64_t bytes = 50'000; bytes <= 150'000; bytes += 50'000) {
    while (collection_->info().memory_bytes < bytes) ASSERT_TRUE(write());
    EXPECT_FALSE(collection_->flush());
  }
  while (written_ < 6'000) ASSERT_TRUE(write());
  expect_all_written();
  ASSERT_TRUE(database_->close());
  open(foreground());
  expect_all_written();
}

TEST_F(FlushTest, WritersThatCannotBeServedAreTold) {
  open(small_segments(true));
  fail_flushes(20);
  bool told = false;
  while (written_ < 6'000) {
    if (const Status status = write(); !status) {
      ASSERT_EQ(status.error().code, ErrorCode::kResourceExhausted) << status.error().message;
      told = true;
      std::this_thread::yield();
    }
  }
  EXPECT_TRUE(told);
  expect_all_written();
}

TEST_F(FlushTest, FailuresLeaveNoFiles) {
  open(foreground());
  ASSERT_TRUE(write());
  fail_flushes(1);
  EXPECT_FALSE(collection_->flush());
  const std::size_t before = files_in("");
  fail_flushes(5);
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(collection_->flush());
  EXPECT_EQ(files_in(""), before);
  ASSERT_TRUE(collection_->flush());
  expect_all_written();
}

TEST_F(FlushTest, KeysThatCannotBeRepairedLeaveNoFile) {
  open(foreground());
  ASSERT_TRUE(write());
  ASSERT_TRUE(collection_->flush());
  std::string keys;
  const auto files = disk_->list("");
  for (const io::FileEntry& file : *files) {
    if (file.path.ends_with(".keys")) keys = file.path;
  }
  ASSERT_NE(keys, "");
  ASSERT_TRUE(database_->close());
  ASSERT_TRUE(disk_->flip_bit(keys, disk_->contents(keys)->size() * 4));
  open(foreground());
  const std::size_t before = files_in("");
  disk_->fail_next(Kind::kAppend, segment::kSegmentFolder, Fault::kDiskFull);
  EXPECT_THAT(collection_->flush().error().message, HasSubstr("disk full"));
  EXPECT_EQ(files_in(""), before);
  ASSERT_TRUE(collection_->flush());
  EXPECT_TRUE(verify_storage(disk_->after_power_loss(0))->damages.empty());
}

/// Else the next writer would be let in while files are written under names that it uses, too.
TEST_F(FlushTest, ClosingKeepsTheLockUntilAFlushElsewhereHasEnded) {
  open(foreground());
  while (written_ < 5000) ASSERT_TRUE(write());
  std::atomic<bool> inside{false};
  std::atomic<bool> go_on{false};
  std::thread flusher([&] {
    const Status flushed = collection_->flush([&](std::uint64_t, std::uint64_t) {
      inside = true;
      while (!go_on) std::this_thread::yield();
    });
    EXPECT_TRUE(flushed) << flushed.error().message;
  });
  while (!inside) std::this_thread::yield();
  std::thread closer([&] { EXPECT_TRUE(database_->close()); });
  while (upsert(*collection_, {test_row(0)})) std::this_thread::yield();  // until it has begun
  for (int i = 0; i < 50; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    EXPECT_EQ(open_database(disk_, foreground()).error().code, ErrorCode::kUnavailable);
  }
  go_on = true;
  flusher.join();
  closer.join();
  open(foreground());
  EXPECT_EQ(ids_in(*collection_).size(), static_cast<std::size_t>(written_));
  EXPECT_GE(collection_->info().indexed_rows + 1, static_cast<std::size_t>(written_));  // but row 0
}

/// With threads of its own, closing finishes the indexes; that may be cut short.
TEST_F(FlushTest, ClosingThatIsCancelledClosesAllTheSame) {
  OpenOptions large_enough = small_segments(false);
  large_enough.growing_bytes_max = 600'000;
  open(large_enough);
  while (written_ < 12'000) ASSERT_TRUE(write());  // sealed without indexes
  ASSERT_GT(collection_->info().sealed_segments, 0);
  ASSERT_EQ(collection_->info().indexed_rows, 0);
  ASSERT_TRUE(database_->close());
  for (const bool cancelled : {true, false}) {
    OpenOptions options;
    options.threads = 1;
    open(options);
    CancelToken cancel;
    if (cancelled) cancel.cancel();
    const Status closed = database_->close(&cancel);
    EXPECT_TRUE(closed) << closed.error().message;
    EXPECT_FALSE(write());
  }
  open(foreground());
  const CollectionInfo info = collection_->info();
  EXPECT_GT(info.indexed_rows, 0);
  EXPECT_EQ(info.indexed_rows + info.growing_rows, static_cast<std::size_t>(written_));
  expect_all_written();
}

}  // namespace
}  // namespace simile::db
