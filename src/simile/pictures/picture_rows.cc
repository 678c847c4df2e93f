#include "simile/pictures/picture_rows.h"

#include <utility>

#include "simile/base/check.h"
#include "simile/pictures/picture_collection.h"

namespace simile::pictures {
namespace {

ColumnView text_column(const char* field, std::span<const std::string_view> values) {
  ColumnView column;
  column.field = field;
  column.type = FieldType::kString;
  column.strings = values;
  return column;
}

ColumnView number_column(const char* field, std::span<const std::int64_t> values) {
  ColumnView column;
  column.field = field;
  column.type = FieldType::kInt64;
  column.fixed = std::as_bytes(values);
  return column;
}

}  // namespace

void PictureRows::add(PictureRow row, std::span<const float> feature) {
  SIMILE_CHECK(feature.size() == dimension_);
  rows_.push_back(std::move(row));
  features_.insert(features_.end(), feature.begin(), feature.end());
}

void PictureRows::clear() {
  rows_.clear();
  features_.clear();
}

PictureRows::Columns PictureRows::columns_of_rows() const {
  Columns columns;
  for (const PictureRow& row : rows_) {
    columns.paths.push_back(row.path);
    columns.contents.push_back(row.content);
    columns.bytes.push_back(static_cast<std::int64_t>(row.bytes));
    columns.modified.push_back(row.modified);
    columns.widths.push_back(row.width);
    columns.heights.push_back(row.height);
  }
  return columns;
}

Batch PictureRows::batch_of(const Columns& columns) const {
  ColumnView feature;
  feature.field = kFeature;
  feature.type = FieldType::kVector;
  feature.vector = {ElementType::kFloat32, dimension_};
  feature.fixed = std::as_bytes(std::span(features_));
  return {.rows = rows_.size(),
          .columns = {
              text_column(kPath, columns.paths), feature, text_column(kContent, columns.contents),
              number_column(kBytes, columns.bytes), number_column(kModified, columns.modified),
              number_column(kWidth, columns.widths), number_column(kHeight, columns.heights)}};
}

}  // namespace simile::pictures
