#pragma once
/// What every index over the rows of one segment can do.

#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <vector>

#include "simile/base/bitmap.h"
#include "simile/base/ids.h"
#include "simile/base/shared_gate.h"
#include "simile/error.h"
#include "simile/io/section_file.h"
#include "simile/progress.h"
#include "simile/types.h"

namespace simile::index {

/// A row and its distance (types.h: smaller is nearer).
struct Hit {
  float distance = std::numeric_limits<float>::quiet_NaN();
  RowId row = kNoRow;
};

/// The total order of results: by distance, ties by row.
inline bool nearer(const Hit& a, const Hit& b) {
  return a.distance < b.distance || (a.distance == b.distance && a.row < b.row);
}

/// Exact rows, borrowed for the life of the index that was built on them.
struct Rows {
  MatrixView vectors;
  /// kCosine: 1 / Euclidean length of every row (as inverse_lengths() computes it). Else empty.
  std::span<const float> inverse_lengths;
  /// The vectors are mapped from a file, of which not all need be in memory.
  bool on_disk = false;
};

struct SearchOptions {
  std::uint32_t k = 10;
  std::uint32_t effort = 0;         ///< beam width of graphs; 0: the default
  const Bitmap* allowed = nullptr;  ///< rows that may be returned; null: all. Size = rows
  const CancelToken* cancel = nullptr;
};

/// Thread rule: search, save and memory_bytes from any number of threads.
class VectorIndex {
 public:
  virtual ~VectorIndex() = default;
  virtual IndexKind kind() const = 0;
  /// Rows covered: RowIds [0, size()).
  virtual std::size_t size() const = 0;
  /// k hits a query, nearest first; unused places hold Hit{}. If at least k rows are allowed, k
  /// come back. One thread; the caller spreads queries. Distances are exact ones. Queries have the
  /// rows' type, but float32 where the rows are float16 or bfloat16.
  virtual void search(const MatrixView& queries, const SearchOptions& options, Hit* hits) const = 0;
  /// The effort by which searches for the k nearest reach `recall`, in (0, 1], as calibrated on the
  /// rows and on queries asked before, these included; 0 where every search is exact. What has to
  /// be measured for it takes a second or so.
  virtual std::uint32_t effort_for(const MatrixView& queries, std::uint32_t k,
                                   float recall) const = 0;
  /// What was measured, by k and effort.
  virtual std::vector<CalibrationPoint> calibration() const = 0;
  /// Adds its sections ("graph.*") to a file; flat indexes add none.
  virtual Status save(io::SectionWriter& writer) const = 0;
  /// Memory beside the rows.
  virtual std::uint64_t memory_bytes() const = 0;
};

struct GraphOptions {
  std::uint32_t degree = 32;
  std::uint32_t build_effort = 64;
  std::uint64_t seed = 1;
  Optimize optimize = Optimize::kSpeed;
};

struct BuildContext {
  std::uint32_t threads = 0;
  Progress progress = {};
  const CancelToken* cancel = nullptr;
  /// What searches of the index hold together while it changes, or null where there are none: then
  /// it is held alone for moments only.
  SharedGate* gate = nullptr;
};

/// 1 / Euclidean length of each row, in double, the same on every machine.
void inverse_lengths(const MatrixView& vectors, std::span<float> out);

/// Exact search by scanning `rows`; holds nothing of its own.
std::unique_ptr<VectorIndex> make_flat(const Rows& rows, Metric metric);

/// The same rows and options give the same bytes for any number of threads and any instruction set.
/// kCancelled leaves nothing behind.
Result<std::unique_ptr<VectorIndex>> build_graph(const Rows& rows, Metric metric,
                                                 const GraphOptions& options,
                                                 const BuildContext& context);

/// Reads the sections that save() added, verifying each; kDataLoss where they are damaged or do not
/// fit `rows`.
Result<std::unique_ptr<VectorIndex>> load_graph(const io::SectionReader& reader, const Rows& rows,
                                                Metric metric);

}  // namespace simile::index
