#include "simile/server/compactions.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "simile/base/text.h"
#include "simile/database.h"

namespace simile::server {
namespace {

namespace fs = std::filesystem;

class CompactionsTest : public testing::Test {
 protected:
  CompactionsTest() {
    fs::remove_all(folder_);
    database_ = *Database::open(folder_.string());
    std::vector<Field> fields(2);
    fields[0] = *parse_field("id", "int64 primary key");
    fields[1] = *parse_field("v", "float32[2] l2");
    collection_ = *database_->create_collection("c", *Schema::make(std::move(fields)));
  }
  ~CompactionsTest() override {
    compactions_.stop();
    collection_.reset();
    database_.reset();
    fs::remove_all(folder_);
  }

  CompactionProgress finish(std::int64_t number) {
    for (;;) {
      const auto state = compactions_.state(number);
      if (state->progress != CompactionProgress::kRunning) return state->progress;
      std::this_thread::yield();
    }
  }

  static std::ptrdiff_t stacks() {
    // Those of threads that are over and were not joined are still there.
    std::ifstream maps("/proc/self/maps");
    std::string line;
    std::ptrdiff_t count = 0;
    while (std::getline(maps, line)) ++count;
    return count;
  }

  const fs::path folder_ = fs::temp_directory_path() / join_text("simile_compactions_", ::getpid());
  std::unique_ptr<Database> database_;
  std::shared_ptr<Collection> collection_;
  Compactions compactions_;
};

TEST_F(CompactionsTest, FinishedOnesHoldNeitherThreadsNorCollections) {
  EXPECT_EQ(finish(compactions_.start(collection_, 1)), CompactionProgress::kDone);
  const long references = collection_.use_count();
  const std::ptrdiff_t before = stacks();
  for (int i = 0; i < 40; ++i) {
    EXPECT_EQ(finish(compactions_.start(collection_, 1)), CompactionProgress::kDone);
  }
  EXPECT_EQ(collection_.use_count(), references);
  EXPECT_LT(stacks(), before + 20);
}

TEST_F(CompactionsTest, NumbersThatWereNeverGivenOutHaveNoState) {
  EXPECT_EQ(compactions_.state(7), std::nullopt);
  const std::int64_t number = compactions_.start(collection_, 5);
  EXPECT_EQ(compactions_.state(number)->segment, 5);
  EXPECT_EQ(compactions_.state(number + 1), std::nullopt);
}

}  // namespace
}  // namespace simile::server
