#include "simile/segment/growing_segment.h"

#include <cstring>

#include "simile/base/check.h"
#include "simile/segment/null_vectors.h"

namespace simile::segment {

GrowingSegment::GrowingSegment(std::shared_ptr<const Schema> schema) : schema_(std::move(schema)) {
  for (const Field& field : schema_->fields()) {
    const bool is_vector = field.type == FieldType::kVector;
    const bool has_column = !is_vector || field.nullable;
    const Field stored = is_vector ? presence_field(field) : field;
    columns_.push_back(has_column ? std::make_unique<scalar::GrowingColumn>(stored) : nullptr);
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
      append_vectors(i, values, batch.rows);
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

void GrowingSegment::append_vectors(std::size_t field, const ColumnView* values, std::size_t rows) {
  if (columns_[field] == nullptr) {
    vectors_[field]->append(values->fixed, rows);
    return;
  }
  const std::vector<std::byte> falses(rows);
  const std::vector<std::uint8_t> nulls(rows, 0);
  ColumnView presence;
  presence.fixed = falses;
  presence.valid = values == nullptr ? std::span<const std::uint8_t>(nulls) : values->valid;
  const std::vector<std::byte> null = null_vector(schema_->fields()[field]);
  std::vector<std::byte> packed(rows * null.size());
  for (std::size_t i = 0; i < rows; ++i) {
    const bool present = presence.valid.empty() || presence.valid[i] != 0;
    const std::byte* from = present ? values->fixed.data() + i * null.size() : null.data();
    std::memcpy(packed.data() + i * null.size(), from, null.size());
  }
  vectors_[field]->append(packed, rows);
  columns_[field]->append(presence, rows);
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
