/// Writers, searches, flushes and compactions at the same time; and power loss in the midst of it.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "simile/db/test_model.h"
#include "simile/io/fault_storage.h"

namespace simile::db {
namespace {

constexpr std::int64_t kKeysPerWriter = 1000;
constexpr std::int64_t kMarker =
    999;  // the row whose weight is the number of the writer's last step
constexpr std::int64_t kUsedKeys = 60;

/// What one writer does in its step `number`, from 1; others do not touch its keys.
struct WriterStep {
  std::vector<std::int64_t> erased;
  std::vector<TestRow> rows;
};
WriterStep writer_step(std::int64_t writer, std::int32_t number) {
  Random random(static_cast<std::uint64_t>(writer * 1'000'003 + number));
  WriterStep step;
  const auto key = [&] {
    return writer * kKeysPerWriter + static_cast<std::int64_t>(random.below(kUsedKeys));
  };
  for (int i = 0; i < 3; ++i) step.erased.push_back(key());
  while (step.rows.size() < 8) {
    const std::int64_t id = key();
    if (std::ranges::find(step.rows, id, &TestRow::id) == step.rows.end()) {
      step.rows.push_back(
          {id, {static_cast<float>(number), 0, 0, 0}, std::to_string(number), number});
    }
  }
  step.rows.push_back({writer * kKeysPerWriter + kMarker, {0, 0, 0, 1}, "marker", number});
  return step;
}

/// The rows of one writer must be those after the step that its marker names. Returns the step.
std::int32_t check_writer(const std::vector<TestRow>& all, std::int64_t writer) {
  std::vector<TestRow> rows;
  std::int32_t number = 0;
  for (const TestRow& row : all) {
    if (row.id / kKeysPerWriter != writer) continue;
    if (row.id % kKeysPerWriter == kMarker) number = row.weight;
    rows.push_back(row);
  }
  ModelCollection model;
  for (std::int32_t i = 1; i <= number; ++i) {
    const WriterStep step = writer_step(writer, i);
    model.erase(step.erased);
    model.upsert(step.rows);
  }
  EXPECT_EQ(rows, model.rows()) << "writer " << writer << " after step " << number;
  return number;
}

class ConcurrentRun {
 public:
  static constexpr std::int64_t kWriters = 3;

  ConcurrentRun() {
    OpenOptions options;
    options.threads = 1;
    options.growing_bytes_max = 60'000;
    database_ = open_or_die(disk_, options);
    collection_ = *database_->create_collection("c", test_schema());
    for (std::int64_t writer = 0; writer < kWriters; ++writer) {
      threads_.emplace_back([this, writer] { write(writer); });
    }
    threads_.emplace_back([this] { search(); });
    threads_.emplace_back([this] {
      while (!stop_) ASSERT_TRUE(collection_->compact());
    });
  }
  ~ConcurrentRun() { stop(); }

