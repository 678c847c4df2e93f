#pragma once
/// What a simile::Index holds; see standalone_index.cc for the invariants.

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "simile/base/bitmap.h"
#include "simile/base/shared_gate.h"
#include "simile/db/id_table.h"
#include "simile/index.h"
#include "simile/index/graph/graph_index.h"
#include "simile/index/index.h"
#include "simile/quantization/compact_rows.h"
#include "simile/quantization/exact_scorer.h"

namespace simile::db {

/// Thread rule: who changes anything, or saves, holds `writing`; search() holds `gate` together,
/// and so does who reads a number without `writing`. What searches read is changed while `gate` is
/// held alone.
struct StandaloneState {
  static constexpr std::uint64_t kRowsMax = (1u << 30) - 1;  // a graph numbers nodes in 30 bits

  explicit StandaloneState(const IndexOptions& index_options);

  /// Places of rows, those included that are not in use.
  std::size_t row_count() const { return live.size(); }
  std::size_t dead() const { return live.size() - live_count; }
  std::uint64_t rows_free() const { return kRowsMax - live_count; }

  /// Where rows are in a file; "" where they are in memory.
  static std::string scratch_folder(const IndexOptions& options);

  const index::VectorIndex& index() const {
    return graph ? static_cast<const index::VectorIndex&>(*graph) : *flat;
  }
  /// All rows, dead ones included.
  index::Rows view() const;

  /// Input is checked already. On an error nothing is found that was not before.
  Status append(const MatrixView& vectors, std::span<const std::int64_t> new_ids,
                const index::BuildContext& context);
  /// Returns how many there were.
  std::uint64_t remove(std::span<const std::int64_t> gone, const index::BuildContext& context);
  /// Where most places are not in use even if `more` rows come, gives them back: builds the index
  /// again, beside searches. After kCancelled all is as before.
  Status shrink(std::size_t more, const index::BuildContext& context);
  /// Queries of query_type(); on the calling thread.
  void search(const MatrixView& queries, const IndexSearchOptions& search_options,
              std::int64_t* out_ids, float* out_distances) const;
  std::uint64_t memory_bytes() const;
  MemoryEstimate estimate(std::uint64_t row_count) const;

  IndexOptions options;
  quantization::CompactRows rows;
  std::vector<float> inverse_lengths;  // cosine only
  IdTable ids;
  Bitmap live;
  std::size_t live_count = 0;
  std::unique_ptr<index::GraphIndex> graph;  // null for flat
  std::unique_ptr<index::VectorIndex> flat;  // null for graph
  std::mutex writing;
  mutable SharedGate gate;

 private:
  std::unique_ptr<index::GraphIndex> make_graph() const;
  std::vector<std::uint32_t> places_for(std::size_t count) const;
  void hold(const MatrixView& vectors, std::span<const std::uint32_t> places,
            std::span<const std::int64_t> new_ids, std::uint32_t threads);
  Status index_rows(std::span<const std::uint32_t> places, index::BuildContext context);
  void take_back(std::span<const std::uint32_t> places, std::size_t rows_before,
                 std::int64_t next_id);
  bool mostly_unused(std::size_t more) const;
  void forget_all(std::int64_t next_id);
};

}  // namespace simile::db
