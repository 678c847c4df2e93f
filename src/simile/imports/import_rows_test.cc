#include "simile/imports/import_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace simile::imports {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class RowReaderTest : public ::testing::Test {
 protected:
  RowReaderTest() { std::filesystem::create_directories(folder_); }
  ~RowReaderTest() override { std::filesystem::remove_all(folder_); }

  std::string file(const std::string& name, const std::string& content) const {
    std::ofstream((folder_ / name).string()) << content;
    return (folder_ / name).string();
  }
  std::unique_ptr<vectorfile::VectorFile> vectors(const std::string& content) const {
    return vectorfile::VectorFile::open(file("x.csv", content)).value();
  }
  static Schema schema(const std::string& key) {
    return Schema::make({parse_field("key", key).value(),
                         parse_field("vector", "float32[2] l2").value(),
                         parse_field("label", "string nullable").value()})
        .value();
  }
  static std::vector<std::int64_t> integers(const ColumnView& column) {
    const auto* values = reinterpret_cast<const std::int64_t*>(column.fixed.data());
    return {values, values + column.fixed.size() / sizeof(std::int64_t)};
  }

 private:
  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("simile_rows_" + std::to_string(::getpid()));
};

TEST_F(RowReaderTest, NumbersRowsThatHaveNoKeys) {
  const auto file = vectors("label,v0,v1\na,1,2\nb,3,4\nc,5,6\n");
  const Schema target = schema("int64 primary key");
  RowReader reader(*file, nullptr, target, {"", "id", 100});
  ASSERT_TRUE(reader.skip(1, 10));
  const Batch batch = reader.next(10).value();
  EXPECT_EQ(batch.rows, 2u);
  ASSERT_EQ(batch.columns.size(), 3u);
  EXPECT_EQ(batch.columns[0].field, "key");
  EXPECT_THAT(integers(batch.columns[0]), ElementsAre(101, 102));
  EXPECT_EQ(batch.columns[1].field, "vector");
  EXPECT_EQ(batch.columns[1].fixed.size(), 16u);
  EXPECT_THAT(batch.columns[2].strings, ElementsAre("b", "c"));
  EXPECT_EQ(reader.next(10)->rows, 0u);
}

TEST_F(RowReaderTest, TakesKeysFromAColumn) {
  const auto file = vectors("id,v0,v1\nx,1,2\ny,3,4\n");
  const Schema target = schema("string primary key");
  RowReader reader(*file, nullptr, target, {"", "id", 0});
  const Batch batch = reader.next(10).value();
  ASSERT_EQ(batch.columns.size(), 2u);
  EXPECT_THAT(batch.columns[0].strings, ElementsAre("x", "y"));
}

TEST_F(RowReaderTest, TakesKeysFromAFileRatherThanFromAColumn) {
  const auto rows = vectors("id,v0,v1\n1,1,2\n2,3,4\n");
  const auto ids = vectorfile::IdFile::open(file("ids.txt", "7\n8\n"), std::nullopt).value();
  const Schema target = schema("int64 primary key");
  RowReader reader(*rows, ids.get(), target, {"", "id", 0});
  EXPECT_THAT(integers(reader.next(1)->columns[0]), ElementsAre(7));
  const Batch second = reader.next(1).value();
  EXPECT_THAT(integers(second.columns[0]), ElementsAre(8));
  EXPECT_EQ(second.columns.size(), 2u);
}

TEST_F(RowReaderTest, RefusesFewerKeysThanRows) {
  const auto rows = vectors("v0,v1\n1,2\n3,4\n");
  const auto ids = vectorfile::IdFile::open(file("ids.txt", "7\n"), std::nullopt).value();
  const Schema target = schema("int64 primary key");
  RowReader reader(*rows, ids.get(), target, {"", "id", 0});
  EXPECT_THAT(reader.next(10).error().message, HasSubstr("ids.txt: holds 1 keys"));
}

TEST_F(RowReaderTest, RefusesKeysOfAnotherType) {
  const auto rows = vectors("id,v0,v1\n1,1,2\n");
  const Schema target = schema("string primary key");
  RowReader reader(*rows, nullptr, target, {"", "id", 0});
  EXPECT_THAT(reader.next(10).error().message,
              HasSubstr("keys are int64, key 'key' of the collection is string"));
}

TEST_F(RowReaderTest, SendsNoKeysWhereTheyAreGivenOut) {
  const auto rows = vectors("v0,v1\n1,2\n");
  const Schema target = schema("int64 primary key auto");
  RowReader reader(*rows, nullptr, target, {"", "id", 0});
  EXPECT_EQ(reader.next(10)->columns.size(), 1u);
}

TEST(DefaultBatchRows, IsAboutFourMebibytes) {
  EXPECT_EQ(default_batch_rows({ElementType::kFloat32, 1024}), 1024u);
  EXPECT_EQ(default_batch_rows({ElementType::kFloat32, 2}), 10'000u);
  EXPECT_EQ(default_batch_rows({ElementType::kFloat32, 65'536}), 100u);
}

}  // namespace
}  // namespace simile::imports
