#pragma once
/// Where the vector is in a CSV file.

#include <cstddef>
#include <string>
#include <vector>

#include "simile/error.h"
#include "simile/vectorfile/cell.h"

namespace simile::vectorfile {

struct CsvLayout {
  bool header = false;             ///< the first record holds names
  std::vector<std::string> names;  ///< of all columns
  std::size_t vector_first = 0;    ///< columns [first, first + count) are the vector
  std::size_t vector_count = 0;    ///< 0: column vector_first holds lists
};

/// Decides from the first record:
/// 1. It is a header where a cell is neither a number nor a list, or where the cells count 0, 1, 2
///    and so on, as pandas names columns. Without a header the names are "0", "1", ... An unnamed
///    first column is "id".
/// 2. A column called `vector_column` holds lists.
/// 3. Else the vector is the longest run of neighbours whose names count up: v0 v1 v2, or 0 1 2;
///    `id_column` is never part of it.
/// Messages do not name the file.
Result<CsvLayout> plan_csv(const std::vector<Cell>& first, const std::string& vector_column,
                           const std::string& id_column);

/// The separator that the first line has most of: comma, semicolon, tab or bar.
char guess_separator(std::string_view start);

}  // namespace simile::vectorfile
