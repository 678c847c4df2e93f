/// A process that writes is killed, again and again, and another one looks at what it left.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <thread>

#include "simile/db/test_model.h"

namespace simile::db {
namespace {

using testing::HasSubstr;

class KillTest : public testing::Test {
 protected:
  KillTest() {
    std::string name = (std::filesystem::temp_directory_path() / "simile-kill-").string();
    name.append(6, 'X');  // the part that mkdtemp() chooses
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  ~KillTest() override { std::filesystem::remove_all(folder_); }

  std::string path() const { return (folder_ / "test.simile").string(); }

  static constexpr std::int64_t kBatchRows = 16;

  /// In the child: batches of 16 rows that carry the batch's number; tells each that is
  /// acknowledged.
  [[noreturn]] void write_for_ever(int acknowledged) {
    OpenOptions options;
    options.growing_bytes_max = 100'000;
    options.threads = 1;
    auto database = Database::open(path(), options);
    if (!database) _exit(3);
    auto collection = (*database)->collection("c");
    if (!collection) collection = (*database)->create_collection("c", test_schema());
    if (!collection) _exit(4);
    const auto count = (*collection)->snapshot()->count("");
    for (std::int64_t batch = static_cast<std::int64_t>(*count) / kBatchRows;; ++batch) {
      std::vector<TestRow> rows;
      for (std::int64_t i = 0; i < kBatchRows; ++i) {
        rows.push_back(test_row(batch * kBatchRows + i, static_cast<float>(i), "x"));
      }
      if (!insert(**collection, rows)) _exit(5);
      if (write(acknowledged, &batch, sizeof batch) != sizeof batch) _exit(6);
    }
  }

  /// Lets a child write for a while, kills it; returns how many batches it has acknowledged.
  std::int64_t write_and_kill(std::chrono::milliseconds after) {
    int pipes[2];
    EXPECT_EQ(pipe(pipes), 0);
    const pid_t child = fork();
    if (child == 0) write_for_ever(pipes[1]);
    close(pipes[1]);
    std::int64_t batch = -1;
    // The first acknowledgement, then the time.
    EXPECT_EQ(read(pipes[0], &batch, sizeof batch), static_cast<ssize_t>(sizeof batch));
    std::this_thread::sleep_for(after);
    kill(child, SIGKILL);
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status)) << "the child ended by itself: " << WEXITSTATUS(status);
    while (read(pipes[0], &batch, sizeof batch) == static_cast<ssize_t>(sizeof batch)) {
    }
    close(pipes[0]);
    return batch + 1;
  }

  std::filesystem::path folder_;
};

TEST_F(KillTest, NothingAcknowledgedIsLostAndNoBatchIsHalf) {
  Random random(from_environment("SIMILE_SEED", 1));
  const std::uint64_t rounds = 6 * from_environment("SIMILE_TORTURE", 1);
  for (std::uint64_t round = 0; round < rounds; ++round) {
    const std::int64_t acknowledged = write_and_kill(std::chrono::milliseconds(random.below(120)));
    const auto report = verify_database(path());
    ASSERT_TRUE(report) << report.error().message;
    for (const Damage& damage : report->damages) ADD_FAILURE() << damage.what;
    OpenOptions options;
    options.read_only = true;
    auto database = Database::open(path(), options);
    ASSERT_TRUE(database) << database.error().message;
    const auto rows = static_cast<std::int64_t>(report->rows);
    EXPECT_EQ(rows % kBatchRows, 0);
    EXPECT_GE(rows, acknowledged * kBatchRows);
    EXPECT_EQ(*(**(*database)->collection("c")).snapshot()->count(""), report->rows);
  }
}

TEST_F(KillTest, ReaderInAnotherProcessFollowsTheWriter) {
  OpenOptions options;
  options.growing_bytes_max = 60'000;
  options.threads = 1;
  auto writer = *Database::open(path(), options);
  auto written = *writer->create_collection("c", test_schema());
  options.read_only = true;
  auto reader = *Database::open(path(), options);
  auto read = *reader->collection("c");
  for (std::int64_t id = 0; id < 300; ++id) {
    ASSERT_TRUE(upsert(*written, {test_row(id), test_row(id + 1000), test_row(5000)}));
    if (id % 10 == 0) {
      ASSERT_TRUE(erase(*written, {id}));
    }
    if (id % 50 == 49) {
      ASSERT_TRUE(id % 100 == 99 ? written->compact() : written->flush());
    }
    const Status refreshed = reader->refresh();
    ASSERT_TRUE(refreshed) << refreshed.error().message;
    ASSERT_EQ(rows_in(*read), rows_in(*written)) << id;
  }
  ASSERT_TRUE(writer->drop_collection("c"));
  ASSERT_TRUE(reader->refresh());
  EXPECT_EQ(rows_in(*read).size(), 0);
  EXPECT_FALSE(upsert(*read, {test_row(1)}));
}

TEST_F(KillTest, SecondWriterIsToldWhoIsThere) {
  auto database = *Database::open(path());
  const auto second = Database::open(path());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(second.error().message, HasSubstr(std::to_string(getpid())));
  EXPECT_EQ(verify_database(path()).error().code, ErrorCode::kUnavailable);
  ASSERT_TRUE(database->close());
  EXPECT_TRUE(Database::open(path()));
}

}  // namespace
}  // namespace simile::db
