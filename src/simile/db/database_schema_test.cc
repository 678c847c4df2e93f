/// Fields that rows need not have, fields that come later, partitions, and changes of single
/// fields.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "simile/db/row_copies.h"
#include "simile/db/test_rows.h"
#include "simile/io/fault_storage.h"

namespace simile::db {
namespace {

using io::FaultStorage;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// A batch that is put together column by column.
class Rows {
 public:
  explicit Rows(std::size_t rows) : given_(none(rows)) {}

  Rows& ids(const std::vector<std::int64_t>& values) {
    return fixed("id", FieldType::kInt64, values);
  }
  Rows& keys(const std::vector<std::string>& values) {
    return texts("id", FieldType::kString, values);
  }
  Rows& features() {
    Column column;
    column.field = "feature";
    column.type = FieldType::kVector;
    column.vector = {ElementType::kFloat32, 4};
    column.fixed.resize(given_.batch().rows * 16);
    given_.add(std::move(column));
    return *this;
  }
  Rows& column(const Column& given) {
    given_.add(given);
    return *this;
  }
  template <class T>
  Rows& fixed(std::string field, FieldType type, const std::vector<T>& values,
              std::vector<std::uint8_t> valid = {}) {
    Column column;
    column.field = std::move(field);
    column.type = type;
    const auto bytes = std::as_bytes(std::span(values));
    column.fixed.assign(bytes.begin(), bytes.end());
    column.valid = std::move(valid);
    given_.add(std::move(column));
    return *this;
  }
  Rows& texts(std::string field, FieldType type, const std::vector<std::string>& values,
              std::vector<std::uint8_t> valid = {}) {
    Column column;
    column.field = std::move(field);
    column.type = type;
    column.strings = values;
    column.valid = std::move(valid);
    given_.add(std::move(column));
    return *this;
  }
  Batch batch(std::string_view partition = "") const {
    Batch batch = given_.batch();
    batch.partition = partition;
    return batch;
  }

 private:
  static Batch none(std::size_t rows) {
    Batch batch;
    batch.rows = rows;
    return batch;
  }
  CompletedRows given_;
};

Field field(std::string_view name, std::string_view text, DefaultValue value = {}) {
  Field made = *parse_field(name, text);
  made.default_value = std::move(value);
  return made;
}

Field dynamic_field() {
  Field made = field("meta", "json nullable");
  made.name = kDynamicField;
  made.dynamic = true;
  return made;
}

/// One row of a vector column, not null.
Column second_of(const Column& column, std::size_t row) {
  Column one = column;
  one.fixed.assign(column.fixed.begin() + static_cast<std::ptrdiff_t>(row * 16),
                   column.fixed.begin() + static_cast<std::ptrdiff_t>(row * 16 + 16));
  one.valid.clear();
  return one;
}

class SchemaTest : public testing::Test {
 protected:
  SchemaTest() { reopen(); }

  void reopen() {
    database_.reset();
    database_ = open_or_die(disk_);
    if (const auto found = database_->collection("c")) c_ = *found;
  }
  void create(std::vector<Field> more, std::string_view key = "int64 primary key") {
    std::vector<Field> fields = {field("id", key), field("feature", "float32[4] l2 flat")};
    for (Field& each : more) fields.push_back(std::move(each));
    const auto schema = Schema::make(std::move(fields));
    ASSERT_TRUE(schema) << schema.error().message;
    c_ = *database_->create_collection("c", *schema);
  }
  static void expect_done(const auto& result) { EXPECT_TRUE(result) << result.error().message; }

