/// Search and fetch over every type of key, vector and column, through growing and sealed segments.

#include "simile/db/search_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "simile/base/random.h"
#include "simile/db/test_rows.h"
#include "simile/kernels/distance.h"

namespace simile::db {
namespace {

using testing::ElementsAre;

/// Rows come in three parts: one sealed, one sealed with deleted rows, one growing.
class WideTest : public testing::Test {
 protected:
  WideTest() {
    const Schema schema = *Schema::make(
        {*parse_field("name", "string primary key"), *parse_field("half", "float16[4] cosine flat"),
         *parse_field("bits", "bit[16] hamming flat"), *parse_field("ok", "bool nullable"),
         *parse_field("tags", "array<string>"), *parse_field("sizes", "array<int16> nullable"),
         *parse_field("meta", "json nullable"), *parse_field("score", "double")});
    collection_ = *database_->create_collection("c", schema);
    write(0, 10);
    EXPECT_TRUE(collection_->flush());
    write(10, 20);
    write(100, 105);
    const std::vector<std::string_view> gone = {"n100", "n101", "n102", "n103", "n104", "n3"};
    EXPECT_TRUE(collection_->erase(std::span<const std::string_view>(gone)));
    EXPECT_TRUE(collection_->flush());
    write(20, 30);
  }

  /// Row i: name ni, half (i, 1, 0, 0), bits i, every third ok null, i % 3 tags, and so on.
  void write(int first, int last) {
    std::vector<std::string> names;
    std::vector<float> half;
    std::vector<std::uint16_t> bits;
    std::vector<std::uint8_t> ok;
    std::vector<std::uint8_t> valid;
    std::vector<std::string_view> tags;
    std::vector<std::uint64_t> tag_offsets = {0};
    std::vector<std::int16_t> sizes;
    std::vector<std::uint64_t> size_offsets = {0};
    std::vector<std::string_view> meta;
    std::vector<double> score;
    for (int i = first; i < last; ++i) {
      names.push_back("n" + std::to_string(i));
      half.insert(half.end(), {static_cast<float>(i), 1, 0, 0});
      bits.push_back(static_cast<std::uint16_t>(i));
      ok.push_back(static_cast<std::uint8_t>(i % 2));
      valid.push_back(i % 3 != 0);
      tags.insert(tags.end(), static_cast<std::size_t>(i % 3), "tag");
      tag_offsets.push_back(tags.size());
      if (i % 3 != 0) sizes.insert(sizes.end(), 2, static_cast<std::int16_t>(-i));
      size_offsets.push_back(sizes.size());
      meta.push_back(i % 3 != 0 ? "{\"a\": [1]}" : "");
      score.push_back(i / 2.0);
    }
    const std::vector<std::string_view> name_views(names.begin(), names.end());
    std::vector<std::byte> packed(half.size() * 2);
    kernels::from_float32(ElementType::kFloat16, half.data(), half.size(), packed.data());
    Batch batch;
    batch.rows = names.size();
    const auto add = [&](std::string_view name) -> ColumnView& {
      ColumnView& column = batch.columns.emplace_back();
      const Field* field = collection_->schema().find(name);
      column.field = name;
      column.type = field->type;
      column.element_type = field->element_type;
      column.vector = field->vector;
      return column;
    };
    add("name").strings = name_views;
    add("half").fixed = packed;
    add("bits").fixed = std::as_bytes(std::span(bits));
    ColumnView& ok_column = add("ok");
    ok_column.fixed = std::as_bytes(std::span(ok));
    ok_column.valid = valid;
    ColumnView& tags_column = add("tags");
    tags_column.strings = tags;
    tags_column.offsets = tag_offsets;
    ColumnView& sizes_column = add("sizes");
    sizes_column.fixed = std::as_bytes(std::span(sizes));
    sizes_column.offsets = size_offsets;
    sizes_column.valid = valid;
    ColumnView& meta_column = add("meta");
    meta_column.strings = meta;
    meta_column.valid = valid;
    add("score").fixed = std::as_bytes(std::span(score));
    const auto written = collection_->insert(batch);
    EXPECT_TRUE(written) << written.error().message;
  }

