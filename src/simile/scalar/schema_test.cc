#include "simile/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "simile/batch.h"

namespace simile {
namespace {

using ::testing::HasSubstr;

Field field(std::string_view name, std::string_view text) {
  const auto parsed = parse_field(name, text);
  EXPECT_TRUE(parsed.has_value()) << text << ": " << parsed.error().message;
  return parsed.value_or(Field{});
}

std::string refusal(std::vector<Field> fields) {
  const auto made = Schema::make(std::move(fields));
  EXPECT_FALSE(made.has_value());
  if (made) return "accepted";
  EXPECT_EQ(made.error().code, ErrorCode::kInvalidArgument);
  return made.error().message;
}

TEST(ParseField, TakesEveryFormThatDescribePrints) {
  std::vector<std::string> forms = {
      "int64 primary key",         "string primary key",    "int64 primary key auto",
      "float32[128] cosine",       "bit[256] hamming flat", "bit[8] jaccard",
      "float16[1] l2 flat",        "bfloat16[65536] ip",    "int8[3] l2",
      "float32[8] ip graph memory"};
  for (const char* scalar : {"bool", "int8", "int16", "int32", "int64", "float", "double", "string",
                             "json", "array<bool>", "array<int64>", "array<string>"}) {
    forms.emplace_back(scalar);
    forms.push_back(std::string(scalar) + " nullable");
  }
  for (const std::string& form : forms) EXPECT_EQ(describe(field("f", form)), form);
}

TEST(ParseField, IsIndifferentToBlanksAndTakesTheDefaultIndexByName) {
  EXPECT_EQ(field("f", "  float32[4]\tl2   graph "), field("f", "float32[4] l2"));
  EXPECT_EQ(field("f", "float32[4] euclidean").metric, Metric::kL2);
  EXPECT_EQ(field("f", "float32[4] l2 graph speed"), field("f", "float32[4] l2"));
  EXPECT_EQ(field("f", "float32[4] l2 graph memory").optimize, Optimize::kMemory);
}

TEST(ParseField, SaysWhatIsWrongAndWhatIsKnown) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "the type is missing"},
      {"int", "unknown type 'int'; known: bool"},
      {"array", "unknown type 'array'"},
      {"array<json>", "an array is of bool"},
      {"array<array<int64>>", "an array is of bool"},
      {"float32[128]", "name the metric"},
      {"float32[] l2", "the dimension is a number"},
      {"float32[-1] l2", "the dimension is a number"},
      {"float32[99999999999] l2", "the dimension is a number"},
      {"float32[8 l2", "the dimension is a number"},
      {"float32[8]x l2", "the dimension is a number"},
      {"float32[", "the dimension is a number"},
      {"float64[8] l2", "unknown element type 'float64'; known: float32"},
      {"float32[8] manhattan", "unknown metric 'manhattan'; known: l2"},
      {"float32[8] l2 hnsw", "unknown index kind 'hnsw'; known: flat, graph"},
      {"float32[8] l2 flat please", "'please' is not understood"},
      {"int64 primary", "after primary comes key"},
      {"int64 nullable primary key", "'primary' is not understood"},
  };
  for (const auto& [text, why] : cases) {
    const auto parsed = parse_field("f", text);
    ASSERT_FALSE(parsed.has_value()) << text;
    EXPECT_EQ(parsed.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(parsed.error().message, HasSubstr("field 'f'"));
    EXPECT_THAT(parsed.error().message, HasSubstr(why)) << text;
  }
}

TEST(Schema, KeepsFieldsInOrderAndFindsThem) {
  const auto schema =
      Schema::make({field("label", "string nullable"), field("id", "int64 primary key"),
                    field("v", "float32[4] cosine")});
  ASSERT_TRUE(schema.has_value()) << schema.error().message;
  EXPECT_EQ(schema->primary_key().name, "id");
  EXPECT_EQ(schema->fields().size(), 3u);
  EXPECT_EQ(schema->find("label"), &schema->fields()[0]);
  EXPECT_EQ(schema->find("nothing"), nullptr);
  EXPECT_EQ(schema->vector_field("").value()->name, "v");
  EXPECT_EQ(schema->vector_field("v").value()->name, "v");
  EXPECT_THAT(schema->vector_field("id").error().message, HasSubstr("vector fields: v"));
  EXPECT_THAT(schema->vector_field("w").error().message, HasSubstr("unknown field 'w'"));
}

