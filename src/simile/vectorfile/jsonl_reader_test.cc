#include <gmock/gmock.h>

#include "simile/vectorfile/test_files.h"

namespace simile::vectorfile {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Contents read_jsonl(std::string_view text, const OpenOptions& options = {}) {
  const Folder folder;
  return read_all(folder.file("x.jsonl", text), options);
}

TEST(JsonlReader, ReadsObjects) {
  const Contents all =
      read_jsonl(R"({"id": "a", "vector": [1, 2.5], "n": 3, "ok": true, "tags": ["x", "y"]})"
                 "\n\n"
                 R"({"n": 4.5, "vector": [3, 4], "id": "b", "extra": {"k": [1]}, "tags": []})"
                 "\r\n");
  EXPECT_EQ(all.error, "");
  EXPECT_EQ(all.floats, (std::vector<float>{1, 2.5, 3, 4}));
  EXPECT_THAT(all.columns, ElementsAre("id: a b", "n: 3 4.5", "ok: true null",
                                       "tags: [\"x\",\"y\"] []", "extra: null {\"k\":[1]}"));
}

TEST(JsonlReader, ReadsArraysOfOneTypeAsArrays) {
  const Contents all = read_jsonl(R"({"vector": [1], "a": [1, 2], "b": ["x"], "c": [1, 0.5]})"
                                  "\n"
                                  R"({"vector": [1], "a": [3], "b": ["y", "z"], "c": null})");
  EXPECT_THAT(all.columns, ElementsAre("a: [1,2] [3]", "b: [x] [y,z]", "c: [1,0.5] null"));
}

TEST(JsonlReader, ReadsBareArrays) {
  EXPECT_EQ(read_jsonl("[1, 2]\n[3, 4]").floats, (std::vector<float>{1, 2, 3, 4}));
}

TEST(JsonlReader, TakesTheVectorFromAnotherField) {
  OpenOptions options;
  options.vector_column = "embedding";
  EXPECT_EQ(read_jsonl(R"({"embedding": [1, 2]})", options).rows, 1u);
  EXPECT_THAT(read_jsonl(R"({"embedding": [1, 2]})").error,
              HasSubstr("x.jsonl: line 1: no field 'vector'; choose the vector with --vector"));
}

TEST(JsonlReader, NamesTheLineThatIsWrong) {
  const std::pair<std::string, std::string> cases[] = {
      {"[1, 2]\n[1, 2", "line 2: not JSON"},
      {"[1, 2]\n\n[1, 2, 3]", "line 3: a vector of 3 components, the first has 2"},
      {"[1, 2]\n[1, \"x\"]", "line 2: the vector is not an array of numbers"},
      {"[1, 2]\n[1, 1e39]", "line 2: the vector is not an array of numbers that float32 holds"},
      {"[1, 2]\n[1, null]", "line 2: the vector is not"},
      {"[1, 2]\n7", "line 2: neither an object nor an array"},
      {"{\"vector\": 7}", "line 1: the vector is not"},
      {"[]", "vectors of 0 components"},
      {"\n \n", "holds no vector"},
      {std::string(100'000, '['), "line 1: not JSON"},
  };
  for (const auto& [text, expected] : cases) {
    EXPECT_THAT(read_jsonl(text).error, HasSubstr(expected)) << text.substr(0, 50);
  }
}

TEST(JsonlReader, NeedsTheTypeOfAFieldThatComesLate) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "{\"vector\": [1, 2]}\n";
  text += "{\"vector\": [1, 2], \"late\": 1}\n";
  EXPECT_THAT(read_jsonl(text).error,
              HasSubstr("line 1001: field 'late' is not in the first 1000"));
  OpenOptions options;
  Field late;
  late.name = "late";
  late.nullable = true;
  options.fields = {late};
  const Contents all = read_jsonl(text, options);
  EXPECT_EQ(all.error, "");
  EXPECT_TRUE(all.columns[0].ends_with("null 1"));
}

TEST(JsonlReader, KeepsKeysWhole) {
  const Contents all = read_jsonl(R"({"id": 9007199254740993, "vector": [1]})"
                                  "\n"
                                  R"({"id": -9223372036854775808, "vector": [1]})");
  EXPECT_THAT(all.columns, ElementsAre("id: 9007199254740993 -9223372036854775808"));
  EXPECT_THAT(read_jsonl("{\"id\": 1, \"vector\": [1]}\n{\"vector\": [1]}").error,
              HasSubstr("line 2: 'id' needs int64, not nothing"));
}

}  // namespace
}  // namespace simile::vectorfile
