#pragma once
/// Rows of one collection: what growing and sealed segments have in common.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "simile/base/ids.h"
#include "simile/error.h"
#include "simile/index/index.h"
#include "simile/index/sparse/sparse_index.h"
#include "simile/scalar/column.h"
#include "simile/segment/deleted_rows.h"
#include "simile/segment/key.h"

namespace simile::segment {

/// The first `rows` rows but the deleted ones.
struct RowsInSight {
  std::size_t rows = 0;
  const DeletedRows* deleted = nullptr;  ///< null: none

  bool contains(RowId row) const {
    return value_of(row) < rows && (deleted == nullptr || !deleted->contains(row));
  }
};

/// Rows never change and never move: deleting is the business of whoever looks at a segment (see
/// deleted_rows.h), and so is how many of its rows he may see.
/// Thread rule: any call from any thread, also while one thread appends to a growing segment; then
/// for rows that were appended before the caller learned of them.
///
/// column() of a nullable vector field is the column of null_vectors.h.
class Segment : public scalar::ColumnSource {
 public:
  /// The vectors of the first `rows` rows of a field, by its position in the schema, in contiguous
  /// parts, each but the last of a multiple of 64 rows. Memory lives as long as the segment.
  virtual std::vector<index::Rows> vectors(std::size_t field, std::size_t rows) const = 0;

  /// The last one among the rows in sight that has this key, or kNoRow. `hash` is hash_of(key).
  /// kDataLoss where the keys are damaged.
  virtual Result<RowId> find(const Key& key, std::uint64_t hash,
                             const RowsInSight& sight) const = 0;

  /// The index over all rows of a vector field; null where there is none (yet).
  virtual const index::VectorIndex* index(std::size_t field) const = 0;
  /// The same of a sparse field, whose rows are those of its column.
  virtual const index::SparseIndex* sparse_index(std::size_t field) const = 0;

  /// Memory held, mapped files not counted.
  virtual std::uint64_t memory_bytes() const = 0;
};

}  // namespace simile::segment
