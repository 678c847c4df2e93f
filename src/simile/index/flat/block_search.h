#pragma once
/// Exact search of many queries at the speed of a matrix product; see flat_index.h.

#include "simile/index/index.h"

namespace simile::index {

/// Writes options.k hits a query, the same as scan_exact query by query. Any type but bits.
void search_blocks(const Rows& rows, Metric metric, const MatrixView& queries,
                   const SearchOptions& options, Hit* hits);

}  // namespace simile::index
