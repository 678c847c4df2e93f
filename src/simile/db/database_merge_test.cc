/// What is written while segments are being merged.

#include <gtest/gtest.h>

#include <functional>

#include "simile/db/test_model.h"
#include "simile/io/fault_storage.h"

namespace simile::db {
namespace {

/// Calls back when a rows file is begun, which is in the midst of a flush or a merge.
class HookedStorage final : public io::Storage {
 public:
  explicit HookedStorage(std::shared_ptr<io::Storage> base) : base_(std::move(base)) {}

  std::function<void()> on_rows_file;

  Result<std::unique_ptr<io::WritableFile>> create(const std::string& path) override {
    if (path.ends_with(".rows") && on_rows_file) on_rows_file();
    return base_->create(path);
  }
  Result<std::shared_ptr<io::ReadableFile>> open(const std::string& path) const override {
    return base_->open(path);
  }
  Status publish(const std::string& path, std::span<const std::byte> bytes) override {
    return base_->publish(path, bytes);
  }
  Status remove(const std::string& path) override { return base_->remove(path); }
  Status wipe(const std::string& path) override { return base_->wipe(path); }
  Result<std::vector<io::FileEntry>> list(const std::string& prefix) const override {
    return base_->list(prefix);
  }
  Result<std::unique_ptr<io::Lock>> lock(const std::string& path) override {
    return base_->lock(path);
  }
  const std::string& root() const override { return base_->root(); }

 private:
  std::shared_ptr<io::Storage> base_;
};

/// Power goes between the manifest of a merge and the next one, after a flush has said that the
/// deletes which came during the merge need no log any more.
TEST(DatabaseMerge, DeletesThatComeMeanwhileAreInItsManifest) {
  const auto disk = io::FaultStorage::make();
  const auto hooked = std::make_shared<HookedStorage>(disk);
  OpenOptions options = foreground();
  options.growing_bytes_max = 1;  // every write is sealed at once
  auto database = TestDatabase::open(hooked, options);
  ASSERT_TRUE(database);
  Collection& collection = *database->c;
  for (std::int64_t first : {0, 10}) {
    std::vector<TestRow> rows;
    for (std::int64_t id = first; id < first + 10; ++id) rows.push_back(test_row(id));
    ASSERT_TRUE(upsert(collection, rows));
  }
  ASSERT_EQ(collection.info().sealed_segments, 2);

  int files = 0;
  std::shared_ptr<io::FaultStorage> crashed;
  std::vector<TestRow> expected;
  hooked->on_rows_file = [&] {
    const int file = ++files;
    if (file == 1) {  // of the first merge
      ASSERT_TRUE(erase(collection, {3}));
      ASSERT_TRUE(upsert(collection, {test_row(12, 99)}));  // begins file 2, by its flush
      expected = rows_in(collection);
    } else if (file == 3) {  // of the second merge: the first one is published
      crashed = disk->after_power_loss(0);
    }
  };
  ASSERT_TRUE(collection.compact());
  ASSERT_EQ(files, 3);
  EXPECT_EQ(expected.size(), 19);
  EXPECT_EQ(rows_in(collection), expected);
  const auto later = open_or_die(crashed);
  ASSERT_TRUE(later);
  EXPECT_EQ(rows_in(**later->collection("c")), expected);
}

}  // namespace
}  // namespace simile::db
