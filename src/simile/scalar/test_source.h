#pragma once
/// For tests of this folder: a segment of scalar columns, growing and sealed.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "simile/io/storage.h"
#include "simile/scalar/filter.h"
#include "simile/scalar/growing_column.h"
#include "simile/scalar/sealed_column.h"
#include "simile/scalar/test_rows.h"

namespace simile::scalar {

/// Columns by field name. Values are pushed column by column.
class TestSource final : public ColumnSource {
 public:
  explicit TestSource(const Schema& schema) {
    for (const Field& field : schema.fields()) {
      if (field.type == FieldType::kVector) continue;
      columns_.emplace(field.name, std::make_unique<GrowingColumn>(field));
      values_.emplace(field.name, TestColumn(field.type, field.element_type));
    }
  }

  TestColumn& operator[](const std::string& field) { return values_.at(field); }

  /// Appends what was pushed; all columns must have as many rows.
  void finish() {
    for (auto& [name, column] : columns_) {
      TestColumn& values = values_.at(name);
      rows_ = values.rows();
      column->append(values.view(name, 0, rows_), rows_);
    }
  }

  std::size_t rows() const { return rows_; }

  const ColumnReader* column(std::string_view field) const override {
    const auto found = columns_.find(field);
    return found == columns_.end() ? nullptr : found->second.get();
  }

  const std::map<std::string, std::unique_ptr<GrowingColumn>, std::less<>>& columns() const {
    return columns_;
  }

 private:
  std::map<std::string, std::unique_ptr<GrowingColumn>, std::less<>> columns_;
  std::map<std::string, TestColumn, std::less<>> values_;
  std::size_t rows_ = 0;
};

/// The same rows, written to a file and opened again.
class SealedSource final : public ColumnSource {
 public:
  explicit SealedSource(const TestSource& source) : storage_(io::make_memory_storage()) {
    std::vector<RowId> ids;
    for (std::uint32_t i = 0; i < source.rows(); ++i) ids.push_back(RowId{i});
    auto writer = io::SectionWriter::create(*storage_, "c", "segment", 1).value();
    for (const auto& [name, column] : source.columns()) {
      const ColumnSlice slice{column.get(), ids};
      EXPECT_TRUE(write_column(*writer, name, column->field(), {&slice, 1}).has_value());
    }
    EXPECT_TRUE(writer->finish().has_value());
    reader_ = io::SectionReader::open(storage_->open("c").value(), "segment", 1).value();
    for (const auto& [name, column] : source.columns()) {
      columns_[name] = open_column(*reader_, name, column->field(), source.rows()).value();
    }
  }

  const ColumnReader* column(std::string_view field) const override {
    const auto found = columns_.find(field);
    return found == columns_.end() ? nullptr : found->second.get();
  }

 private:
  std::shared_ptr<io::Storage> storage_;
  std::unique_ptr<io::SectionReader> reader_;
  std::map<std::string, std::unique_ptr<ColumnReader>, std::less<>> columns_;
};

/// Numbers of the rows that a filter selects.
inline std::vector<std::size_t> rows_of(const Bitmap& selected) {
  std::vector<std::size_t> rows;
  selected.for_each([&](std::size_t row) { rows.push_back(row); });
  return rows;
}

}  // namespace simile::scalar
