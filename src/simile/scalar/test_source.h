#pragma once
/// For tests of this folder: a segment of scalar columns, growing and sealed.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "simile/io/storage.h"
#include "simile/scalar/column_index.h"
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
  /// With indexes of that kind wherever they can be.
  explicit SealedSource(const TestSource& source, ScalarIndex kind = ScalarIndex::kNone)
      : storage_(io::make_memory_storage()) {
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
      Field field = column->field();
      if (can_have_index(field, kind)) field.scalar_index = kind;
      columns_[name] = open_column(*reader_, name, field, source.rows()).value();
      if (field.scalar_index != ScalarIndex::kNone) add_index(name, source.rows());
    }
  }

  const ColumnReader* column(std::string_view field) const override {
    const auto found = columns_.find(field);
    return found == columns_.end() ? nullptr : found->second.get();
  }

  const ColumnIndex* column_index(std::string_view field) const override {
    const auto found = indexes_.find(field);
    return found == indexes_.end() ? nullptr : found->second.get();
  }

 private:
  void add_index(const std::string& name, std::size_t rows) {
    auto writer = io::SectionWriter::create(*storage_, "i" + name, "index", 1).value();
    const ColumnReader& column = *columns_.at(name);
    EXPECT_TRUE(write_column_index(*writer, column, rows, nullptr).has_value());
    EXPECT_TRUE(writer->finish().has_value());
    auto reader = io::SectionReader::open(storage_->open("i" + name).value(), "index", 1).value();
    auto loaded = ColumnIndex::load(std::move(reader), column.field(), rows);
    EXPECT_TRUE(loaded.has_value()) << loaded.error().message;
    indexes_[name] = *std::move(loaded);
  }

  std::shared_ptr<io::Storage> storage_;
  std::map<std::string, std::unique_ptr<ColumnIndex>, std::less<>> indexes_;
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
