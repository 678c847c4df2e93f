#pragma once
/// What a simile::Index holds; see standalone_index.cc for the invariants.

#include <cstdint>
#include <memory>
#include <shared_mutex>
#include <span>
#include <vector>

#include "simile/base/bitmap.h"
#include "simile/db/id_table.h"
#include "simile/index.h"
#include "simile/index/graph/graph_index.h"
#include "simile/index/index.h"
#include "simile/quantization/compact_rows.h"
#include "simile/quantization/exact_scorer.h"

namespace simile::db {

struct StandaloneState {
  static constexpr std::uint64_t kRowsMax = (1u << 30) - 1;  // a graph numbers nodes in 30 bits

  explicit StandaloneState(const IndexOptions& index_options);

  std::size_t row_count() const { return live.size(); }
  std::size_t dead() const { return live.size() - live_count; }
  std::uint64_t rows_free() const { return kRowsMax - live.size(); }

  /// All rows, dead ones included.
  index::Rows view() const;

  /// Input is checked already. On an error nothing is found that was not before.
  Status append(const MatrixView& vectors, std::span<const std::int64_t> new_ids,
                const index::BuildContext& context);
  std::uint64_t remove(std::span<const std::int64_t> gone);
  /// Drops dead rows and builds the index again.
  Status rebuild(const index::BuildContext& context);
  /// Queries of query_type(); on the calling thread.
  void search(const MatrixView& queries, const IndexSearchOptions& search_options,
              std::int64_t* out_ids, float* out_distances) const;
  std::uint64_t memory_bytes() const;

  IndexOptions options;
  quantization::CompactRows rows;
  std::vector<float> inverse_lengths;  // cosine only
  IdTable ids;
  Bitmap live;
  std::size_t live_count = 0;
  std::unique_ptr<index::GraphIndex> graph;  // null for flat
  std::unique_ptr<index::VectorIndex> flat;  // null for graph
  mutable std::shared_mutex mutex;

 private:
  Status update_index(const index::BuildContext& context);
};

}  // namespace simile::db
