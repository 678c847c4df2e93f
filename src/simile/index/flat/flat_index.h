#pragma once
/// Exact search by comparing the query with every row that is allowed.
///
/// 1. One query, or few: rows are streamed once a query by the scan kernel, at memory bandwidth.
/// 2. Many queries: tiles of queries x rows by the block kernel, at the speed of a matrix product.
///    Float tiles round differently from the pair kernel (|a|^2 + |b|^2 - 2ab cancels), so a tile
///    only nominates: k plus some slack candidates are kept and computed again row by row. Where
///    the rounding bound says that a row outside the candidates could belong to the k nearest, the
///    query is answered by 1 instead. So results are those of 1, always.
/// 3. Few rows allowed: only those are gathered.

#include <atomic>
#include <memory>

#include "simile/index/index.h"

namespace simile::index {

class FlatIndex final : public VectorIndex {
 public:
  FlatIndex(const Rows& rows, Metric metric);

  IndexKind kind() const override { return IndexKind::kFlat; }
  std::size_t size() const override { return rows_.vectors.rows; }
  void search(const MatrixView& queries, const SearchOptions& options, Hit* hits) const override;
  Status save(io::SectionWriter& writer) const override;
  std::uint64_t memory_bytes() const override;

 private:
  float longest_squared() const;

  Rows rows_;
  Metric metric_;
  mutable std::atomic<float> longest_squared_{-1};  // computed once, at the first block search
};

/// Exact search of one query; `allowed` as in SearchOptions. Also the way out of other indexes
/// where few rows are allowed. Writes options.k hits.
void scan_exact(const Rows& rows, Metric metric, const void* query, const SearchOptions& options,
                Hit* hits);

}  // namespace simile::index
