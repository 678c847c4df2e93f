#include "simile/cli/hit_output.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "simile/vectorfile/id_file.h"
#include "simile/vectorfile/vector_file.h"

namespace simile::cli {
namespace {

using ::testing::HasSubstr;

/// Two queries: the first has keys 5 and 6, the second key 7 only.
SearchResult two_queries() {
  SearchResult result;
  result.offsets = {0, 2, 3};
  result.distances = {0.25f, 0.5f, 0.1f};
  Column keys;
  keys.field = "id";
  const std::int64_t values[] = {5, 6, 7};
  keys.fixed.resize(sizeof values);
  std::memcpy(keys.fixed.data(), values, sizeof values);
  Column labels;
  labels.field = "label";
  labels.type = FieldType::kString;
  labels.strings = {"cat", "a \"b\", c", ""};
  labels.valid = {1, 1, 0};
  result.rows.rows = 3;
  result.rows.columns = {keys, labels};
  return result;
}

class HitOutputTest : public ::testing::Test {
 protected:
  HitOutputTest() { std::filesystem::create_directories(folder_); }
  ~HitOutputTest() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  /// Writes the two queries, k = 2, and returns the error, if any.
  std::string write(const std::string& path, const std::string& distances = "") {
    HitOutputOptions options;
    options.path = path;
    options.distances_path = distances;
    options.k = 2;
    auto output = HitOutput::open(options, console_);
    if (!output) return output.error().message;
    Status status = (*output)->add(two_queries(), 0);
    if (status) status = (*output)->finish();
    return status ? "" : status.error().message;
  }
  static std::string content(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }

  Console console_{ConsoleOptions{}, stdout, stderr};

 private:
  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("simile_hits_" + std::to_string(::getpid()));
};

TEST_F(HitOutputTest, FillsArraysUpToK) {
  EXPECT_EQ(write(path("ids.ivecs"), path("distances.npy")), "");
  auto ids = vectorfile::VectorFile::open(path("ids.ivecs")).value();
  auto distances = vectorfile::VectorFile::open(path("distances.npy")).value();
  vectorfile::Block block;
  ASSERT_TRUE(ids->next(10, block));
  std::vector<float> values(4);
  std::memcpy(values.data(), block.vectors.data(), 16);
  EXPECT_EQ(values, (std::vector<float>{5, 6, 7, -1}));
  ASSERT_TRUE(distances->next(10, block));
  std::memcpy(values.data(), block.vectors.data(), 16);
  EXPECT_EQ(values[2], 0.1f);
  EXPECT_TRUE(std::isnan(values[3]));
}

TEST_F(HitOutputTest, WritesLines) {
  EXPECT_EQ(write(path("hits.jsonl")), "");
  EXPECT_EQ(content(path("hits.jsonl")),
            "{\"query\":0,\"hits\":[{\"id\":5,\"distance\":0.25,\"label\":\"cat\"},"
            "{\"id\":6,\"distance\":0.5,\"label\":\"a \\\"b\\\", c\"}]}\n"
            "{\"query\":1,\"hits\":[{\"id\":7,\"distance\":0.1,\"label\":null}]}\n");
  EXPECT_EQ(write(path("hits.csv")), "");
  EXPECT_EQ(content(path("hits.csv")),
            "query,rank,distance,id,label\n"
            "0,1,0.25,5,cat\n"
            "0,2,0.5,6,\"a \"\"b\"\", c\"\n"
            "1,1,0.1,7,\n");
}

TEST_F(HitOutputTest, RefusesPathsItCannotWrite) {
  EXPECT_THAT(write(path("hits.txt")), HasSubstr(".npy, .ivecs, .jsonl or .csv"));
  EXPECT_THAT(write(path("absent/hits.csv")), HasSubstr("cannot be written"));
  EXPECT_THAT(write(path("hits.csv"), path("d.npy")), HasSubstr("leave --distances out"));
  HitOutputOptions strings;
  strings.path = path("ids.npy");
  strings.integer_keys = false;
  EXPECT_THAT(HitOutput::open(strings, console_).error().message, HasSubstr("keys are strings"));
}

}  // namespace
}  // namespace simile::cli