  void stop() {
    stop_ = true;
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

  /// What is left if power goes now.
  void crash(std::uint64_t seed) {
    std::int32_t acknowledged[kWriters];
    for (std::int64_t writer = 0; writer < kWriters; ++writer) {
      acknowledged[writer] = acknowledged_[writer];
    }
    const auto later = disk_->after_power_loss(seed);
    const auto report = verify_storage(later);
    ASSERT_TRUE(report) << report.error().message;
    for (const Damage& damage : report->damages) ADD_FAILURE() << damage.what;
    const auto database = open_or_die(later);
    ASSERT_TRUE(database);
    const std::vector<TestRow> rows = rows_in(**database->collection("c"));
    for (std::int64_t writer = 0; writer < kWriters; ++writer) {
      EXPECT_GE(check_writer(rows, writer), acknowledged[writer]);
    }
  }

  /// All is visible that was acknowledged, and each step as a whole.
  void check() {
    std::int32_t acknowledged[kWriters];
    for (std::int64_t writer = 0; writer < kWriters; ++writer) {
      acknowledged[writer] = acknowledged_[writer];
    }
    const std::vector<TestRow> rows = rows_in(*collection_);
    for (std::int64_t writer = 0; writer < kWriters; ++writer) {
      EXPECT_GE(check_writer(rows, writer), acknowledged[writer]);
    }
  }

  Database& database() { return *database_; }

 private:
  void write(std::int64_t writer) {
    for (std::int32_t number = 1; !stop_; ++number) {
      const WriterStep step = writer_step(writer, number);
      const TestBatch rows(step.rows);
      std::vector<WriteOperation> operations(2);
      operations[0] = {
          WriteOperation::Kind::kErase, "c", {}, std::span<const std::int64_t>(step.erased)};
      operations[1] = {WriteOperation::Kind::kUpsert, "c", rows.batch(), {}};
      const auto written = database_->write(operations);
      ASSERT_TRUE(written) << written.error().message;
      acknowledged_[writer] = number;
      // Power loss is checked by running all steps again.
      if (number > 2000) return;
    }
  }

  void search() {
    const std::vector<float> query = {1, 0, 0, 0};
    while (!stop_) {
      const auto snapshot = collection_->snapshot();
      const std::size_t rows = *snapshot->count("");
      const auto hits = nearest(*snapshot, query, 50);
      ASSERT_EQ(hits.size(), std::min<std::size_t>(rows, 50));
      ASSERT_EQ(hits, nearest(*snapshot, query, 50, "", true));
    }
  }

  std::shared_ptr<io::FaultStorage> disk_ = io::FaultStorage::make();
  std::unique_ptr<Database> database_;
  std::shared_ptr<Collection> collection_;
  std::atomic<bool> stop_{false};
  std::atomic<std::int32_t> acknowledged_[kWriters] = {};
  std::vector<std::thread> threads_;
};

TEST(DatabaseConcurrency, WritesAreAtomicAndDurableWhateverElseHappens) {
  ConcurrentRun run;
  const std::uint64_t rounds = 20 * from_environment("SIMILE_TORTURE", 1);
  for (std::uint64_t seed = 0; seed < rounds && !testing::Test::HasFailure(); ++seed) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    run.check();
    run.crash(seed);
  }
  run.stop();
  run.check();
  EXPECT_TRUE(run.database().close());
  run.crash(0);
}

TEST(DatabaseConcurrency, WritesOfManyThreadsAreAllKept) {
  const auto disk = io::FaultStorage::make();
  const auto database = open_or_die(disk);
  const auto collection = *database->create_collection("c", test_schema());
  std::vector<std::thread> writers;
  for (std::int64_t writer = 0; writer < 8; ++writer) {
    writers.emplace_back([&, writer] {
      for (std::int64_t i = 0; i < 50; ++i) {
        ASSERT_TRUE(upsert(*collection, {test_row(writer * 100 + i)}));
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(rows_in(*collection).size(), 400);
  EXPECT_EQ(database->info().sequence, 400);
}

/// A row that was checked against the old schema must not be written under the new one: the log
/// could not be replayed.
TEST(DatabaseConcurrency, SchemaChangesBesideWriters) {
  const auto storage = io::make_memory_storage();
  for (int round = 0; round < 20; ++round) {
    SCOPED_TRACE(round);
    auto database = open_or_die(storage);
    ASSERT_NE(database, nullptr);
    const std::string name = "c" + std::to_string(round);
    const auto c = *database->create_collection(name, test_schema(IndexKind::kFlat));
    std::thread writer([&] {
      for (std::int64_t id = 0; id < 200; ++id) {
        TestRow row = test_row(id, 1);
        if (id == 100 + round) row.feature[0] = row.feature[3] = 0;
        const Status written = upsert(*c, {row});
        EXPECT_TRUE(written || written.error().code == ErrorCode::kInvalidArgument);
      }
    });
    Field field = *parse_field("size", "int32 nullable");
    EXPECT_TRUE(c->add_field(field));
    static_cast<void>(c->change_vector_index("feature", Metric::kCosine, IndexKind::kFlat));
    EXPECT_TRUE(c->create_partition("p"));
    writer.join();
    const auto rows = rows_in(*c);
    EXPECT_GE(rows.size(), 199);
    ASSERT_TRUE(database->close());
    database = open_or_die(storage);
    ASSERT_NE(database, nullptr);
    EXPECT_EQ(rows_in(**database->collection(name)), rows);
    ASSERT_TRUE(database->close());
  }
}

}  // namespace
}  // namespace simile::db
