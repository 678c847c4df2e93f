#include "simile/segment/operation.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace simile::segment {
namespace {

Schema schema() {
  return *Schema::make({*parse_field("id", "int64 primary key"), *parse_field("v", "int8[3] l2"),
                        *parse_field("name", "string nullable"),
                        *parse_field("tags", "array<string>"),
                        *parse_field("sizes", "array<int32>")});
}

/// Two rows of that schema, without the key.
struct TwoRows {
  std::vector<std::int8_t> vectors = {1, 2, 3, 4, 5, 6};
  std::vector<std::string_view> names = {"", "anna"};
  std::vector<std::uint8_t> valid = {0, 1};
  std::vector<std::string_view> tags = {"a", "", "bcd"};
  std::vector<std::uint64_t> tag_offsets = {0, 3, 3};
  std::vector<std::int32_t> sizes = {-7, 8};
  std::vector<std::uint64_t> size_offsets = {0, 0, 2};

  Batch batch() const {
    Batch batch;
    batch.rows = 2;
    batch.columns.resize(4);
    batch.columns[0].field = "v";
    batch.columns[0].fixed = std::as_bytes(std::span(vectors));
    batch.columns[1].field = "name";
    batch.columns[1].strings = names;
    batch.columns[1].valid = valid;
    batch.columns[2].field = "tags";
    batch.columns[2].strings = tags;
    batch.columns[2].offsets = tag_offsets;
    batch.columns[3].field = "sizes";
    batch.columns[3].fixed = std::as_bytes(std::span(sizes));
    batch.columns[3].offsets = size_offsets;
    return batch;
  }
};

template <class T>
void expect_same(std::span<const T> one, std::span<const T> other) {
  EXPECT_TRUE(std::ranges::equal(one, other));
}

TEST(Operation, RowsOfEveryKindComeBack) {
  const TwoRows rows;
  const std::vector<std::int64_t> ids = {40, 41};
  ByteWriter writer;
  encode_batch_begin(1, writer);
  encode_rows(9, schema(), rows.batch(), ids, writer);
  ByteReader reader(writer.bytes());
  const auto operations = decode_batch(reader);
  ASSERT_TRUE(operations);
  ASSERT_EQ(operations->size(), 1);
  EXPECT_EQ((*operations)[0].collection, 9);
  EXPECT_EQ(reader.remaining(), 0);
  const Schema read_schema = schema();
  const auto back = decode_rows(read_schema, (*operations)[0].body);
  ASSERT_TRUE(back) << back.error().message;
  ASSERT_EQ(back->batch.columns.size(), 5);
  const Batch before = rows.batch();
  EXPECT_EQ(back->batch.columns[0].field, "id");
  expect_same(back->batch.columns[0].fixed, std::as_bytes(std::span(ids)));
  for (std::size_t i = 0; i < 4; ++i) {
    const ColumnView& column = back->batch.columns[i + 1];
    EXPECT_EQ(column.field, before.columns[i].field);
    expect_same(column.fixed, before.columns[i].fixed);
    expect_same(column.strings, before.columns[i].strings);
    expect_same(column.offsets, before.columns[i].offsets);
    expect_same(column.valid, before.columns[i].valid);
  }
}

TEST(Operation, KeysComeBack) {
  const Schema text =
      *Schema::make({*parse_field("id", "string primary key"), *parse_field("v", "int8[3] l2")});
  const std::vector<std::string_view> names = {"a", "", "long name"};
  ByteWriter writer;
  encode_erase(1, KeyList(KeysView(std::span<const std::string_view>(names))), writer);
  const auto body = writer.bytes().subspan(4 + 1 + 8);
  const auto keys = decode_keys(text, body);
  ASSERT_TRUE(keys);
  EXPECT_EQ(keys->texts, names);
}

TEST(Operation, EveryCutIsRefused) {
  const TwoRows rows;
  const std::vector<std::int64_t> ids = {40, 41};
  ByteWriter writer;
  encode_rows(9, schema(), rows.batch(), ids, writer);
  const auto body = writer.bytes().subspan(4 + 1 + 8);
  const Schema read_schema = schema();
  for (std::size_t size = 0; size < body.size(); ++size) {
    EXPECT_FALSE(decode_rows(read_schema, body.first(size))) << size;
  }
  std::vector<std::byte> longer(body.begin(), body.end());
  longer.push_back(std::byte{0});
  EXPECT_FALSE(decode_rows(read_schema, longer));
}

}  // namespace
}  // namespace simile::segment
