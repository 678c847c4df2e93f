#include "simile/segment/key_map.h"

#include <gtest/gtest.h>

#include <cstring>

#include <string>

#include "simile/base/random.h"
#include "simile/io/fault_storage.h"
#include "simile/scalar/growing_column.h"
#include "simile/segment/growing_keys.h"
#include "simile/segment/key.h"

namespace simile::segment {
namespace {

std::unique_ptr<scalar::GrowingColumn> text_column(const std::vector<std::string>& keys) {
  auto column = std::make_unique<scalar::GrowingColumn>(*parse_field("id", "string primary key"));
  const std::vector<std::string_view> views(keys.begin(), keys.end());
  ColumnView values;
  values.field = "id";
  values.type = FieldType::kString;
  values.strings = views;
  column->append(values, keys.size());
  return column;
}

RowId find(const KeyMap& map, const scalar::ColumnReader& column, std::string_view text) {
  const Key key{0, text};
  scalar::BlockScratch scratch;
  return map.find(hash_of(key, true),
                  [&](RowId row) { return key_at(column, row, scratch) == key; });
}

TEST(KeyMap, FindsEveryKeyAndNoOther) {
  for (const std::size_t rows : {1ul, 2ul, 3ul, 5ul, 100ul, 3000ul}) {
    std::vector<std::string> keys;
    for (std::size_t i = 0; i < rows; ++i) keys.push_back("key " + std::to_string(i));
    const auto column = text_column(keys);
    const auto built = KeyMap::build(*column, rows);
    const auto disk = io::FaultStorage::make();
    ASSERT_TRUE(built->write(*disk, "k"));
    const auto opened = KeyMap::open(*disk, "k", rows);
    ASSERT_TRUE(opened) << opened.error().message;
    for (std::uint32_t row = 0; row < rows; ++row) {
      EXPECT_EQ(find(*built, *column, keys[row]), RowId{row});
      EXPECT_EQ(find(**opened, *column, keys[row]), RowId{row});
    }
    EXPECT_EQ(find(**opened, *column, "key"), kNoRow);
    EXPECT_EQ(find(**opened, *column, ""), kNoRow);
    EXPECT_EQ((*opened)->memory_bytes(), 0);
    // Of another size: not of this segment.
    EXPECT_EQ(KeyMap::open(*disk, "k", rows * 4 + 4).error().code, ErrorCode::kDataLoss);
  }
}

TEST(KeyMap, FullTableWithAGoodChecksumDoesNotHang) {
  const auto disk = io::FaultStorage::make();
  auto writer = *io::SectionWriter::create(*disk, "k", "keys", 1);
  const std::vector<std::uint64_t> slots(4, 0xFFFF'FFFF'FFFF'FFFF);
  ASSERT_TRUE(writer->add_section("slots", std::as_bytes(std::span(slots))));
  ASSERT_TRUE(writer->finish());
  const auto map = KeyMap::open(*disk, "k", 2);
  ASSERT_TRUE(map);
  EXPECT_EQ((*map)->find(0xFFFF'FFFF'0000'0000, [](RowId) { return true; }), kNoRow);
}

TEST(GrowingKeys, GoesFromNewerToOlderRowsThroughEveryGrowth) {
  GrowingKeys keys;
  Random random(2);
  std::vector<std::uint64_t> hashes;
  for (std::uint32_t row = 0; row < 5000; ++row) {
    // Few different ones, some equal in the 32 bits that are kept.
    hashes.push_back((random.below(300) << 32) | random.below(2));
    keys.append(hashes.back());
  }
  for (std::uint64_t tag = 0; tag < 310; ++tag) {
    std::vector<std::uint32_t> expected;
    for (std::uint32_t row = 5000; row-- > 0;) {
      if (hashes[row] >> 32 == tag) expected.push_back(row);
    }
    std::vector<std::uint32_t> walked;
    EXPECT_EQ(keys.find(tag << 32,
                        [&](RowId row) {
                          walked.push_back(value_of(row));
                          return false;
                        }),
              kNoRow);
    EXPECT_EQ(walked, expected);
  }
}

TEST(KeyList, ReadsNumbersAtAnyAddress) {
  std::vector<std::byte> bytes(1 + 2 * sizeof(std::int64_t));
  const std::int64_t numbers[] = {-5, 1ll << 60};
  std::memcpy(bytes.data() + 1, numbers, sizeof numbers);
  ColumnView column;
  column.fixed = std::span(bytes).subspan(1);
  const KeyList list(column, 2);
  EXPECT_EQ(list.at(0).number, -5);
  EXPECT_EQ(list.at(1).number, 1ll << 60);
  const Schema schema = *Schema::make(
      {*parse_field("name", "string primary key"), *parse_field("v", "float32[2] l2")});
  const Status wrong = check_key_type(schema, list);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().message, "primary key 'name' is string, not int64");
  EXPECT_TRUE(check_key_type(schema, KeyList(KeysView{})));
}

}  // namespace
}  // namespace simile::segment
