#pragma once
/// An index in memory, without a database around it: vectors and int64 ids, nothing else.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "simile/error.h"
#include "simile/progress.h"
#include "simile/types.h"

namespace simile {

struct IndexOptions {
  VectorType type;  ///< element type and dimension of the rows
  Metric metric = Metric::kL2;
  IndexKind kind = IndexKind::kGraph;
  /// Graph: edges per vertex, 8..128; rounded up to a multiple of 32 except for bits.
  std::uint32_t degree = 32;
  /// Graph: beam width while inserting, 8..4096; at least degree is used.
  std::uint32_t build_effort = 64;
  std::uint64_t seed = 1;
  /// Graph: kMemory keeps 4-bit codes and edges in memory, and the rows themselves in a file.
  Optimize optimize = Optimize::kSpeed;
  /// kMemory: the folder of that file, which has no name and goes with the index; "" is $TMPDIR, or
  /// /var/tmp. An index that was loaded reads its rows from its own file until rows are added.
  std::string folder = {};
};

struct IndexSearchOptions {
  std::uint32_t k = 10;
  /// Graph: beam width, at least k is used ("ef"). 0: what `recall` needs, or 64.
  std::uint32_t effort = 0;
  /// Graph, where effort is 0: the mean share of the k nearest that is to be found, up to 1; 0: not
  /// asked. What effort that takes is measured at the first search and kept (Index::calibration).
  float recall = 0;
  std::uint32_t threads = 1;  ///< 0: every core
};

/// Bytes of memory; see Index::estimate_memory.
struct MemoryEstimate {
  std::uint64_t held = 0;      ///< by the index afterwards, at most
  std::uint64_t building = 0;  ///< at most at one time while it is built, what it holds included
};

/// A graph keeps float32 rows in memory in as few bits as they need: 8 or 16 where that loses
/// nothing; else, beyond 32 MiB of them, 16 with a step for each row (an error of at most 2^-16 of
/// the row's largest component, in distances about 1e-5 of them). A flat index keeps them as they
/// are.
///
/// Removing and adding happen in place: a removed vector's memory serves the next one.
///
/// Thread rule: any call from any thread. add, remove and save are serialised inside; searches go
/// on beside them and wait for moments only, far less than a millisecond mostly. A search beside an
/// add may find some of what is being added.
class Index {
 public:
  static Result<Index> create(const IndexOptions& options);

  /// Reads a file that save() wrote. Every checksum is verified.
  static Result<Index> load(const std::string& path);

  Index(Index&&) noexcept;
  Index& operator=(Index&&) noexcept;
  ~Index();

  /// Adds rows. `ids` is empty (ids go on from the largest so far, or from 0) or has one id >= 0
  /// a row; an id that is present already, or twice in `ids`, is an error, and then nothing is
  /// added. `rows.type` must equal options().type. The result is the same for any `threads`.
  /// Cancelled, it adds nothing.
  Status add(const MatrixView& rows, std::span<const std::int64_t> ids = {},
             std::uint32_t threads = 0, const Progress& progress = {},
             const CancelToken* cancel = nullptr);

  /// Writes `queries.rows` x k ids and distances, nearest first, row by row; where fewer than k
  /// vectors are there, id -1 and distance NaN. Ties are ordered by insertion, while nothing has
  /// been removed.
  Status search(const MatrixView& queries, const IndexSearchOptions& options, std::int64_t* ids,
                float* distances) const;

  /// Removes vectors by id; returns how many were there. Their ids may be added again. Now and then
  /// it tidies up the graph, and once most are removed gives memory back, which takes as long as to
  /// build what is left; `cancel` puts that off.
  Result<std::uint64_t> remove(std::span<const std::int64_t> ids, std::uint32_t threads = 0,
                               const CancelToken* cancel = nullptr);

  /// Writes one file, atomically: a crash leaves the old file or the new one.
  Status save(const std::string& path) const;

  /// What an index with these options needs for `rows` vectors that are added at once to an empty
  /// one, the caller's copy of them not included. Known before anything is read: rows that need
  /// fewer bits than the most take less.
  MemoryEstimate estimate_memory(std::uint64_t rows) const;

  /// What searches with `recall` have measured so far, by k and effort.
  std::vector<CalibrationPoint> calibration() const;

  const IndexOptions& options() const;
  std::uint64_t size() const;
  /// Bytes of memory held for rows, codes, edges and ids.
  std::uint64_t memory_bytes() const;

 private:
  struct State;
  explicit Index(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace simile
