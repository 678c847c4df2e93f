#include "simile/segment/growing_segment.h"

#include "simile/base/check.h"

namespace simile::segment {

GrowingSegment::GrowingSegment(std::shared_ptr<const Schema> schema) : schema_(std::move(schema)) {
  for (const Field& field : schema_->fields()) {
    const bool is_vector = field.type == FieldType::kVector;
    columns_.push_back(is_vector ? nullptr : std::make_unique<scalar::GrowingColumn>(field));
    vectors_.push_back(is_vector ? std::make_unique<GrowingVectors>(field) : nullptr);
    if (field.primary_key) key_column_ = columns_.back().get();
  }
}

void GrowingSegment::append(const Batch& batch, std::span<const std::int64_t> ids,
                            std::span<const std::uint64_t> hashes) {
  SIMILE_CHECK(hashes.size() == batch.rows);
  const auto& fields = schema_->fields();
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const ColumnView* values = nullptr;
    for (const ColumnView& column : batch.columns) {
      if (column.field == fields[i].name) values = &column;
    }
    if (vectors_[i]) {
      vectors_[i]->append(values->fixed, batch.rows);
    } else if (values != nullptr) {
      columns_[i]->append(*values, batch.rows);
    } else if (fields[i].primary_key) {
      columns_[i]->append_int64(ids);
    } else {
      columns_[i]->append_missing(batch.rows);
    }
  }
  for (const std::uint64_t hash : hashes) keys_.append(hash);
  rows_ += batch.rows;
}

const scalar::ColumnReader* GrowingSegment::column(std::string_view field) const {
  const Field* found = schema_->find(field);
  return found == nullptr
             ? nullptr
             : columns_[static_cast<std::size_t>(found - schema_->fields().data())].get();
}

std::vector<index::Rows> GrowingSegment::vectors(std::size_t field, std::size_t rows) const {
  return vectors_[field]->parts(rows);
}

Result<RowId> GrowingSegment::find(const Key& key, std::uint64_t hash,
                                   const RowsInSight& sight) const {
  scalar::BlockScratch scratch;
  return keys_.find(hash, [&](RowId row) {
    return sight.contains(row) && key_at(*key_column_, row, scratch) == key;
  });
}

std::uint64_t GrowingSegment::memory_bytes() const {
  std::uint64_t bytes = keys_.memory_bytes();
  for (const auto& column : columns_) bytes += column ? column->memory_bytes() : 0;
  for (const auto& vectors : vectors_) bytes += vectors ? vectors->memory_bytes() : 0;
  return bytes;
}

}  // namespace simile::segment
