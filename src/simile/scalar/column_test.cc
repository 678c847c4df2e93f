/// Growing and sealed columns against the rows that were appended to them.

#include "simile/scalar/column.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <numeric>
#include <thread>

#include "simile/base/random.h"
#include "simile/io/storage.h"
#include "simile/scalar/growing_column.h"
#include "simile/scalar/sealed_column.h"
#include "simile/scalar/test_rows.h"

namespace simile::scalar {
namespace {

using ::testing::HasSubstr;

Field field_of(std::string_view text) { return parse_field("f", text).value(); }

/// Row i of a column of any type, as text: "null", "5", "'a'", "[1 2 ]".
std::string cell(const Block& block, const Field& field, std::size_t i) {
  if (block.is_null(i)) return "null";
  const auto number = [](FieldType type, const void* at) {
    switch (type) {
      case FieldType::kBool: return std::to_string(*static_cast<const std::uint8_t*>(at));
      case FieldType::kInt8: return std::to_string(*static_cast<const std::int8_t*>(at));
      case FieldType::kInt16: return std::to_string(*static_cast<const std::int16_t*>(at));
      case FieldType::kInt32: return std::to_string(*static_cast<const std::int32_t*>(at));
      case FieldType::kInt64: return std::to_string(*static_cast<const std::int64_t*>(at));
      case FieldType::kFloat: return std::to_string(*static_cast<const float*>(at));
      default: return std::to_string(*static_cast<const double*>(at));
    }
  };
  if (block.strings != nullptr) return "'" + std::string(block.strings[i]) + "'";
  if (block.arrays == nullptr) {
    return number(field.type, block.fixed + i * width_of(field.type));
  }
  std::string text = "[";
  const ArrayView& array = block.arrays[i];
  for (std::size_t e = 0; e < array.count; ++e) {
    if (field.element_type == FieldType::kString) {
      text += "'" + std::string(array.as<std::string_view>()[e]) + "' ";
    } else {
      const std::size_t width = width_of(field.element_type);
      text += number(field.element_type, array.as<std::byte>().data() + e * width) + " ";
    }
  }
  return text + "]";
}

template <class T>
void push_number(TestColumn& column, const Field& field, Random& random) {
  if (field.type != FieldType::kArray) return column.push(static_cast<T>(random.next()));
  std::vector<T> values(random.below(4));
  for (T& value : values) value = static_cast<T>(random.next());
  column.push_array(values);
}

std::string random_text(Random& random) {
  std::string text;
  for (std::uint64_t n = random.below(12); n > 0; --n) text += random.below(5) == 0 ? "ß" : "x";
  return text;
}

void push_random(TestColumn& column, const Field& field, Random& random) {
  if (field.nullable && random.below(4) == 0) {
    return column.push_null();
  }
  switch (field.type == FieldType::kArray ? field.element_type : field.type) {
    case FieldType::kBool: {
      const auto value = static_cast<std::uint8_t>(random.below(2));
      if (field.type == FieldType::kBool) return column.push(value);
      return column.push_array(std::vector<std::uint8_t>(random.below(3), value));
    }
    case FieldType::kInt8: return push_number<std::int8_t>(column, field, random);
    case FieldType::kInt16: return push_number<std::int16_t>(column, field, random);
    case FieldType::kInt32: return push_number<std::int32_t>(column, field, random);
    case FieldType::kInt64: return push_number<std::int64_t>(column, field, random);
    case FieldType::kFloat: return push_number<float>(column, field, random);
    case FieldType::kDouble: return push_number<double>(column, field, random);
    default: break;
  }
  if (field.type != FieldType::kArray) return column.push(random_text(random));
  std::vector<std::string> texts(random.below(4));
  for (std::string& text : texts) text = random_text(random);
  column.push_array(texts);
}

std::vector<std::string> read_by_block(const ColumnReader& column, std::size_t rows) {
  EXPECT_TRUE(column.check().has_value());
  std::vector<std::string> cells;
  const auto scratch = std::make_unique<BlockScratch>();
  for (std::size_t first = 0; first < rows; first += kBlockRows) {
    const std::size_t count = std::min(kBlockRows, rows - first);
    const Block block = column.block(first, count, *scratch);
    for (std::size_t i = 0; i < count; ++i) cells.push_back(cell(block, column.field(), i));
  }
  return cells;
}

std::vector<RowId> all_rows(std::size_t rows) {
  std::vector<RowId> ids(rows);
  for (std::size_t i = 0; i < rows; ++i) ids[i] = RowId{static_cast<std::uint32_t>(i)};
  return ids;
}

const std::vector<std::string>& every_type() {
  static const std::vector<std::string> types = [] {
    std::vector<std::string> all;
    for (const char* type :
         {"bool", "int8", "int16", "int32", "int64", "float", "double", "string", "json",
          "array<bool>", "array<int16>", "array<double>", "array<string>"}) {
      all.emplace_back(type);
      all.push_back(std::string(type) + " nullable");
    }
    return all;
  }();
  return types;
}

/// Random rows of one type, in a growing column and in a file.
class Columns : public ::testing::TestWithParam<std::string> {
 protected:
  Columns()
      : field_(field_of(GetParam())), growing_(field_), rows_(field_.type, field_.element_type) {}

