#include "simile/vectorfile/id_file.h"

#include <gmock/gmock.h>

#include "simile/vectorfile/npy_header.h"
#include "simile/vectorfile/test_files.h"

namespace simile::vectorfile {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(IdFile, ReadsIntegersOfAnyWidth) {
  const Folder folder;
  const std::pair<std::string, std::string> cases[] = {
      {"|i1", bytes_of<std::int8_t>({-1, 2, 3})},
      {"<i2", bytes_of<std::int16_t>({-1, 2, 3})},
      {"<i4", bytes_of<std::int32_t>({-1, 2, 3})},
      {"<i8", bytes_of<std::int64_t>({-1, 2, 3})},
  };
  for (const auto& [descr, values] : cases) {
    const auto path = folder.file("ids.npy", make_npy_header(descr, 3, 0) + values);
    auto file = IdFile::open(path, std::nullopt).value();
    Column column;
    ASSERT_TRUE(file->next(2, column));
    EXPECT_THAT(column.values<std::int64_t>(), ElementsAre(-1, 2)) << descr;
    ASSERT_TRUE(file->next(2, column));
    EXPECT_THAT(column.values<std::int64_t>(), ElementsAre(3)) << descr;
    ASSERT_TRUE(file->next(2, column));
    EXPECT_EQ(column.rows, 0u);
  }
}

TEST(IdFile, RefusesUnsignedKeysBeyondInt64) {
  const Folder folder;
  const auto values = bytes_of<std::uint64_t>({1ull << 63});
  auto file =
      IdFile::open(folder.file("ids.npy", make_npy_header("<u8", 1, 0) + values), std::nullopt)
          .value();
  Column column;
  EXPECT_THAT(file->next(1, column).error().message, HasSubstr("9223372036854775808"));
}

TEST(IdFile, ReadsLinesAsIntegersOrStrings) {
  const Folder folder;
  Column column;
  auto numbers = IdFile::open(folder.file("a.txt", "5\r\n-6\r\n7"), std::nullopt).value();
  ASSERT_TRUE(numbers->next(10, column));
  EXPECT_THAT(column.values<std::int64_t>(), ElementsAre(5, -6, 7));
  auto strings = IdFile::open(folder.file("b.txt", "5\nsix\n007\n"), std::nullopt).value();
  EXPECT_EQ(strings->type(), FieldType::kString);
  ASSERT_TRUE(strings->next(10, column));
  EXPECT_EQ(column.type, FieldType::kString);
  EXPECT_THAT(column.strings, ElementsAre("5", "six", "007"));
}

TEST(IdFile, NamesTheLineThatIsNoKey) {
  const Folder folder;
  auto file = IdFile::open(folder.file("a.txt", "5\nsix\n"), FieldType::kInt64).value();
  Column column;
  EXPECT_THAT(file->next(10, column).error().message,
              HasSubstr("a.txt: line 2: 'key' needs int64, not the text 'six'"));
}

TEST(IdFile, RefusesVectorsAndIntegersForStringKeys) {
  const Folder folder;
  const auto vectors = folder.file("v.npy", make_npy_header("<f4", 1, 1) + bytes_of<float>({1}));
  EXPECT_THAT(IdFile::open(vectors, std::nullopt).error().message, HasSubstr("one-dimensional"));
  const auto ids = folder.file("i.npy", make_npy_header("<i8", 1, 0) + bytes_of<std::int64_t>({1}));
  EXPECT_FALSE(IdFile::open(ids, FieldType::kString));
  const auto cut = folder.file("c.npy", make_npy_header("<i8", 2, 0) + "1234567");
  EXPECT_THAT(IdFile::open(cut, std::nullopt).error().message, HasSubstr("cut off"));
}

}  // namespace
}  // namespace simile::vectorfile
