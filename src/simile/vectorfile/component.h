#pragma once
/// What one component of a vector is in a file, and how it becomes what is delivered.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "simile/error.h"
#include "simile/types.h"

namespace simile::vectorfile {

enum class StoredType : std::uint8_t {
  kFloat32,
  kFloat64,
  kFloat16,
  kInt8,
  kUint8,
  kInt32,
  kBool,  ///< one byte, 0 or not
};

std::size_t width_of(StoredType type);
std::string_view name_of(StoredType type);

/// What a row of `columns` stored components is delivered as; `element` as in OpenOptions.
/// kInvalidArgument where there is no such conversion, or the dimension is out of range.
Result<VectorType> delivered_type(StoredType stored, std::uint64_t columns,
                                  std::optional<ElementType> element);

/// Converts rows; construct it from what delivered_type() accepted.
class Conversion {
 public:
  Conversion(StoredType stored, std::size_t columns, VectorType type)
      : stored_(stored), columns_(columns), type_(type) {}

  std::size_t stored_row_bytes() const { return columns_ * width_of(stored_); }
  VectorType type() const { return type_; }
  /// True where rows are the same bytes on both sides.
  bool identity() const;

  /// Converts `rows` rows. A value that does not fit is an error that names its row, counted from
  /// `first_row`, and says which type holds it. `from` and `to` do not overlap.
  Status convert(const std::byte* from, std::size_t rows, std::uint64_t first_row,
                 std::byte* to) const;

 private:
  StoredType stored_;
  std::size_t columns_;
  VectorType type_;
};

}  // namespace simile::vectorfile