  void append(std::size_t count) {
    const std::size_t first = rows_.rows();
    for (std::size_t i = 0; i < count; ++i) push_random(rows_, field_, random_);
    growing_.append(rows_.view("f", first, count), count);
  }

  /// What growing_ holds, by its blocks.
  std::vector<std::string> expected() const { return read_by_block(growing_, growing_.rows()); }

  std::unique_ptr<io::SectionReader> write(std::span<const ColumnSlice> slices) {
    auto writer = io::SectionWriter::create(*storage_, "c", "segment", 1).value();
    EXPECT_TRUE(write_column(*writer, "0", field_, slices).has_value());
    EXPECT_TRUE(writer->finish().has_value());
    return io::SectionReader::open(storage_->open("c").value(), "segment", 1).value();
  }

  Random random_{20'26};
  Field field_;
  GrowingColumn growing_;
  TestColumn rows_;
  std::shared_ptr<io::Storage> storage_ = io::make_memory_storage();
};

TEST_P(Columns, KeepEveryValueWhateverTheBatches) {
  for (const std::size_t count : {1u, 0u, 62u, 1u, 960u, 1u, 2000u, 1100u}) append(count);
  ASSERT_EQ(growing_.rows(), rows_.rows());
  // A second column, filled row by row, reads the same.
  GrowingColumn slow(field_);
  for (std::size_t i = 0; i < rows_.rows(); ++i) slow.append(rows_.view("f", i, 1), 1);
  EXPECT_EQ(read_by_block(slow, slow.rows()), expected());
  // As does what the test pushed.
  const ColumnView view = rows_.view("f", 0, rows_.rows());
  const auto cells = expected();
  for (std::size_t i = 0; i < view.valid.size(); ++i) {
    ASSERT_EQ(cells[i] == "null", field_.nullable && view.valid[i] == 0) << i;
    if (!view.strings.empty() && field_.type != FieldType::kArray && cells[i] != "null") {
      ASSERT_EQ(cells[i], "'" + std::string(view.strings[i]) + "'");
    }
  }
}

TEST_P(Columns, ReadTheSameFromAFile) {
  for (const std::size_t rows : {0u, 1u, 63u, 1u, 1000u, 1500u}) {
    append(rows);
    storage_ = io::make_memory_storage();
    const auto ids = all_rows(growing_.rows());
    const ColumnSlice slice{&growing_, ids};
    const auto reader = write({&slice, 1});
    const auto sealed = open_column(*reader, "0", field_, ids.size());
    ASSERT_TRUE(sealed.has_value()) << sealed.error().message;
    EXPECT_EQ(read_by_block(**sealed, ids.size()), expected());
  }
}

TEST_P(Columns, MergeSlicesInTheirOrder) {
  append(2500);
  std::vector<RowId> some;
  for (std::uint32_t i = 0; i < 2500; i += 1 + i % 3) some.push_back(RowId{i});
  const auto ids = all_rows(700);
  const std::vector<ColumnSlice> slices = {{&growing_, some}, {&growing_, {}}, {&growing_, ids}};
  const auto reader = write(slices);
  const auto sealed = open_column(*reader, "0", field_, some.size() + 700).value();
  const auto cells = expected();
  std::vector<std::string> wanted;
  for (const RowId row : some) wanted.push_back(cells[value_of(row)]);
  wanted.insert(wanted.end(), cells.begin(), cells.begin() + 700);
  EXPECT_EQ(read_by_block(*sealed, wanted.size()), wanted);
}

TEST_P(Columns, GatherAnyRowsInAnyOrder) {
  append(3000);
  const auto ids = all_rows(3000);
  const ColumnSlice slice{&growing_, ids};
  const auto reader = write({&slice, 1});
  const auto sealed = open_column(*reader, "0", field_, 3000).value();
  const auto cells = expected();
  std::vector<RowId> wanted;
  for (int i = 0; i < 1500; ++i)
    wanted.push_back(RowId{static_cast<std::uint32_t>(random_.below(3000))});
  const ColumnReader* const sources[] = {&growing_, sealed.get()};
  for (const ColumnReader* source : sources) {
    const auto column = gather(*source, wanted);
    ASSERT_TRUE(column.has_value());
    ASSERT_EQ(column->rows, wanted.size());
    // What was gathered is appended again and compared.
    ColumnView view;
    view.type = column->type;
    view.element_type = column->element_type;
    view.fixed = column->fixed;
    const std::vector<std::string_view> texts(column->strings.begin(), column->strings.end());
    view.strings = texts;
    view.offsets = column->offsets;
    view.valid = column->valid;
    GrowingColumn copy(field_);
    copy.append(view, column->rows);
    const auto copied = read_by_block(copy, copy.rows());
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      ASSERT_EQ(copied[i], cells[value_of(wanted[i])]) << i;
      ASSERT_EQ(column->is_null(i), cells[value_of(wanted[i])] == "null");
    }
  }
}

INSTANTIATE_TEST_SUITE_P(EveryType, Columns, ::testing::ValuesIn(every_type()),
                         [](const auto& type) {
                           std::string name = type.param;
                           for (char& c : name) c = std::isalnum(c) != 0 ? c : '_';
                           return name;
                         });

TEST(GrowingColumn, HoldsNullsForFieldsThatABatchLeavesOut) {
  GrowingColumn column(field_of("string nullable"));
  column.append_missing(3000);
  EXPECT_EQ(read_by_block(column, 3000), std::vector<std::string>(3000, "null"));
}

TEST(GrowingColumn, ForgetsWhatLiesUnderANull) {
  TestColumn numbers(FieldType::kInt32);
  TestColumn texts(FieldType::kString);
  for (TestColumn* values : {&numbers, &texts}) values->push_null();  // with something under it
  GrowingColumn number(field_of("int32 nullable"));
  GrowingColumn text(field_of("string nullable"));
  number.append(numbers.view("f", 0, 1), 1);
  text.append(texts.view("f", 0, 1), 1);
  const auto scratch = std::make_unique<BlockScratch>();
  EXPECT_EQ(number.block(0, 1, *scratch).as<std::int32_t>()[0], 0);
  EXPECT_EQ(text.block(0, 1, *scratch).strings[0], "");
}

TEST(GrowingColumn, TakesKeysThatAreGivenOut) {
  GrowingColumn column(field_of("int64 primary key auto"));
  column.append_int64(std::vector<std::int64_t>{5, -6});
  EXPECT_EQ(read_by_block(column, 2), (std::vector<std::string>{"5", "-6"}));
  EXPECT_GT(column.memory_bytes(), 0u);
}

TEST(GrowingColumn, IsReadWhileItGrows) {
  // Every reader sees whole rows: text i is the number i. Run under the thread sanitizer too.
  const Field field = field_of("string nullable");
  GrowingColumn column(field);
  std::atomic<bool> wrong{false};
  constexpr std::size_t kRows = 20'000;
  const auto read = [&] {
    const auto scratch = std::make_unique<BlockScratch>();
    for (std::size_t rows = 0; rows < kRows;) {
      rows = column.rows();
      if (rows == 0) continue;
      const std::size_t first = (rows - 1) / kBlockRows * kBlockRows;
      const Block block = column.block(first, rows - first, *scratch);
      for (std::size_t i = 0; i < rows - first; ++i) {
        const std::size_t row = first + i;
        const bool null = row % 3 == 0;
        if (block.is_null(i) != null || (!null && block.strings[i] != std::to_string(row))) {
          wrong = true;
        }
      }
    }
  };
  std::thread first_reader(read);
  std::thread second_reader(read);
  for (std::size_t row = 0; row < kRows;) {
    TestColumn batch(field.type);
    const std::size_t count = std::min(row % 5 + 1, kRows - row);
    for (std::size_t i = 0; i < count; ++i, ++row) {
      if (row % 3 == 0) {
        batch.push_null();
      } else {
        batch.push(std::to_string(row));
      }
    }
    column.append(batch.view("f", 0, count), count);
  }
  first_reader.join();
  second_reader.join();
  EXPECT_FALSE(wrong);
}

/// Sections written by hand, as a damaged or hostile file would have them.
class HostileColumn : public ::testing::Test {
 protected:
  using Words = std::vector<std::uint64_t>;

