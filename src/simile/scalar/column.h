#pragma once
/// Values of one scalar field over the rows of one segment, behind one small reading interface:
/// GrowingColumn and SealedColumn implement it; filters, fetches and write_column() read through
/// it.
///
/// Rows are read in blocks of at most kBlockRows, so that a virtual call is paid once a block and
/// what a block needs stays in the nearest cache.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "simile/base/ids.h"
#include "simile/batch.h"
#include "simile/error.h"
#include "simile/schema.h"

namespace simile::scalar {

/// 16 words of a bitmap; 8 KiB of the widest fixed type.
inline constexpr std::size_t kBlockRows = 1024;
inline constexpr std::size_t kBlockWords = kBlockRows / 64;

/// The elements of one array value; T is the C++ type of the element type, std::string_view for
/// strings, std::uint8_t for bool.
struct ArrayView {
  const void* elements = nullptr;
  std::size_t count = 0;

  template <class T>
  std::span<const T> as() const {
    return {static_cast<const T*>(elements), count};
  }
};

/// Some rows of one column. Which pointer is set follows from the type; rows that are null hold
/// zero, an empty string or an empty array.
struct Block {
  const std::byte* fixed = nullptr;           ///< bool..double: rows x width, aligned to the width
  const std::string_view* strings = nullptr;  ///< string, JSON
  const ArrayView* arrays = nullptr;          ///< arrays
  /// 64 rows a word, 1 = not null; bits past the rows of the block are unspecified. Null pointer:
  /// no row is null.
  const std::uint64_t* valid = nullptr;

  template <class T>
  const T* as() const {
    return reinterpret_cast<const T*>(fixed);
  }
  bool is_null(std::size_t row) const {
    return valid != nullptr && ((valid[row >> 6] >> (row & 63)) & 1) == 0;
  }
};

/// Memory that a Block may point into; reused from block to block by one thread.
struct BlockScratch {
  alignas(64) std::byte fixed[kBlockRows * 8];
  std::uint64_t valid[kBlockWords];
  std::vector<std::string_view> strings;
  std::vector<ArrayView> arrays;
  std::vector<std::string_view> elements;
};

/// Thread rule: any call from any thread, also while one thread appends to a growing column.
class ColumnReader {
 public:
  explicit ColumnReader(Field field) : field_(std::move(field)) {}
  ColumnReader(const ColumnReader&) = delete;
  ColumnReader& operator=(const ColumnReader&) = delete;
  virtual ~ColumnReader() = default;

  const Field& field() const { return field_; }

  /// Call before the first block() or pick(): a sealed column then verifies its bytes, once; later
  /// calls cost one atomic load. kDataLoss names file and section.
  virtual Status check() const = 0;

  /// Rows [first, first + count): `first` is a multiple of kBlockRows, 0 < count <= kBlockRows.
  /// Valid until `scratch` is used again.
  virtual Block block(std::size_t first, std::size_t count, BlockScratch& scratch) const = 0;

  /// The listed rows, in that order; at most kBlockRows of them. Valid as above.
  virtual Block pick(std::span<const RowId> rows, BlockScratch& scratch) const = 0;

  /// Memory held, mapped files not counted.
  virtual std::uint64_t memory_bytes() const = 0;

 private:
  Field field_;
};

class ColumnIndex;

/// The columns of one segment.
class ColumnSource {
 public:
  virtual ~ColumnSource() = default;
  /// Null where there is none. The column lives as long as the source.
  virtual const ColumnReader* column(std::string_view field) const = 0;
  /// An index over all its rows, or null. Lives as long as the source.
  virtual const ColumnIndex* column_index(std::string_view) const { return nullptr; }
};

/// The values of `rows`, in that order and as often as listed, in the public form.
Result<Column> gather(const ColumnReader& column, std::span<const RowId> rows);

}  // namespace simile::scalar
