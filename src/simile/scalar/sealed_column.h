#pragma once
/// Columns in section files: written once, then read straight from the mapped bytes.
/// docs/formats/columns.md describes them byte for byte.

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "simile/io/section_file.h"
#include "simile/scalar/column.h"

namespace simile::scalar {

/// Rows to write, in this order.
struct ColumnSlice {
  const ColumnReader* column;
  std::span<const RowId> rows;
};

/// Adds the sections of one column ("<name>.values" and the like) with the rows of all slices, one
/// slice after the other. All slices are of the type of `field`. `name` is at most 200 bytes, so
/// number the columns rather than naming them after fields.
Status write_column(io::SectionWriter& writer, std::string_view name, const Field& field,
                    std::span<const ColumnSlice> slices);

/// Opens what write_column() wrote. Costs nothing that grows with `rows`: section sizes are
/// compared here, bytes by ColumnReader::check() before first use. kDataLoss names file and
/// section. `reader` must outlive the column.
Result<std::unique_ptr<ColumnReader>> open_column(const io::SectionReader& reader,
                                                  std::string_view name, const Field& field,
                                                  std::size_t rows);

}  // namespace simile::scalar
