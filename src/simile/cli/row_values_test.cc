#include "simile/cli/row_values.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "simile/base/half.h"

namespace simile::cli {
namespace {

template <class T>
Column column_of(FieldType type, std::initializer_list<T> values) {
  Column column;
  column.field = "f";
  column.type = type;
  const auto* bytes = reinterpret_cast<const std::byte*>(values.begin());
  column.fixed.assign(bytes, bytes + values.size() * sizeof(T));
  return column;
}

Column strings_of(FieldType type, std::vector<std::string> values) {
  Column column;
  column.type = type;
  column.strings = std::move(values);
  return column;
}

TEST(JsonValue, GivesEachType) {
  EXPECT_EQ(json_value(column_of<std::uint8_t>(FieldType::kBool, {0, 1}), 1), Json(true));
  EXPECT_EQ(json_value(column_of<std::int8_t>(FieldType::kInt8, {-5}), 0), Json(-5));
  EXPECT_EQ(json_value(column_of<std::int16_t>(FieldType::kInt16, {-500}), 0), Json(-500));
  EXPECT_EQ(json_value(column_of<std::int64_t>(FieldType::kInt64, {1ll << 60}), 0),
            Json(1ll << 60));
  EXPECT_EQ(json_value(column_of<float>(FieldType::kFloat, {0.1f}), 0).dump(), "0.1");
  EXPECT_EQ(json_value(column_of<double>(FieldType::kDouble, {0.1}), 0).dump(), "0.1");
  EXPECT_EQ(json_value(strings_of(FieldType::kString, {"1"}), 0), Json("1"));
  EXPECT_EQ(json_value(strings_of(FieldType::kJson, {"{\"a\":[1]}"}), 0).dump(), "{\"a\":[1]}");
}

TEST(JsonValue, GivesNullsAndWhatJsonCannotHoldAsNull) {
  Column column = column_of<std::int64_t>(FieldType::kInt64, {1, 2});
  column.valid = {1, 0};
  EXPECT_EQ(json_value(column, 0), Json(1));
  EXPECT_TRUE(json_value(column, 1).is_null());
  EXPECT_TRUE(json_float(std::nanf("")).is_null());
}

TEST(JsonValue, GivesArrays) {
  Column column = column_of<std::int64_t>(FieldType::kArray, {1, 2, 3});
  column.element_type = FieldType::kInt64;
  column.offsets = {0, 2, 2, 3};
  EXPECT_EQ(json_value(column, 0).dump(), "[1,2]");
  EXPECT_EQ(json_value(column, 1).dump(), "[]");
  EXPECT_EQ(json_value(column, 2).dump(), "[3]");
}

TEST(JsonValue, GivesVectorsOfEachElementType) {
  Column floats = column_of<float>(FieldType::kVector, {0.1f, 2, 3, 4});
  floats.vector = {ElementType::kFloat32, 2};
  EXPECT_EQ(json_value(floats, 0).dump(), "[0.1,2.0]");
  EXPECT_EQ(json_value(floats, 1).dump(), "[3.0,4.0]");
  Column halves = column_of<std::uint16_t>(FieldType::kVector, {float_to_float16(0.5f)});
  halves.vector = {ElementType::kFloat16, 1};
  EXPECT_EQ(json_value(halves, 0).dump(), "[0.5]");
  Column brains = column_of<std::uint16_t>(FieldType::kVector, {float_to_bfloat16(-2.0f)});
  brains.vector = {ElementType::kBFloat16, 1};
  EXPECT_EQ(json_value(brains, 0).dump(), "[-2.0]");
  Column bytes = column_of<std::int8_t>(FieldType::kVector, {-7, 7});
  bytes.vector = {ElementType::kInt8, 2};
  EXPECT_EQ(json_value(bytes, 0).dump(), "[-7,7]");
  Column bits = column_of<std::uint8_t>(FieldType::kVector, {0x0F, 0xA0});
  bits.vector = {ElementType::kBit, 16};
  EXPECT_EQ(json_value(bits, 0), Json("0fa0"));
}

TEST(TextValue, AbbreviatesVectorsAndLeavesNullsEmpty) {
  Column vector = column_of<float>(FieldType::kVector, {1, 2, 3, 4});
  vector.vector = {ElementType::kFloat32, 4};
  EXPECT_EQ(text_value(vector, 0), "[1, 2, 3, ... 4]");
  vector.vector.dim = 2;
  EXPECT_EQ(text_value(vector, 0), "[1.0,2.0]");
  Column column = column_of<double>(FieldType::kDouble, {1.0 / 3});
  EXPECT_EQ(text_value(column, 0), "0.333333");
  column.valid = {0};
  EXPECT_EQ(text_value(column, 0), "");
}

}  // namespace
}  // namespace simile::cli
