#pragma once
/// Columns of values: borrowed on the way in, owned on the way out.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "simile/schema.h"

namespace simile {

/// Borrowed values of one field for all rows of a batch. Which spans are used depends on `type`:
///   bool..double, vectors  fixed: rows x width bytes in native order (bool: one byte, 0 or 1)
///   string, json, sparse   strings: one view a row; of a sparse vector its packed entries
///   array                  offsets: rows + 1 positions into the elements, which lie in fixed
///                          (bool..double) or strings
struct ColumnView {
  std::string_view field;
  FieldType type = FieldType::kInt64;
  FieldType element_type = FieldType::kInt64;  ///< of an array
  VectorType vector;                           ///< of a vector
  std::span<const std::byte> fixed;
  std::span<const std::string_view> strings;
  std::span<const std::uint64_t> offsets;
  std::span<const std::uint8_t> valid;  ///< empty: none is null; else one byte a row, 0 = null
};

/// Rows to write. The caller keeps everything alive until the call returns.
struct Batch {
  std::size_t rows = 0;
  std::vector<ColumnView> columns;
  std::string_view partition = {};  ///< where the rows go; empty: kDefaultPartition
};

/// Primary keys, int64 or string as the schema says.
using KeysView = std::variant<std::span<const std::int64_t>, std::span<const std::string_view>>;

/// Owned values of one field; the same layout as ColumnView.
struct Column {
  std::string field;
  FieldType type = FieldType::kInt64;
  FieldType element_type = FieldType::kInt64;
  VectorType vector;
  std::size_t rows = 0;
  std::vector<std::byte> fixed;
  std::vector<std::string> strings;
  std::vector<std::uint64_t> offsets;
  std::vector<std::uint8_t> valid;

  /// Typed access to `fixed`; T must have the width of the type.
  template <class T>
  std::span<const T> values() const {
    return {reinterpret_cast<const T*>(fixed.data()), fixed.size() / sizeof(T)};
  }
  bool is_null(std::size_t row) const { return !valid.empty() && valid[row] == 0; }
};

/// Rows read back, column by column; every column has `rows` rows.
struct Table {
  std::size_t rows = 0;
  std::vector<Column> columns;

  /// The named column, or null.
  const Column* find(std::string_view field) const;
};

/// Bytes of one value of a fixed-width type (1 for bool), 0 for the others.
std::size_t width_of(FieldType type);

}  // namespace simile