  /// Every field of the row as write() made it.
  static void expect_row(const Table& table, std::size_t row, int i) {
    const auto n = static_cast<std::size_t>(i);
    EXPECT_EQ(table.find("name")->strings[row], "n" + std::to_string(i));
    EXPECT_EQ(table.find("bits")->values<std::uint16_t>()[row], i);
    EXPECT_EQ(table.find("score")->values<double>()[row], i / 2.0);
    for (const char* name : {"ok", "sizes", "meta"}) {
      EXPECT_EQ(table.find(name)->is_null(row), i % 3 == 0) << name << i;
    }
    const Column& tags = *table.find("tags");
    EXPECT_EQ(tags.offsets[row + 1] - tags.offsets[row], n % 3);
    const Column& sizes = *table.find("sizes");
    ASSERT_EQ(sizes.offsets[row + 1] - sizes.offsets[row], i % 3 == 0 ? 0 : 2);
    if (i % 3 == 0) return;
    EXPECT_EQ(sizes.values<std::int16_t>()[sizes.offsets[row] + 1], -i);
    EXPECT_EQ(tags.strings[tags.offsets[row]], "tag");
    EXPECT_EQ(table.find("meta")->strings[row], "{\"a\": [1]}");
    EXPECT_EQ(table.find("ok")->fixed[row], static_cast<std::byte>(i % 2));
  }

