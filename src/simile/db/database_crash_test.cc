/// Power is cut at every step that changes the disk, and the database is opened on what is left.

#include <gtest/gtest.h>

#include "simile/db/test_model.h"
#include "simile/io/fault_storage.h"

namespace simile::db {
namespace {

using io::FaultStorage;

std::vector<TestStep> random_steps(std::uint64_t seed, std::size_t count) {
  Random random(seed);
  std::vector<TestStep> steps;
  while (steps.size() < count) steps.push_back(random_step(random));
  return steps;
}

/// Both collections, as they are or as they may be.
struct Contents {
  std::vector<TestRow> c;
  std::vector<TestRow> d;
  Properties properties;
  friend bool operator==(const Contents&, const Contents&) = default;
};
Contents contents_of(const Model& model) {
  return {model.c.rows(), model.d.rows(), model.properties};
}
Contents contents_of(TestDatabase& database) {
  return {rows_in(*database.c), rows_in(*database.d), database.c->properties()};
}

/// What was acknowledged before the power went, and the same with the step at hand.
struct Outcome {
  Model acknowledged;
  Model possible;
};

/// What the database stands on: the disk, or the disk encrypted.
using Over = std::shared_ptr<io::Storage> (*)(const std::shared_ptr<io::Storage>& disk);
std::shared_ptr<io::Storage> plain(const std::shared_ptr<io::Storage>& disk) { return disk; }

Outcome run_until_error(const std::shared_ptr<FaultStorage>& disk,
                        const std::vector<TestStep>& steps, Over over = plain) {
  Outcome outcome;
  auto database = TestDatabase::open(over(disk));
  if (!database) return outcome;
  for (const TestStep& step : steps) {
    outcome.possible = outcome.acknowledged;
    const bool accepted = apply(step, outcome.possible);
    const Status status = database->run(step);
    if (!status && status.error().code == ErrorCode::kAlreadyExists && !accepted) continue;
    if (!status) return outcome;
    outcome.acknowledged = outcome.possible;
  }
  outcome.possible = outcome.acknowledged;
  return outcome;
}

void expect_sound(const std::shared_ptr<io::Storage>& disk) {
  const auto report = verify_storage(disk);
  ASSERT_TRUE(report) << report.error().message;
  for (const Damage& damage : report->damages) ADD_FAILURE() << damage.what;
}

class CrashAt {
 public:
  CrashAt(const std::vector<TestStep>& steps, std::uint64_t step, std::uint64_t seed, Over over)
      : steps_(steps), step_(step), random_(seed), over_(over) {}

  void run() {
    const auto disk = FaultStorage::make();
    disk->cut_power_at(step_);
    const Outcome outcome = run_until_error(disk, steps_, over_);
    const std::vector<io::FaultStep> history = disk->history();
    SCOPED_TRACE("power cut at step " + std::to_string(step_) + ": " + describe(history.back()));
    auto later = disk->after_power_loss(random_.next() % 5);
    // Sometimes the power goes again while the database is opened.
    while (random_.below(3) == 0) {
      later->cut_power_at(1 + random_.below(8));
      { const auto database = TestDatabase::open(over_(later)); }
      later = later->after_power_loss(random_.next());
    }
    const Contents seen = open_and_compare(later, outcome);
    if (testing::Test::HasFailure()) return;
    // What was seen once must stay, whatever happens then.
    const auto last = later->after_power_loss(random_.next());
    auto database = TestDatabase::open(over_(last));
    ASSERT_TRUE(database) << database.error().message;
    ASSERT_EQ(contents_of(*database), seen);
    ASSERT_TRUE(upsert(*database->c, {test_row(5, 5)}));
    ASSERT_TRUE(database->c->compact());
  }

 private:
  Contents open_and_compare(const std::shared_ptr<FaultStorage>& disk, const Outcome& outcome) {
    const auto storage = over_(disk);
    if (!storage->list("")->empty()) expect_sound(storage);
    auto database = TestDatabase::open(over_(disk));
    EXPECT_TRUE(database) << database.error().message;
    if (!database) return {};
    Contents seen = contents_of(*database);
    const Contents acknowledged = contents_of(outcome.acknowledged);
    const Contents possible = contents_of(outcome.possible);
    EXPECT_TRUE(seen == acknowledged || seen == possible)
        << seen.c.size() << " and " << seen.d.size() << " rows, acknowledged were "
        << acknowledged.c.size() << " and " << acknowledged.d.size();
    disk->cut_power();
    return seen;
  }

