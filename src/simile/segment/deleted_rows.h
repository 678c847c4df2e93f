#pragma once
/// Which rows of a segment are deleted.
///
/// A version is immutable and shared by the snapshots that see it; a commit that deletes more
/// copies the bits, once for all its batches. A plain bitmap, not a compressed one: the largest
/// segment needs 500 KB, which is copied in 30 us, a tenth of the sync that the same commit waits
/// for; and searches use its words as they are.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "simile/base/bitmap.h"
#include "simile/error.h"
#include "simile/io/storage.h"

namespace simile::segment {

struct DeletedRows {
  Bitmap rows;  ///< rows past its size are not deleted
  std::size_t count = 0;

  bool contains(RowId row) const { return value_of(row) < rows.size() && rows.test(row); }
  /// False where the row is deleted already.
  bool add(RowId row);
  /// Takes back an add().
  void remove(RowId row);
};

/// Null: none is deleted.
using DeletedPointer = std::shared_ptr<const DeletedRows>;

/// The rows among [0, rows) that are not deleted.
Bitmap live_rows(const DeletedPointer& deleted, std::size_t rows);

/// A file with the deleted rows of a segment of `rows` rows, durable on return.
/// docs/formats/segment.md.
Status write_deletes(io::Storage& storage, const std::string& path, const DeletedRows& deleted,
                     std::size_t rows);
/// kDataLoss where it is damaged or belongs to a segment of another size.
Result<DeletedPointer> read_deletes(const io::Storage& storage, const std::string& path,
                                    std::size_t rows);

}  // namespace simile::segment
