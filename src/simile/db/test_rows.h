#pragma once
/// For tests: rows of a small schema that can be written, and read back to be compared.

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "simile/database.h"
#include "simile/db/open_database.h"

namespace simile::db {

/// id (int64 primary key), feature (float32[4] l2), label (string), weight (int32, nullable).
inline Schema test_schema(IndexKind kind = IndexKind::kGraph) {
  std::vector<Field> fields = {
      *parse_field("id", "int64 primary key"), *parse_field("feature", "float32[4] l2"),
      *parse_field("label", "string"), *parse_field("weight", "int32 nullable")};
  fields[1].index = kind;
  return *Schema::make(fields);
}

struct TestRow {
  std::int64_t id = 0;
  float feature[4] = {0, 0, 0, 0};
  std::string label;
  std::int32_t weight = 0;  // negative: null

  friend bool operator==(const TestRow&, const TestRow&) = default;
};

inline TestRow test_row(std::int64_t id, float first = 0, std::string label = "") {
  return {id, {first, 0, 0, 1}, std::move(label), static_cast<std::int32_t>(id % 100)};
}

/// Rows in the form that the interface takes; must stay where it is while batch() is in use.
class TestBatch {
 public:
  explicit TestBatch(const std::vector<TestRow>& rows) {
    for (const TestRow& row : rows) {
      ids_.push_back(row.id);
      features_.insert(features_.end(), row.feature, row.feature + 4);
      labels_.push_back(row.label);
      weights_.push_back(row.weight < 0 ? 0 : row.weight);
      valid_.push_back(row.weight < 0 ? 0 : 1);
    }
    label_views_.assign(labels_.begin(), labels_.end());
  }
  TestBatch(const TestBatch&) = delete;
  TestBatch& operator=(const TestBatch&) = delete;

  Batch batch() const {
    Batch batch;
    batch.rows = ids_.size();
    batch.columns.resize(4);
    batch.columns[0].field = "id";
    batch.columns[0].fixed = std::as_bytes(std::span(ids_));
    batch.columns[1].field = "feature";
    batch.columns[1].type = FieldType::kVector;
    batch.columns[1].vector = {ElementType::kFloat32, 4};
    batch.columns[1].fixed = std::as_bytes(std::span(features_));
    batch.columns[2].field = "label";
    batch.columns[2].type = FieldType::kString;
    batch.columns[2].strings = label_views_;
    batch.columns[3].field = "weight";
    batch.columns[3].type = FieldType::kInt32;
    batch.columns[3].fixed = std::as_bytes(std::span(weights_));
    batch.columns[3].valid = valid_;
    return batch;
  }

 private:
  std::vector<std::int64_t> ids_;
  std::vector<float> features_;
  std::vector<std::string> labels_;
  std::vector<std::string_view> label_views_;
  std::vector<std::int32_t> weights_;
  std::vector<std::uint8_t> valid_;
};

inline Status upsert(Collection& collection, const std::vector<TestRow>& rows) {
  const TestBatch batch(rows);
  const auto result = collection.upsert(batch.batch());
  return result ? Status{} : std::unexpected(result.error());
}
inline Status insert(Collection& collection, const std::vector<TestRow>& rows) {
  const TestBatch batch(rows);
  const auto result = collection.insert(batch.batch());
  return result ? Status{} : std::unexpected(result.error());
}
inline Status erase(Collection& collection, const std::vector<std::int64_t>& ids) {
  const auto result = collection.erase(std::span<const std::int64_t>(ids));
  return result ? Status{} : std::unexpected(result.error());
}

inline std::vector<TestRow> rows_of(const Table& table) {
  std::vector<TestRow> rows(table.rows);
  const Column* feature = table.find("feature");
  const Column* label = table.find("label");
  const Column* weight = table.find("weight");
  for (std::size_t i = 0; i < table.rows; ++i) {
    rows[i].id = table.find("id")->values<std::int64_t>()[i];
    std::copy_n(feature->values<float>().begin() + static_cast<std::ptrdiff_t>(i * 4), 4,
                rows[i].feature);
    rows[i].label = label->strings[i];
    rows[i].weight = weight->is_null(i) ? -1 : weight->values<std::int32_t>()[i];
  }
  return rows;
}

/// All rows that match, in the order of insertion.
inline std::vector<TestRow> rows_in(const Snapshot& snapshot, std::string_view where = "") {
  const auto table = snapshot.query(where, {}, ~std::uint64_t{0}, 0);
  EXPECT_TRUE(table.has_value()) << table.error().message;
  return table ? rows_of(*table) : std::vector<TestRow>{};
}
inline std::vector<TestRow> rows_in(const Collection& collection, std::string_view where = "") {
  return rows_in(*collection.snapshot(), where);
}
inline std::vector<std::int64_t> ids_in(const Collection& collection, std::string_view where = "") {
  std::vector<std::int64_t> ids;
  for (const TestRow& row : rows_in(collection, where)) ids.push_back(row.id);
  return ids;
}

/// Ids of the k nearest.
inline std::vector<std::int64_t> nearest(const Snapshot& snapshot, const std::vector<float>& query,
                                         std::uint32_t k, const std::string& where = "",
                                         bool exact = false) {
  SearchRequest request;
  request.queries = MatrixView(query.data(), 1, {ElementType::kFloat32, 4});
  request.k = k;
  request.where = where;
  request.exact = exact;
  const auto result = snapshot.search(request);
  EXPECT_TRUE(result.has_value()) << result.error().message;
  if (!result) return {};
  const auto ids = result->rows.columns[0].values<std::int64_t>();
  return {ids.begin(), ids.end()};
}

/// Options of tests: nothing happens by itself.
inline OpenOptions foreground() {
  OpenOptions options;
  options.background = false;
  options.threads = 1;
  return options;
}

inline std::unique_ptr<Database> open_or_die(const std::shared_ptr<io::Storage>& storage,
                                             const OpenOptions& options = foreground()) {
  auto database = open_database(storage, options);
  EXPECT_TRUE(database.has_value()) << database.error().message;
  return database ? *std::move(database) : nullptr;
}

}  // namespace simile::db
