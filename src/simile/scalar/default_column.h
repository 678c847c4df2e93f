#pragma once
/// Defaults as values: those of rows that were written before their field was there, too.

#include <cstddef>
#include <memory>
#include <vector>

#include "simile/scalar/column.h"

namespace simile::scalar {

/// The default of a field of fixed width, as its values are stored.
std::vector<std::byte> default_bytes(const Field& field);

/// A column that holds the field's default in every row, or null where it has none.
std::unique_ptr<ColumnReader> make_default_column(const Field& field);

}  // namespace simile::scalar