  void add(const std::string& name, std::string_view bytes) { sections_.emplace_back(name, bytes); }
  void add(const std::string& name, const Words& words) {
    sections_.emplace_back(
        name, std::string(reinterpret_cast<const char*>(words.data()), words.size() * 8));
  }

  /// The error of open_column() or check(), or "fine". Where it is fine, everything can be read.
  std::string fault(std::string_view type, std::size_t rows) {
    const auto storage = io::make_memory_storage();
    auto writer = io::SectionWriter::create(*storage, "c", "segment", 1).value();
    for (const auto& [name, bytes] : sections_) {
      EXPECT_TRUE(writer->add_section("0." + name, std::as_bytes(std::span(bytes))).has_value());
    }
    EXPECT_TRUE(writer->finish().has_value());
    sections_.clear();
    const auto reader = io::SectionReader::open(storage->open("c").value(), "segment", 1).value();
    const auto column = open_column(*reader, "0", field_of(type), rows);
    const Status status = column ? (*column)->check() : Status(std::unexpected(column.error()));
    if (!status) {
      EXPECT_EQ(status.error().code, ErrorCode::kDataLoss);
      if (column) {
        EXPECT_FALSE(gather(**column, all_rows(rows)).has_value());
      }
      return status.error().message;
    }
    read_by_block(**column, rows);
    return "fine";
  }

