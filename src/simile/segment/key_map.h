#pragma once
/// Key hash -> row of a sealed segment: a hash table in a file of its own, since it is derived from
/// the rows and rebuilt where it is damaged. docs/formats/segment.md.
///
/// Open addressing at most three quarters full, not sorted keys: a lookup touches one or two cache
/// lines instead of log2(rows), and upserts look into every segment. A slot holds 32 bits of the
/// hash beside the row, so that an absent key hardly ever costs a look at the key column.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "simile/base/ids.h"
#include "simile/error.h"
#include "simile/io/section_file.h"
#include "simile/scalar/column.h"

namespace simile::segment {

/// Immutable. The same keys give the same bytes.
class KeyMap {
 public:
  /// In memory; the column was checked.
  static std::unique_ptr<KeyMap> build(const scalar::ColumnReader& keys, std::size_t rows);
  /// Verifies the whole file; kDataLoss where it is damaged or of another number of rows.
  static Result<std::unique_ptr<KeyMap>> open(const io::Storage& storage, const std::string& path,
                                              std::size_t rows);
  /// Durable on return.
  Status write(io::Storage& storage, const std::string& path) const;

  /// The row with this hash for which accept(row) holds, or kNoRow.
  template <class Accept>
  RowId find(std::uint64_t hash, Accept&& accept) const {
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = hash & mask;
    // Bounded: a file may have a good checksum and no free slot.
    for (std::size_t step = 0; step < slots_.size(); ++step, at = (at + 1) & mask) {
      const std::uint64_t slot = slots_[at];
      if (slot == 0) return kNoRow;
      const std::uint32_t row = static_cast<std::uint32_t>(slot) - 1;
      if ((slot >> 32) == (hash >> 32) && row < rows_ && accept(RowId{row})) return RowId{row};
    }
    return kNoRow;
  }

  /// Memory held, mapped files not counted.
  std::uint64_t memory_bytes() const { return built_.size() * sizeof(std::uint64_t); }

 private:
  KeyMap() = default;

  std::size_t rows_ = 0;
  std::span<const std::uint64_t> slots_;  // hash's upper half << 32 | row + 1; 0 is free
  std::vector<std::uint64_t> built_;
  std::unique_ptr<io::SectionReader> file_;
};

}  // namespace simile::segment