  std::vector<std::int64_t> ids(std::string_view where, std::vector<std::string> partitions = {}) {
    const auto table = c_->snapshot()->query(
        QueryRequest{{std::string(where), {}, std::move(partitions)}, {"id"}});
    EXPECT_TRUE(table) << table.error().message;
    if (!table) return {};
    const auto values = table->columns[0].values<std::int64_t>();
    return {values.begin(), values.end()};
  }
  Result<WriteResult> upsert_zero() { return c_->upsert(Rows(1).ids({99}).features().batch()); }
  template <class T>
  std::vector<T> values(const std::string& name) {
    const auto table = c_->snapshot()->query("", {name}, 1000, 0);
    EXPECT_TRUE(table) << table.error().message;
    if (!table) return {};
    const auto found = table->find(name)->values<T>();
    return {found.begin(), found.end()};
  }
  std::vector<std::string> texts(const std::string& name) {
    const auto table = c_->snapshot()->query("", {name}, 1000, 0);
    EXPECT_TRUE(table) << table.error().message;
    return table ? table->find(name)->strings : std::vector<std::string>{};
  }
  /// The same before and after sealing, merging and opening again.
  template <class Check>
  void at_every_stage(Check&& check) {
    check();
    expect_done(c_->flush());
    check();
    reopen();
    check();
    expect_done(c_->compact());
    check();
    EXPECT_THAT(verify_storage(disk_->after_power_loss(0))->damages, IsEmpty());
  }

