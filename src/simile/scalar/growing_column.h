#pragma once
/// A column in memory that grows at its end while others read it.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "simile/scalar/arena.h"
#include "simile/scalar/column.h"

namespace simile::scalar {

/// Invariants:
/// 1. A value never moves: chunk 0 holds rows [0, kBlockRows), chunk c >= 1 the rows
///    [kBlockRows << (c - 1), kBlockRows << c). So 23 chunks hold every RowId, no directory is
///    reallocated, and a block never crosses chunks.
/// 2. Every row has its own bytes (nulls are one byte a row, not a bit), so a reader of row i and
///    the writer of row i + 1 never touch the same memory location.
///
/// Thread rule: one thread appends. Any thread reads rows that were appended before it learned of
/// them through a release/acquire pair: rows(), or the row count that the segment publishes.
class GrowingColumn final : public ColumnReader {
 public:
  /// Of any field but a vector.
  explicit GrowingColumn(const Field& field);

  /// Appends `rows` rows of a column that validate_batch() accepted; everything is copied. Where
  /// the field has a default, it takes the place of nulls.
  void append(const ColumnView& values, std::size_t rows);
  /// For a field that the batch leaves out: its default, or null.
  void append_missing(std::size_t rows);
  /// For keys that the collection gives out; the field must be kInt64.
  void append_int64(std::span<const std::int64_t> values);

  std::size_t rows() const { return rows_.load(std::memory_order_acquire); }

  Status check() const override { return {}; }
  Block block(std::size_t first, std::size_t count, BlockScratch& scratch) const override;
  Block pick(std::span<const RowId> rows, BlockScratch& scratch) const override;
  std::uint64_t memory_bytes() const override;

 private:
  struct Chunk {
    std::unique_ptr<std::byte[]> values;      // width_ bytes a row
    std::unique_ptr<std::uint8_t[]> present;  // nullable fields: one byte a row, 1 = not null
  };
  static constexpr std::size_t kChunks = 23;

  /// Room for rows [first, first + count) of one chunk; count is cut to the end of the chunk.
  Chunk& chunk_for_append(std::size_t first, std::size_t& count);
  void append_part(const ColumnView& values, std::size_t from, std::size_t count);
  ArrayView copy_array(const ColumnView& values, std::size_t row);
  std::string_view copy_text(std::string_view text);
  /// Makes rows [0, rows) visible.
  void publish(std::size_t rows);

  std::vector<std::byte> default_;  // fixed-width fields that have one
  std::string_view default_text_;   // of the field
  std::size_t width_;  // of a value in a chunk: the type's, or of a view into the arena
  std::atomic<std::size_t> rows_{0};
  std::array<Chunk, kChunks> chunks_;
  std::uint64_t chunk_bytes_ = 0;
  Arena arena_;
  std::atomic<std::uint64_t> memory_bytes_{0};
};

}  // namespace simile::scalar
