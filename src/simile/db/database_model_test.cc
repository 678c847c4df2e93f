/// Random operations on a database and on a std::map, compared after each.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "simile/db/test_model.h"

namespace simile::db {
namespace {

/// A snapshot and what it must show for as long as it is held.
struct HeldSnapshot {
  std::shared_ptr<const Snapshot> snapshot;
  std::vector<TestRow> rows;
};

class ModelRun {
 public:
  ModelRun(std::uint64_t seed, std::shared_ptr<io::Storage> storage) : random_(seed) {
    auto opened = TestDatabase::open(std::move(storage));
    EXPECT_TRUE(opened.has_value());
    database_ = std::make_unique<TestDatabase>(*std::move(opened));
  }

  void run(std::size_t steps) {
    for (std::size_t i = 0; i < steps && !testing::Test::HasFatalFailure(); ++i) {
      SCOPED_TRACE("step " + std::to_string(i));
      const TestStep step = random_step(random_);
      Model after = model_;
      const bool accepted = apply(step, after);
      const Status status = database_->run(step);
      if (accepted) {
        ASSERT_TRUE(status) << status.error().message;
        model_ = std::move(after);
      } else {
        ASSERT_FALSE(status);
        ASSERT_EQ(status.error().code, ErrorCode::kAlreadyExists);
      }
      compare();
      if (random_.below(10) == 0) hold();
      for (const HeldSnapshot& held : held_) ASSERT_EQ(rows_in(*held.snapshot), held.rows);
    }
  }

 private:
  void hold() {
    held_.push_back({database_->c->snapshot(), model_.c.rows()});
    if (held_.size() > 4) held_.pop_front();
  }

  void compare() {
    const std::vector<TestRow> rows = model_.c.rows();
    ASSERT_EQ(rows_in(*database_->c), rows);
    ASSERT_EQ(rows_in(*database_->d), model_.d.rows());
    ASSERT_EQ(database_->c->info().rows, rows.size());
    ASSERT_EQ(database_->c->properties(), model_.properties);
    compare_search(rows, "");
    std::vector<TestRow> heavy;
    for (const TestRow& row : rows) {
      if (row.weight > 300) heavy.push_back(row);
    }
    compare_search(heavy, "weight > 300");
    ASSERT_EQ(*database_->c->snapshot()->count("weight > 300"), heavy.size());
    compare_get();
  }

  void compare_search(const std::vector<TestRow>& rows, const std::string& where) {
    const std::vector<float> query = {static_cast<float>(random_.below(100)),
                                      static_cast<float>(random_.below(100)), 3, 50};
    const auto k = static_cast<std::uint32_t>(1 + random_.below(20));
    ASSERT_EQ(nearest(*database_->c->snapshot(), query, k, where), nearest_in(rows, query, k));
  }

  void compare_get() {
    const std::vector<std::int64_t> ids = random_ids(random_, 5);
    const auto table = database_->c->snapshot()->get(std::span<const std::int64_t>(ids), {"label"});
    ASSERT_TRUE(table);
    std::vector<std::int64_t> expected;
    for (const std::int64_t id : ids) {
      if (model_.c.contains(id)) expected.push_back(id);
    }
    const auto found = table->columns[0].values<std::int64_t>();
    ASSERT_EQ(std::vector<std::int64_t>(found.begin(), found.end()), expected);
  }

  Random random_;
  Model model_;
  std::unique_ptr<TestDatabase> database_;
  std::deque<HeldSnapshot> held_;
};

TEST(DatabaseModel, BehavesLikeAMap) {
  const std::uint64_t torture = from_environment("SIMILE_TORTURE", 1);
  const std::uint64_t first = from_environment("SIMILE_SEED", 1);
  for (std::uint64_t seed = first; seed < first + 4 * torture; ++seed) {
    SCOPED_TRACE("SIMILE_SEED=" + std::to_string(seed));
    ModelRun(seed, io::make_memory_storage()).run(400);
    if (HasFailure()) return;
  }
}

TEST(DatabaseModel, BehavesLikeAMapWhenEncrypted) {
  const std::uint64_t torture = from_environment("SIMILE_TORTURE", 1);
  const std::uint64_t first = from_environment("SIMILE_SEED", 1);
  for (std::uint64_t seed = first; seed < first + torture; ++seed) {
    SCOPED_TRACE("SIMILE_SEED=" + std::to_string(seed));
    ModelRun(seed, encrypted(io::make_memory_storage())).run(400);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace simile::db