  const std::vector<TestStep>& steps_;
  const std::uint64_t step_;
  Random random_;
  const Over over_;
};

TEST(DatabaseCrash, LosesNothingAcknowledgedWhereverPowerIsCut) {
  const std::uint64_t torture = from_environment("SIMILE_TORTURE", 1);
  const std::uint64_t first = from_environment("SIMILE_SEED", 1);
  for (std::uint64_t seed = first; seed < first + torture; ++seed) {
    SCOPED_TRACE("SIMILE_SEED=" + std::to_string(seed));
    const std::vector<TestStep> steps = random_steps(seed, 200);
    const auto whole = FaultStorage::make();
    run_until_error(whole, steps);
    const std::uint64_t count = whole->steps();
    ASSERT_GT(count, 500);
    for (std::uint64_t step = 1; step <= count; ++step) {
      CrashAt(steps, step, seed * 1'000'003 + step, plain).run();
      if (HasFailure()) return;
    }
  }
}

TEST(DatabaseCrash, LosesNothingAcknowledgedWhenEncrypted) {
  const std::uint64_t torture = from_environment("SIMILE_TORTURE", 1);
  const std::uint64_t first = from_environment("SIMILE_SEED", 1);
  for (std::uint64_t seed = first; seed < first + torture; ++seed) {
    SCOPED_TRACE("SIMILE_SEED=" + std::to_string(seed));
    const std::vector<TestStep> steps = random_steps(seed, 40);
    const auto whole = FaultStorage::make();
    run_until_error(whole, steps, encrypted);
    for (std::uint64_t step = 1; step <= whole->steps(); ++step) {
      CrashAt(steps, step, seed * 1'000'003 + step, encrypted).run();
      if (HasFailure()) return;
    }
  }
}

TEST(DatabaseCrash, FailedSyncStopsAllWritingUntilReopening) {
  const auto disk = FaultStorage::make();
  auto database = TestDatabase::open(disk);
  ASSERT_TRUE(database);
  ASSERT_TRUE(upsert(*database->c, {test_row(1)}));
  disk->fail_next(io::FaultStep::Kind::kSync, "wal/", io::Fault::kDiskError);
  const Status failed = upsert(*database->c, {test_row(2)});
  ASSERT_FALSE(failed);
  EXPECT_EQ(ids_in(*database->c), std::vector<std::int64_t>{1});
  const Status later = upsert(*database->c, {test_row(3)});
  ASSERT_FALSE(later);
  EXPECT_EQ(later.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_NE(later.error().message.find(failed.error().message), std::string::npos)
      << later.error().message;
  EXPECT_FALSE(database->c->flush());
  EXPECT_FALSE(database->database().create_collection("e", test_schema()));
  ASSERT_TRUE(database->reopen());
  // The write that failed is there as a whole or not at all.
  const auto ids = ids_in(*database->c);
  EXPECT_TRUE(ids == std::vector<std::int64_t>({1}) || ids == std::vector<std::int64_t>({1, 2}));
  EXPECT_TRUE(upsert(*database->c, {test_row(3)}));
}

/// The process goes on, or another one opens the database, while what was not synced can still be
/// read; then the power goes.
TEST(DatabaseCrash, WhatWasSeenAfterAFaultSurvivesPowerLoss) {
  const std::vector<TestStep> steps = random_steps(7, 60);
  const auto whole = FaultStorage::make();
  run_until_error(whole, steps);
  for (std::uint64_t step = 1; step <= whole->steps(); ++step) {
    const auto disk = FaultStorage::make();
    disk->fail_step(step, step % 2 == 0 ? io::Fault::kDiskFull : io::Fault::kDiskError);
    const Outcome outcome = run_until_error(disk, steps);
    SCOPED_TRACE("failed step " + std::to_string(step) + ": " +
                 describe(disk->history()[step - 1]));
    auto database = TestDatabase::open(disk);
    ASSERT_TRUE(database) << database.error().message;
    const Contents seen = contents_of(*database);
    ASSERT_TRUE(seen == contents_of(outcome.acknowledged) || seen == contents_of(outcome.possible))
        << seen.c.size() << " and " << seen.d.size() << " rows, acknowledged were "
        << outcome.acknowledged.c.size() << " and " << outcome.acknowledged.d.size();
    for (std::uint64_t seed = 0; seed < 4; ++seed) {
      auto later = TestDatabase::open(disk->after_power_loss(seed));
      ASSERT_TRUE(later) << later.error().message;
      ASSERT_EQ(contents_of(*later), seen);
    }
  }
}

TEST(DatabaseCrash, FullDiskRefusesWritesAndLosesNothing) {
  const auto disk = FaultStorage::make();
  auto database = TestDatabase::open(disk);
  ASSERT_TRUE(database);
  disk->set_capacity(20'000);
  std::vector<std::int64_t> written;
  Status status;
  for (std::int64_t id = 0; status; ++id) {
    status = upsert(*database->c, {test_row(id, 1, std::string(200, 'x'))});
    if (status) written.push_back(id);
  }
  EXPECT_EQ(status.error().code, ErrorCode::kResourceExhausted);
  EXPECT_EQ(ids_in(*database->c), written);
  disk->set_capacity(1'000'000);
  ASSERT_TRUE(database->reopen());
  EXPECT_EQ(ids_in(*database->c), written);
}

}  // namespace
}  // namespace simile::db
