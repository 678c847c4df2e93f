#include "simile/vectorfile/column_builder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace simile::vectorfile {
namespace {

using ::testing::ElementsAre;

Cell text(std::string value) {
  Cell cell;
  cell.kind = Cell::Kind::kText;
  cell.text = std::move(value);
  return cell;
}

Cell of_kind(Cell::Kind kind, std::string value) {
  Cell cell = text(std::move(value));
  cell.kind = kind;
  return cell;
}

Field field_of(FieldType type, bool nullable = true) {
  Field field;
  field.name = "f";
  field.type = type;
  field.nullable = nullable;
  return field;
}

std::string guess(const std::vector<Cell>& cells) {
  TypeGuess types;
  for (const Cell& cell : cells) types.observe(cell);
  const Field field = types.field("f");
  return type_text(field.type, field.element_type);
}

TEST(TypeGuess, TakesTheNarrowestTypeThatFitsAll) {
  EXPECT_EQ(guess({}), "string");
  EXPECT_EQ(guess({text("1"), text("-2")}), "int64");
  EXPECT_EQ(guess({text("1"), text("2.5"), text("3")}), "double");
  EXPECT_EQ(guess({text("true"), text("False")}), "bool");
  EXPECT_EQ(guess({text("1"), text("x"), text("2")}), "string");
  EXPECT_EQ(guess({text("00501")}), "string");
  EXPECT_EQ(guess({text("true"), text("1")}), "string");
  EXPECT_EQ(guess({of_kind(Cell::Kind::kQuoted, "1")}), "string");
}

TEST(TypeGuess, TakesJsonForWhatHasNoType) {
  const auto json = [](std::string value) { return of_kind(Cell::Kind::kJson, std::move(value)); };
  EXPECT_EQ(guess({json("[1,2]"), json("[3]")}), "array<int64>");
  EXPECT_EQ(guess({json("[1,2]"), json("[0.5]")}), "array<double>");
  EXPECT_EQ(guess({json("[\"a\"]")}), "array<string>");
  EXPECT_EQ(guess({json("[1,\"a\"]")}), "json");
  EXPECT_EQ(guess({json("[1,null]")}), "json");
  EXPECT_EQ(guess({json("[]")}), "json");
  EXPECT_EQ(guess({json("{}")}), "json");
  EXPECT_EQ(guess({json("[1]"), of_kind(Cell::Kind::kString, "a")}), "json");
}

TEST(AppendCell, HoldsIntegersToTheirWidth) {
  const Field field = field_of(FieldType::kInt8);
  Column column = make_column(field);
  for (const std::string good : {"127", "-128", "3.0"}) {
    EXPECT_TRUE(append_cell(field, text(good), column)) << good;
  }
  for (const std::string bad : {"128", "-129", "3.5", "x", "1e30", "nan"}) {
    EXPECT_FALSE(append_cell(field, text(bad), column)) << bad;
  }
  EXPECT_THAT(column.values<std::int8_t>(), ElementsAre(127, -128, 3));
  EXPECT_EQ(column.rows, 3u);
  EXPECT_TRUE(column.valid.empty());
}

TEST(AppendCell, MarksNullsAndRefusesThemWhereTheyAreNotAllowed) {
  for (const FieldType type : {FieldType::kBool, FieldType::kInt16, FieldType::kDouble,
                               FieldType::kString, FieldType::kJson, FieldType::kArray}) {
    Column column = make_column(field_of(type));
    EXPECT_TRUE(append_cell(field_of(type), Cell(), column));
    EXPECT_TRUE(column.is_null(0));
    EXPECT_FALSE(append_cell(field_of(type, false), Cell(), column));
    EXPECT_EQ(column.rows, 1u);
  }
}

TEST(AppendCell, CountsValidityOnlyFromTheFirstNull) {
  const Field field = field_of(FieldType::kInt64);
  Column column = make_column(field);
  EXPECT_TRUE(append_cell(field, text("1"), column));
  EXPECT_TRUE(append_cell(field, Cell(), column));
  EXPECT_TRUE(append_cell(field, text("2"), column));
  EXPECT_THAT(column.valid, ElementsAre(1, 0, 1));
  EXPECT_THAT(column.values<std::int64_t>(), ElementsAre(1, 0, 2));
}

TEST(AppendCell, LeavesAnArrayColumnAsItWasAfterABadElement) {
  Field field = field_of(FieldType::kArray);
  field.element_type = FieldType::kInt64;
  Column column = make_column(field);
  EXPECT_TRUE(append_cell(field, of_kind(Cell::Kind::kJson, "[1,2]"), column));
  EXPECT_FALSE(append_cell(field, of_kind(Cell::Kind::kJson, "[3,\"x\"]"), column));
  EXPECT_FALSE(append_cell(field, of_kind(Cell::Kind::kJson, "[3,null]"), column));
  EXPECT_TRUE(append_cell(field, of_kind(Cell::Kind::kQuoted, "[4]"), column));
  EXPECT_THAT(column.values<std::int64_t>(), ElementsAre(1, 2, 4));
  EXPECT_THAT(column.offsets, ElementsAre(0, 2, 3));
}

TEST(AppendCell, WritesJsonTexts) {
  const Field field = field_of(FieldType::kJson);
  Column column = make_column(field);
  EXPECT_TRUE(append_cell(field, of_kind(Cell::Kind::kString, "12"), column));
  EXPECT_TRUE(append_cell(field, of_kind(Cell::Kind::kQuoted, "{\"a\":1}"), column));
  EXPECT_TRUE(append_cell(field, of_kind(Cell::Kind::kQuoted, "say \"hi\"\n"), column));
  EXPECT_THAT(column.strings, ElementsAre("\"12\"", "{\"a\":1}", "\"say \\\"hi\\\"\\u000a\""));
}

}  // namespace
}  // namespace simile::vectorfile