 private:
  std::vector<std::pair<std::string, std::string>> sections_;
};

TEST_F(HostileColumn, NeedsItsSections) {
  EXPECT_THAT(fault("int32", 2), HasSubstr("0.values"));
  add("values", "12345678");
  EXPECT_THAT(fault("int32 nullable", 2), HasSubstr("0.valid"));
  add("heap", "");
  EXPECT_THAT(fault("string", 0), HasSubstr("0.offsets"));
  add("offsets", Words{0});
  EXPECT_THAT(fault("string", 0), HasSubstr("0.heap"));
  add("offsets", Words{0});
  add("heap", "");
  EXPECT_THAT(fault("array<string>", 0), HasSubstr("0.element_offsets"));
}

TEST_F(HostileColumn, NeedsSectionsOfTheRightSize) {
  add("values", "1234567");
  EXPECT_EQ(fault("int32", 2), "section '0.values' has 7 bytes instead of 8");
  add("values", "12345678");
  EXPECT_EQ(fault("int32", 2), "fine");
  add("values", "12345678");
  add("valid", "");
  EXPECT_THAT(fault("int32 nullable", 2), HasSubstr("'0.valid' has 0 bytes instead of 8"));
  add("offsets", Words{0, 0});
  add("heap", "");
  EXPECT_THAT(fault("string", 2), HasSubstr("'0.offsets' has 16 bytes instead of 24"));
  add("offsets", Words{0});
  add("heap", "");
  add("element_offsets", "1234567");
  EXPECT_THAT(fault("array<string>", 0), HasSubstr("not words of 8"));
  add("offsets", Words{0, 1});
  add("values", "123");
  EXPECT_THAT(fault("array<int16>", 1), HasSubstr("ends inside a value"));
}

TEST_F(HostileColumn, NeedsOffsetsThatRiseWithinTheHeap) {
  const auto texts = [this](const Words& offsets, std::string_view heap) {
    add("offsets", offsets);
    add("heap", heap);
    return fault("string", offsets.size() - 1);
  };
  EXPECT_EQ(texts({0, 1, 3}, "abc"), "fine");
  EXPECT_THAT(texts({1, 1, 3}, "abc"), HasSubstr("does not start at 0"));
  EXPECT_THAT(texts({0, 4, 3}, "abc"), HasSubstr("falls"));
  EXPECT_THAT(texts({0, 1, 2}, "abc"), HasSubstr("does not end"));
  EXPECT_THAT(texts({0, 1, ~std::uint64_t{0}}, "abc"), HasSubstr("does not end"));
  EXPECT_THAT(texts({0, ~std::uint64_t{0}, 3}, "abc"), HasSubstr("falls"));
  EXPECT_THAT(texts({0, 3}, "a\xFFz"), HasSubstr("is not UTF-8"));
  EXPECT_THAT(texts({0, 1, 2}, "ß"), HasSubstr("starts a text inside a character"));
}

TEST_F(HostileColumn, NeedsArraysThatEndWhereTheirElementsDo) {
  add("offsets", Words{0, 2, 3});
  add("values", "123456");
  EXPECT_EQ(fault("array<int16>", 2), "fine");
  add("offsets", Words{0, 2, 4});
  add("values", "123456");
  EXPECT_THAT(fault("array<int16>", 2), HasSubstr("does not end"));
  add("offsets", Words{0, 2});
  add("element_offsets", Words{0, 1, 3});
  add("heap", "abc");
  EXPECT_EQ(fault("array<string>", 1), "fine");
  add("offsets", Words{0, 2});
  add("element_offsets", Words{0, 5, 3});
  add("heap", "abc");
  EXPECT_THAT(fault("array<string>", 1), HasSubstr("element_offsets' of field 'f' is damaged"));
}

TEST_F(HostileColumn, NeedsBoolsThatAre0Or1) {
  add("values", std::string("\0\1", 2));
  EXPECT_EQ(fault("bool", 2), "fine");
  add("values", std::string("\0\2", 2));
  EXPECT_THAT(fault("bool", 2), HasSubstr("not 0 or 1"));
}

}  // namespace
}  // namespace simile::scalar
