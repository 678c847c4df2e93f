#pragma once
/// Caller's ids of the rows of a standalone index.
///
/// Ids 0, 1, 2, ... in the order of the rows, which is the usual case, cost nothing until one is
/// different or removed; then each row has its id and a place in a hash table of rows.

#include <cstdint>
#include <span>
#include <vector>

#include "simile/base/ids.h"

namespace simile::db {

class IdTable {
 public:
  /// Rows so far, removed ones included.
  std::size_t rows() const { return rows_; }
  std::int64_t id_of(RowId row) const {
    return counting_ ? static_cast<std::int64_t>(value_of(row)) : ids_[value_of(row)];
  }
  /// The row that has this id, or kNoRow.
  RowId find(std::int64_t id) const;
  /// One more than the largest id ever given.
  std::int64_t next_id() const { return next_id_; }

  /// Gives the next row this id, which no row has.
  void append(std::int64_t id);
  /// Gives the next `count` rows ids from next_id() on.
  void append_next(std::size_t count);
  /// Restores a row from a file: its id, which is free where it is not `live`.
  void append_listed(std::int64_t id, bool live);
  /// Gives a row that has lost its id another one, which no row has.
  void replace(RowId row, std::int64_t id);
  /// Forgets the rows from `rows` on, and their ids.
  void truncate(std::size_t rows, std::int64_t next_id);
  /// The id of `row` is free again.
  void remove(RowId row);

  /// Makes next_id() at least `id`.
  void keep_next_id(std::int64_t id);

  /// True while ids are row numbers.
  bool counting() const { return counting_; }
  std::span<const std::int64_t> ids() const { return ids_; }
  /// The most that memory_bytes() is with so many rows, added at once.
  static std::uint64_t bytes_for(std::uint64_t rows);
  std::uint64_t memory_bytes() const {
    return ids_.capacity() * sizeof(std::int64_t) + slots_.capacity() * sizeof(std::uint32_t);
  }

 private:
  void leave_counting();
  void insert_slot(std::uint32_t row);
  void grow();
  std::size_t home(std::int64_t id) const;

  bool counting_ = true;
  std::size_t rows_ = 0;
  std::int64_t next_id_ = 0;
  std::vector<std::int64_t> ids_;
  std::vector<std::uint32_t> slots_;  // rows; open addressing with linear probing
  std::size_t used_ = 0;              // slots that are or were taken
};

}  // namespace simile::db
