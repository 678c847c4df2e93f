#pragma once
/// The rows that were written last, in memory; their durability is the log's business.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "simile/batch.h"
#include "simile/scalar/growing_column.h"
#include "simile/schema.h"
#include "simile/segment/growing_keys.h"
#include "simile/segment/growing_vectors.h"
#include "simile/segment/segment.h"

namespace simile::segment {

/// Thread rule: one thread appends, at a time. What it appended may be read by whoever learned of
/// it through a view that was published afterwards.
class GrowingSegment final : public Segment {
 public:
  explicit GrowingSegment(std::shared_ptr<const Schema> schema);

  /// Rows that validate_batch() accepted, everything is copied. `ids`: the keys, where the
  /// collection gives them out, else empty. `hashes`: hash_of() each key.
  void append(const Batch& batch, std::span<const std::int64_t> ids,
              std::span<const std::uint64_t> hashes);

  /// Appended so far, published or not; the appending thread's.
  std::size_t rows() const { return rows_; }

  const Schema& schema() const { return *schema_; }
  const scalar::ColumnReader* column(std::string_view field) const override;
  std::vector<index::Rows> vectors(std::size_t field, std::size_t rows) const override;
  Result<RowId> find(const Key& key, std::uint64_t hash, const RowsInSight& sight) const override;
  const index::VectorIndex* index(std::size_t) const override { return nullptr; }
  const index::SparseIndex* sparse_index(std::size_t) const override { return nullptr; }
  std::uint64_t memory_bytes() const override;

 private:
  /// `values`: null where all rows are.
  void append_vectors(std::size_t field, const ColumnView* values, std::size_t rows);

  std::shared_ptr<const Schema> schema_;
  // By position in the schema; which of the two is set depends on the field's type: both for a
  // nullable vector.
  std::vector<std::unique_ptr<scalar::GrowingColumn>> columns_;
  std::vector<std::unique_ptr<GrowingVectors>> vectors_;
  const scalar::GrowingColumn* key_column_ = nullptr;
  GrowingKeys keys_;
  std::size_t rows_ = 0;
};

}  // namespace simile::segment