  std::shared_ptr<FaultStorage> disk_ = FaultStorage::make();
  std::unique_ptr<Database> database_;
  std::shared_ptr<Collection> c_;
};

TEST_F(SchemaTest, DefaultsTakeThePlaceOfNullsAndMissingValues) {
  create({field("count", "int16", std::int64_t{-3}), field("ratio", "float nullable", 0.5),
          field("title", "string", "none"), field("flag", "bool", true)});
  expect_done(c_->insert(Rows(1).ids({1}).features().batch()));
  expect_done(c_->insert(Rows(2)
                             .ids({2, 3})
                             .features()
                             .fixed<std::int16_t>("count", FieldType::kInt16, {7, 8}, {1, 0})
                             .fixed<float>("ratio", FieldType::kFloat, {2, 3}, {0, 1})
                             .texts("title", FieldType::kString, {"x", "y"}, {0, 1})
                             .batch()));
  at_every_stage([&] {
    EXPECT_THAT(values<std::int16_t>("count"), ElementsAre(-3, 7, -3));
    EXPECT_THAT(values<float>("ratio"), ElementsAre(0.5F, 0.5F, 3.F));
    EXPECT_THAT(texts("title"), ElementsAre("none", "none", "y"));
    EXPECT_THAT(ids("ratio is null"), IsEmpty());
    EXPECT_THAT(ids("flag and count < 0"), ElementsAre(1, 3));
  });
}

TEST_F(SchemaTest, DefaultsMustFitTheirField) {
  const auto refused = [](Field bad) {
    return !Schema::make({field("id", "int64 primary key"), field("v", "float32[4] l2"), bad});
  };
  EXPECT_FALSE(refused(field("f", "int8", std::int64_t{127})));
  EXPECT_TRUE(refused(field("f", "int8", std::int64_t{128})));
  EXPECT_TRUE(refused(field("f", "int8", 1.0)));
  EXPECT_TRUE(refused(field("f", "float", 1e300)));
  EXPECT_TRUE(refused(field("f", "string", "\xff")));
  EXPECT_TRUE(refused(field("f", "json", "{")));
  EXPECT_TRUE(refused(field("f", "array<int8>", std::int64_t{1})));
  Field length = field("f", "string", "abc");
  length.max_length = 2;
  EXPECT_TRUE(refused(length));
}

TEST_F(SchemaTest, LimitsOfTextsAndArraysAreKept) {
  Field title = field("title", "string");
  title.max_length = 3;
  create({title});
  expect_done(
      c_->insert(Rows(1).ids({1}).features().texts("title", FieldType::kString, {"abc"}).batch()));
  const auto long_text =
      c_->insert(Rows(1).ids({2}).features().texts("title", FieldType::kString, {"abcd"}).batch());
  EXPECT_THAT(long_text.error().message, HasSubstr("more than 3"));
}

TEST_F(SchemaTest, DynamicFieldAnswersForNamesThatAreNone) {
  create({dynamic_field()});
  const std::vector<std::string> objects = {R"({"color": "red", "size": 3})", R"({"size": 5})",
                                            "{}"};
  expect_done(c_->insert(
      Rows(3).ids({1, 2, 3}).features().texts("$meta", FieldType::kJson, objects).batch()));
  const auto bad =
      c_->insert(Rows(1).ids({4}).features().texts("$meta", FieldType::kJson, {"[1]"}).batch());
  EXPECT_THAT(bad.error().message, HasSubstr("no JSON object"));
  at_every_stage([&] {
    EXPECT_THAT(ids("color == 'red'"), ElementsAre(1));
    EXPECT_THAT(ids("$meta['size'] > 3"), ElementsAre(2));
    EXPECT_THAT(ids("exists size"), ElementsAre(1, 2));
    EXPECT_THAT(texts("$meta"), ElementsAre(objects[0], objects[1], objects[2]));
  });
}

TEST_F(SchemaTest, TextKeysAreGivenOut) {
  create({}, "string primary key auto");
  EXPECT_THAT(c_->insert(Rows(2).features().batch())->ids, ElementsAre(1, 2));
  at_every_stage([&] { EXPECT_THAT(texts("id"), ElementsAre("1", "2")); });
  EXPECT_THAT(c_->insert(Rows(1).features().batch())->ids, ElementsAre(3));
}

TEST_F(SchemaTest, AddedFieldsHoldTheirDefaultInOlderRows) {
  create({});
  expect_done(c_->insert(Rows(2).ids({1, 2}).features().batch()));
  expect_done(c_->flush());
  expect_done(c_->insert(Rows(2).ids({3, 4}).features().batch()));
  expect_done(erase(*c_, {1, 4}));
  const auto before = c_->snapshot();
  expect_done(c_->add_field(field("count", "int32", std::int64_t{9})));
  expect_done(c_->add_field(field("title", "string nullable")));
  EXPECT_EQ(before->query("", {}, 10, 0)->columns.size(), 2);
  expect_done(c_->insert(Rows(1)
                             .ids({5})
                             .features()
                             .fixed<std::int32_t>("count", FieldType::kInt32, {1})
                             .texts("title", FieldType::kString, {"x"})
                             .batch()));
  expect_done(c_->insert(Rows(1).ids({6}).features().batch()));
  at_every_stage([&] {
    EXPECT_THAT(ids(""), ElementsAre(2, 3, 5, 6));
    EXPECT_THAT(values<std::int32_t>("count"), ElementsAre(9, 9, 1, 9));
    EXPECT_THAT(ids("title is null and count == 9"), ElementsAre(2, 3, 6));
  });
  EXPECT_FALSE(c_->add_field(field("count", "int32 nullable"))) << "there already";
  EXPECT_FALSE(c_->add_field(field("size", "int32"))) << "older rows have no value";
}

TEST_F(SchemaTest, MetricsCanBeChanged) {
  create({});
  const std::vector<TestRow> rows = {{1, {1, 0, 0, 0}, "", 0}, {2, {9, 9, 0, 0}, "", 0}};
  std::vector<float> features;
  for (const TestRow& row : rows) features.insert(features.end(), row.feature, row.feature + 4);
  Rows given(2);
  Batch batch = given.ids({1, 2}).features().batch();
  batch.columns[1].fixed = std::as_bytes(std::span(features));
  expect_done(c_->insert(batch));
  expect_done(c_->flush());
  const std::vector<float> query = {2, 2, 0, 0};
  EXPECT_THAT(nearest(*c_->snapshot(), query, 1), ElementsAre(1));
  expect_done(c_->change_vector_index("feature", Metric::kCosine, IndexKind::kGraph));
  at_every_stage([&] { EXPECT_THAT(nearest(*c_->snapshot(), query, 1), ElementsAre(2)); });
  expect_done(c_->change_vector_index("feature", Metric::kL2, IndexKind::kFlat));
  expect_done(upsert_zero());
  expect_done(c_->change_vector_index("feature", Metric::kCosine, IndexKind::kFlat));
  at_every_stage([&] { EXPECT_THAT(nearest(*c_->snapshot(), query, 1), ElementsAre(2)); });
  EXPECT_FALSE(c_->change_vector_index("feature", Metric::kHamming, IndexKind::kFlat));
}

TEST_F(SchemaTest, UpdatesKeepWhatTheyDoNotName) {
  create({field("count", "int32"), field("title", "string nullable"), dynamic_field()});
  expect_done(c_->insert(Rows(2)
                             .ids({1, 2})
                             .features()
                             .fixed<std::int32_t>("count", FieldType::kInt32, {10, 20})
                             .texts("title", FieldType::kString, {"a", "b"})
                             .texts("$meta", FieldType::kJson, {R"({"x":1,"y":2})", "{}"})
                             .batch()));
  expect_done(
      c_->update(Rows(1).ids({1}).fixed<std::int32_t>("count", FieldType::kInt32, {11}).batch()));
  expect_done(
      c_->update(Rows(1).ids({1}).texts("$meta", FieldType::kJson, {R"({"y":3})"}).batch()));
  at_every_stage([&] {
    EXPECT_THAT(ids("count == 11 and title == 'a' and x == 1 and y == 3"), ElementsAre(1));
    EXPECT_THAT(ids("count == 20 and title == 'b'"), ElementsAre(2));
  });
  const auto absent = c_->update(
      Rows(2).ids({2, 7}).fixed<std::int32_t>("count", FieldType::kInt32, {1, 2}).batch());
  EXPECT_EQ(absent.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(absent.error().message, HasSubstr("key 7"));
  expect_done(c_->update(Rows(2)
                             .ids({2, 7})
                             .features()
                             .fixed<std::int32_t>("count", FieldType::kInt32, {1, 2})
                             .batch()));
  EXPECT_THAT(ids("title is null"), ElementsAre(7));
  EXPECT_THAT(ids("count == 1 and title == 'b'"), ElementsAre(2));
}

TEST_F(SchemaTest, PartitionsDivideTheRows) {
  create({});
  expect_done(c_->insert(Rows(2).ids({1, 2}).features().batch()));
  expect_done(c_->flush());
  expect_done(c_->create_partition("red"));
  expect_done(c_->create_partition("blue"));
  EXPECT_EQ(c_->create_partition("red").error().code, ErrorCode::kAlreadyExists);
  expect_done(c_->insert(Rows(2).ids({3, 4}).features().batch("red")));
  expect_done(c_->insert(Rows(1).ids({5}).features().batch("blue")));
  EXPECT_EQ(c_->insert(Rows(1).ids({6}).features().batch("green")).error().code,
            ErrorCode::kNotFound);
  at_every_stage([&] {
    EXPECT_THAT(c_->partitions(), ElementsAre("_default", "red", "blue"));
    EXPECT_THAT(ids(""), ElementsAre(1, 2, 3, 4, 5));
    EXPECT_THAT(ids("", {"_default"}), ElementsAre(1, 2));
    EXPECT_THAT(ids("id != 3", {"red", "blue"}), ElementsAre(4, 5));
    EXPECT_THAT(ids("id in [1, 4, 5]", {"red"}), ElementsAre(4));
    EXPECT_EQ(c_->snapshot()->query("", {}, 10, 0)->columns.size(), 2) << "the number is inside";
  });
  expect_done(c_->erase_where(RowFilter{"", {}, {"blue"}}));
  EXPECT_THAT(ids(""), ElementsAre(1, 2, 3, 4));
  expect_done(c_->drop_partition("red"));
  EXPECT_THAT(ids(""), ElementsAre(1, 2));
  EXPECT_EQ(c_->snapshot()->count(RowFilter{"", {}, {"red"}}).error().code, ErrorCode::kNotFound);
  EXPECT_FALSE(c_->drop_partition("_default"));
  expect_done(c_->create_partition("red"));
  EXPECT_THAT(ids("", {"red"}), IsEmpty());
}

TEST_F(SchemaTest, DroppingAPartitionIsDoneOrNotWhereverPowerIsCut) {
  const auto run = [](const std::shared_ptr<FaultStorage>& disk) {
    auto database = open_database(disk, foreground());
    if (!database) return;
    const auto c = (*database)->create_collection("c", test_schema());
    if (!c || !(*c)->create_partition("red")) return;
    const TestBatch rows({test_row(1), test_row(2)});
    Batch batch = rows.batch();
    batch.partition = "red";
    if (!(*c)->insert(batch) || !upsert(**c, {test_row(3)})) return;
    static_cast<void>((*c)->drop_partition("red"));
  };
  const auto whole = FaultStorage::make();
  run(whole);
  for (std::uint64_t step = 1; step <= whole->steps(); ++step) {
    SCOPED_TRACE(step);
    const auto disk = FaultStorage::make();
    disk->cut_power_at(step);
    run(disk);
    const auto database = open_or_die(disk->after_power_loss(step));
    const auto c = database->collection("c");
    if (!c || (*c)->partitions().size() == 2) continue;
    for (const std::int64_t id : ids_in(**c)) EXPECT_EQ(id, 3);
  }
}

TEST_F(SchemaTest, NullVectorsAreKeptAndFoundByNoSearch) {
  create({field("second", "float32[4] cosine nullable")});
  const std::vector<float> vectors = {1, 2, 3, 4, 0, 0, 0, 0, 5, 6, 7, 8};
  Column second;
  second.field = "second";
  second.type = FieldType::kVector;
  second.vector = {ElementType::kFloat32, 4};
  second.fixed.resize(48);
  std::memcpy(second.fixed.data(), vectors.data(), 48);
  second.valid = {1, 0, 1};
  Rows rows(3);
  expect_done(c_->insert(rows.ids({1, 2, 3}).features().column(second).batch()));
  expect_done(c_->insert(Rows(1).ids({4}).features().batch()));
  at_every_stage([&] {
    const auto table = c_->snapshot()->query("", {"second"}, 10, 0);
    ASSERT_TRUE(table);
    const Column& found = *table->find("second");
    EXPECT_THAT(found.valid, ElementsAre(1, 0, 1, 0));
    EXPECT_EQ(found.values<float>()[11], 8);
    SearchRequest request;
    request.field = "second";
    request.queries = MatrixView(vectors.data(), 1, {ElementType::kFloat32, 4});
    const auto hits = c_->snapshot()->search(request);
    ASSERT_TRUE(hits) << hits.error().message;
    EXPECT_THAT(hits->rows.columns[0].values<std::int64_t>(), ElementsAre(1, 3));
  });
  expect_done(c_->add_field(field("count", "int32", std::int64_t{9})));
  expect_done(c_->update(Rows(1).ids({2}).column(second_of(second, 2)).batch()));
  EXPECT_THAT(c_->snapshot()->query("", {"second"}, 10, 0)->find("second")->valid,
              ElementsAre(1, 1, 0, 1));
}

TEST_F(SchemaTest, QueriesCanBeInTheOrderOfKeys) {
  create({});
  for (const std::int64_t first : {50, 10, 90, 30}) {
    expect_done(c_->insert(Rows(3).ids({first + 2, first, first + 1}).features().batch()));
    expect_done(c_->flush());
  }
  QueryRequest request;
  request.by_key = true;
  request.limit = 4;
  request.offset = 1;
  request.filter.where = "id > {low}";
  request.filter.values["low"] = {std::int64_t{10}};
  const auto table = c_->snapshot()->query(request);
  ASSERT_TRUE(table) << table.error().message;
  EXPECT_THAT(table->columns[0].values<std::int64_t>(), ElementsAre(12, 30, 31, 32));
}

}  // namespace
}  // namespace simile::db
