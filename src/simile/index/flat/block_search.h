#pragma once
/// Exact search of many queries at the speed of a matrix product; see flat_index.h.

#include "simile/index/index.h"
#include "simile/index/top_k.h"

namespace simile::index {

/// Writes options.k hits a query; the same as scan_exact query by query. `longest_row_squared` is
/// longest_squared_length(rows.vectors).
void search_blocks(const Rows& rows, Metric metric, const MatrixView& queries,
                   const SearchOptions& options, float longest_row_squared, Hit* hits);

/// The largest squared Euclidean length among the rows; 0 for types whose tiles are exact.
float longest_squared_length(const MatrixView& rows);

/// Sorted hits into `hits`, then Hit{} up to k.
void write_hits(TopK& top, std::size_t k, Hit* hits);

}  // namespace simile::index