TEST(Schema, AsksWhichOfSeveralVectorFields) {
  const auto schema = Schema::make(
      {field("id", "int64 primary key"), field("a", "int8[4] l2"), field("b", "bit[8] hamming")});
  ASSERT_TRUE(schema.has_value());
  EXPECT_THAT(schema->vector_field("").error().message, HasSubstr("there are a, b"));
  EXPECT_EQ(schema->vector_field("b").value()->name, "b");
}

TEST(Schema, RefusesWhatIsNoCollection) {
  const Field id = field("id", "int64 primary key");
  const Field v = field("v", "float32[4] l2");
  EXPECT_THAT(refusal({}), HasSubstr("no primary key"));
  EXPECT_THAT(refusal({v}), HasSubstr("no primary key"));
  EXPECT_THAT(refusal({id}), HasSubstr("no vector field"));
  EXPECT_THAT(refusal({id, field("id2", "string primary key"), v}), HasSubstr("second primary"));
  EXPECT_THAT(refusal({id, v, field("v", "bool")}), HasSubstr("'v': the name is there twice"));
  EXPECT_THAT(refusal({field("id", "double primary key"), v}), HasSubstr("not double"));
  for (const std::string name : {"", "1a", "a b", "a-b", "ä", "$meta"}) {
    EXPECT_THAT(refusal({id, v, field(name, "bool")}), HasSubstr("field name '" + name + "'"));
  }
  EXPECT_THAT(refusal({id, v, field(std::string(256, 'a'), "bool")}), HasSubstr("255 bytes"));
}

TEST(Schema, RefusesBadVectorsAndValuesThatNoEnumHas) {
  const Field id = field("id", "int64 primary key");
  EXPECT_THAT(refusal({id, field("v", "float32[0] l2")}), HasSubstr("dimension 0"));
  EXPECT_THAT(refusal({id, field("v", "float32[65537] l2")}), HasSubstr("dimension 65537"));
  EXPECT_THAT(refusal({id, field("v", "bit[12] hamming")}), HasSubstr("multiple of 8"));
  EXPECT_THAT(refusal({id, field("v", "bit[8] l2")}), HasSubstr("hamming or jaccard"));
  Field v = field("v", "float32[4] l2");
  v.vector.element = static_cast<ElementType>(77);
  EXPECT_THAT(refusal({id, v}), HasSubstr("element type"));
  Field nullable_key = id;
  nullable_key.nullable = true;
  EXPECT_THAT(refusal({nullable_key, v}), HasSubstr("cannot be nullable"));
  Field odd = field("odd", "bool");
  odd.type = static_cast<FieldType>(99);
  EXPECT_THAT(refusal({id, odd}), HasSubstr("its type is none"));
}

TEST(Table, FindsColumnsByName) {
  Table table;
  table.columns.resize(2);
  table.columns[1].field = "b";
  EXPECT_EQ(table.find("b"), &table.columns[1]);
  EXPECT_EQ(table.find("c"), nullptr);
}

TEST(WidthOf, IsTheSizeOfTheNativeType) {
  EXPECT_EQ(width_of(FieldType::kBool), 1u);
  EXPECT_EQ(width_of(FieldType::kInt16), sizeof(std::int16_t));
  EXPECT_EQ(width_of(FieldType::kFloat), sizeof(float));
  EXPECT_EQ(width_of(FieldType::kDouble), sizeof(double));
  EXPECT_EQ(width_of(FieldType::kString), 0u);
}

}  // namespace
}  // namespace simile