  std::unique_ptr<Database> database_ = open_or_die(io::make_memory_storage());
  std::shared_ptr<Collection> collection_;
};

TEST_F(WideTest, EveryTypeComesBackFromEverySegmentInAnyOrder) {
  const std::vector<std::string_view> keys = {"n29", "n3", "n0", "n15", "nobody", "n7", "n20"};
  const auto table = collection_->snapshot()->get(std::span<const std::string_view>(keys), {});
  ASSERT_TRUE(table) << table.error().message;
  ASSERT_EQ(table->rows, 5);
  const int expected[] = {29, 0, 15, 7, 20};
  for (std::size_t row = 0; row < 5; ++row) expect_row(*table, row, expected[row]);
}

TEST_F(WideTest, SearchesTheNamedFieldWithItsMetric) {
  const std::uint16_t bits = 0b11111;
  SearchRequest request;
  request.field = "bits";
  request.queries = MatrixView(&bits, 1, {ElementType::kBit, 16});
  request.k = 4;
  request.fields = {"score", "score"};
  const auto hits = collection_->snapshot()->search(request);
  ASSERT_TRUE(hits) << hits.error().message;
  // 15 = 01111, 23, 27, 29 differ by one; ties by insertion.
  EXPECT_THAT(hits->distances, ElementsAre(1, 1, 1, 1));
  EXPECT_THAT(hits->rows.columns[0].strings, ElementsAre("n15", "n23", "n27", "n29"));
  EXPECT_EQ(hits->rows.columns.size(), 2);
  EXPECT_THAT(hits->offsets, ElementsAre(0, 4));
  request.field.clear();
  EXPECT_FALSE(collection_->snapshot()->search(request)) << "two vector fields, none named";
}

TEST_F(WideTest, FloatFieldsTakeQueriesOfEveryFloatType) {
  const float query[] = {2.9F, 1, 0, 0};
  std::byte half[8];
  kernels::from_float32(ElementType::kFloat16, query, 4, half);
  SearchRequest request;
  request.field = "half";
  request.k = 2;
  for (const bool as_half : {false, true}) {
    request.queries = as_half ? MatrixView(half, 1, {ElementType::kFloat16, 4})
                              : MatrixView(query, 1, {ElementType::kFloat32, 4});
    const auto hits = collection_->snapshot()->search(request);
    ASSERT_TRUE(hits) << hits.error().message;
    // n3 is deleted; by angle, 4 is nearer to 2.9 than 2 is.
    EXPECT_THAT(hits->rows.columns[0].strings, ElementsAre("n4", "n2"));
  }
}

TEST_F(WideTest, LimitAndOffsetCutTheOrderOfInsertion) {
  const auto snapshot = collection_->snapshot();
  for (const std::uint64_t limit : {0ul, 1ul, 7ul, 100ul}) {
    for (const std::uint64_t offset : {0ul, 1ul, 8ul, 28ul, 29ul, 100ul}) {
      const auto table = snapshot->query("score < 100", {"bits"}, limit, offset);
      ASSERT_TRUE(table);
      std::vector<int> expected;
      for (int i = 0; i < 30; ++i) {
        if (i != 3) expected.push_back(i);
      }
      expected.erase(expected.begin(), expected.begin() + static_cast<std::ptrdiff_t>(
                                                              std::min<std::uint64_t>(offset, 29)));
      expected.resize(std::min<std::uint64_t>(limit, expected.size()));
      ASSERT_EQ(table->rows, expected.size());
      for (std::size_t row = 0; row < table->rows; ++row) {
        EXPECT_EQ(table->find("bits")->values<std::uint16_t>()[row], expected[row]);
      }
    }
  }
}

TEST(SearchView, ResultsDoNotDependOnThreadsOrOnTheNumberOfQueries) {
  const auto database = open_or_die(io::make_memory_storage());
  const auto collection = *database->create_collection("c", test_schema(IndexKind::kFlat));
  Random random(4);
  for (int part = 0; part < 3; ++part) {
    std::vector<TestRow> rows;
    for (std::int64_t id = 0; id < 2500; ++id) {
      const auto x = [&] { return static_cast<float>(random.below(30)); };
      rows.push_back({part * 10'000 + id, {x(), x(), x(), x()}, "", 1});
    }
    ASSERT_TRUE(upsert(*collection, rows));
    if (part < 2) {
      ASSERT_TRUE(collection->flush());
    }
  }
  std::vector<float> queries;
  for (int i = 0; i < 40 * 4; ++i) queries.push_back(static_cast<float>(random.below(30)));
  SearchRequest request;
  request.k = 25;
  request.threads = 1;
  const auto search = [&](std::size_t first, std::size_t count) {
    request.queries = MatrixView(queries.data() + first * 4, count, {ElementType::kFloat32, 4});
    return *collection->snapshot()->search(request);
  };
  const SearchResult all = search(0, 40);
  const auto ids = all.rows.columns[0].values<std::int64_t>();
  ASSERT_EQ(ids.size(), 40 * 25);
  request.threads = 3;
  EXPECT_EQ(search(0, 40).distances, all.distances);
  for (std::size_t query = 0; query < 40; ++query) {
    const SearchResult one = search(query, 1);
    const auto own = one.rows.columns[0].values<std::int64_t>();
    EXPECT_TRUE(std::ranges::equal(own, ids.subspan(query * 25, 25))) << query;
  }
}

TEST(AutomaticKeys, RiseAcrossFlushesCrashesAndReopening) {
  const auto storage = io::make_memory_storage();
  auto database = open_or_die(storage);
  const Schema schema = *Schema::make(
      {*parse_field("id", "int64 primary key auto"), *parse_field("v", "int8[2] l2")});
  auto collection = *database->create_collection("c", schema);
  const std::vector<std::int8_t> vectors = {1, 2, 3, 4};
  std::int64_t last = 0;
  const auto insert_two = [&] {
    Batch batch;
    batch.rows = 2;
    ColumnView& column = batch.columns.emplace_back();
    column.field = "v";
    column.type = FieldType::kVector;
    column.vector = {ElementType::kInt8, 2};
    column.fixed = std::as_bytes(std::span(vectors));
    const auto written = collection->insert(batch);
    ASSERT_TRUE(written) << written.error().message;
    ASSERT_EQ(written->ids.size(), 2);
    EXPECT_GT(written->ids[0], last);
    EXPECT_EQ(written->ids[1], written->ids[0] + 1);
    last = written->ids[1];
  };
  for (int round = 0; round < 4; ++round) {
    insert_two();
    if (round % 2 == 1) {
      ASSERT_TRUE(collection->flush());
      ASSERT_TRUE(collection->erase_where(""));
    }
    database.reset();
    database = open_or_die(storage);
    collection = *database->collection("c");
    insert_two();
  }
}

TEST(BackgroundWork, SealsMergesAndIndexesByItself) {
  OpenOptions options;
  options.threads = 1;
  options.growing_bytes_max = 100'000;
  const auto database = open_or_die(io::make_memory_storage(), options);
  const auto collection = *database->create_collection("c", test_schema());
  Random random(9);
  for (std::int64_t id = 0; id < 12'000; id += 500) {
    std::vector<TestRow> rows;
    for (std::int64_t i = 0; i < 500; ++i) {
      rows.push_back(test_row(id + i, static_cast<float>(random.uniform())));
    }
    ASSERT_TRUE(upsert(*collection, rows));
  }
  ASSERT_TRUE(database->close());
  const CollectionInfo info = collection->info();
  EXPECT_EQ(info.rows, 12'000);
  EXPECT_GE(info.sealed_segments, 1);
  EXPECT_LT(info.sealed_segments, 20);
  EXPECT_LT(info.growing_rows, 6'000);
}

}  // namespace
}  // namespace simile::db
