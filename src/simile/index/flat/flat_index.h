#pragma once
/// Exact search by comparing the query with every row that is allowed.
///
/// 1. One query, or few, or bits: rows are streamed once by the scan kernel, at memory bandwidth;
///    each chunk meets all queries while it is in cache.
/// 2. Many queries: block_search.h, at the speed of a matrix product. Results are those of 1.
/// 3. Few rows allowed: only those are gathered.

#include <memory>

#include "simile/index/index.h"

namespace simile::index {

class FlatIndex final : public VectorIndex {
 public:
  FlatIndex(const Rows& rows, Metric metric);

  IndexKind kind() const override { return IndexKind::kFlat; }
  std::size_t size() const override { return rows_.vectors.rows; }
  void search(const MatrixView& queries, const SearchOptions& options, Hit* hits) const override;
  std::uint32_t effort_for(const MatrixView&, std::uint32_t, float) const override { return 0; }
  std::vector<CalibrationPoint> calibration() const override { return {}; }
  Status save(io::SectionWriter& writer) const override;
  std::uint64_t memory_bytes() const override;

 private:
  Rows rows_;
  Metric metric_;
};

/// Exact search of one query; `allowed` as in SearchOptions. Also the way out of other indexes
/// where few rows are allowed. Writes options.k hits.
void scan_exact(const Rows& rows, Metric metric, const void* query, const SearchOptions& options,
                Hit* hits);

class TopK;
/// Sorted hits into `hits`, then Hit{} up to k.
void write_hits(TopK& top, std::size_t k, Hit* hits);

}  // namespace simile::index
