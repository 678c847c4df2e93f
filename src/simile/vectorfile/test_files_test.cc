// The reader that the tests of this folder share.

#include "simile/vectorfile/test_files.h"
#include "simile/base/text.h"

namespace simile::vectorfile {

namespace {

std::string scalar_text(const Column& column, FieldType type, std::size_t i) {
  switch (type) {
    case FieldType::kBool: return column.values<std::uint8_t>()[i] != 0 ? "true" : "false";
    case FieldType::kInt8: return join_text(int{column.values<std::int8_t>()[i]});
    case FieldType::kInt64: return join_text(column.values<std::int64_t>()[i]);
    case FieldType::kFloat: return join_text(column.values<float>()[i]);
    case FieldType::kDouble: return join_text(column.values<double>()[i]);
    default: return column.strings[i];
  }
}

std::string cell_text(const Column& column, std::size_t row) {
  if (column.is_null(row)) return "null";
  if (column.type != FieldType::kArray) return scalar_text(column, column.type, row);
  std::string text = "[";
  for (std::uint64_t i = column.offsets[row]; i < column.offsets[row + 1]; ++i) {
    if (text.size() > 1) text += ',';
    text += scalar_text(column, column.element_type, static_cast<std::size_t>(i));
  }
  return text + "]";
}

}  // namespace

Contents read_all(const std::string& path, const OpenOptions& options, std::size_t block_rows) {
  Contents all;
  auto file = VectorFile::open(path, options);
  if (!file) {
    all.error = file.error().message;
    return all;
  }
  all.info = (*file)->info();
  for (const Field& field : all.info.columns) all.columns.push_back(field.name + ":");
  Block block;
  do {
    const Status read = (*file)->next(block_rows, block);
    if (!read) all.error = read.error().message;
    EXPECT_EQ(block.first_row, all.rows);
    for (std::size_t i = 0; i < block.columns.size(); ++i) {
      for (std::size_t row = 0; row < block.rows; ++row) {
        all.columns[i] += " " + cell_text(block.columns[i], row);
      }
    }
    const std::size_t bytes = block.rows * all.info.type.bytes();
    EXPECT_LE(bytes, block.vectors.size());
    all.vectors.insert(all.vectors.end(), block.vectors.begin(),
                       block.vectors.begin() + static_cast<std::ptrdiff_t>(bytes));
    all.rows += block.rows;
  } while (all.error.empty() && block.rows > 0);
  if (all.info.type.element == ElementType::kFloat32) {
    all.floats.resize(all.vectors.size() / sizeof(float));
    if (!all.floats.empty()) {
      std::memcpy(all.floats.data(), all.vectors.data(), all.vectors.size());
    }
  }
  return all;
}

}  // namespace simile::vectorfile
