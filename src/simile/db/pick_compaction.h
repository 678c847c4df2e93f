#pragma once
/// Which segments to merge next: a pure function, so that the policy can be tested alone.
///
/// 1. Only neighbours are merged, since segments are in the order of insertion.
/// 2. Everyday: a segment that must be rewritten; else one of which a quarter or more is deleted;
///    else at least 4 neighbours of which the largest is no more than half of all, the smallest
///    such tier first. So a row is rewritten O(log rows) times.
/// 3. Everything: neighbours as long as they fit into one segment, then every deleted row.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace simile::db {

struct SegmentStats {
  std::uint64_t rows = 0;
  std::uint64_t deleted = 0;
  bool rewrite = false;  ///< something in its rows file can be mended by writing it again
  bool damaged = false;  ///< cannot be read: leave it alone

  std::uint64_t live() const { return rows - deleted; }
};

struct CompactionGoal {
  std::uint64_t rows_max = 0;
  bool everything = false;
};

struct CompactionRun {
  std::size_t first = 0;
  std::size_t count = 0;

  friend bool operator==(const CompactionRun&, const CompactionRun&) = default;
};

/// Nothing where no merge is worth its while. Merging what it returns, over and over, ends.
std::optional<CompactionRun> pick_compaction(std::span<const SegmentStats> segments,
                                             const CompactionGoal& goal);

}  // namespace simile::db
