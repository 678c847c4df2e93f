#include "simile/db/pick_compaction.h"

#include <algorithm>

namespace simile::db {

namespace {

constexpr std::size_t kRunMin = 4;
constexpr std::uint64_t kTierBase = 1024;
constexpr std::uint64_t kTierFactor = 4;
constexpr int kTierMax = 12;  // 1024 * 4^11 = 2^32 rows

std::uint64_t tier_bound(int tier) {
  std::uint64_t bound = kTierBase;
  for (int i = 0; i < tier; ++i) bound *= kTierFactor;
  return bound;
}

/// The longest run from `first` on of segments that `may_join` and together have at most rows_max
/// live rows.
template <class MayJoin>
CompactionRun run_from(std::span<const SegmentStats> segments, std::size_t first,
                       std::uint64_t rows_max, MayJoin&& may_join) {
  CompactionRun run{first, 0};
  std::uint64_t rows = 0;
  for (std::size_t i = first; i < segments.size() && may_join(segments[i]); ++i) {
    rows += segments[i].live();
    if (rows > rows_max) break;
    ++run.count;
  }
  return run;
}

bool is_balanced(std::span<const SegmentStats> segments, const CompactionRun& run) {
  std::uint64_t all = 0;
  std::uint64_t largest = 0;
  for (const SegmentStats& segment : segments.subspan(run.first, run.count)) {
    all += segment.live();
    largest = std::max(largest, segment.live());
  }
  return largest * 2 <= all;
}

std::optional<CompactionRun> pick_single(std::span<const SegmentStats> segments, bool everything) {
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const SegmentStats& segment = segments[i];
    if (segment.damaged) continue;
    const bool deleted = everything ? segment.deleted != 0 : segment.deleted * 4 >= segment.rows;
    if (segment.rewrite || deleted) return CompactionRun{i, 1};
  }
  return std::nullopt;
}

std::optional<CompactionRun> pick_tier(std::span<const SegmentStats> segments,
                                       std::uint64_t rows_max) {
  for (int tier = 0; tier < kTierMax; ++tier) {
    const auto may_join = [bound = tier_bound(tier)](const SegmentStats& segment) {
      return !segment.damaged && segment.live() <= bound;
    };
    for (std::size_t first = 0; first < segments.size(); ++first) {
      const CompactionRun run = run_from(segments, first, rows_max, may_join);
      if (run.count >= kRunMin && is_balanced(segments, run)) return run;
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<CompactionRun> pick_compaction(std::span<const SegmentStats> segments,
                                             const CompactionGoal& goal) {
  if (!goal.everything) {
    if (const auto single = pick_single(segments, false)) return single;
    return pick_tier(segments, goal.rows_max);
  }
  const auto may_join = [](const SegmentStats& segment) { return !segment.damaged; };
  for (std::size_t first = 0; first < segments.size(); ++first) {
    const CompactionRun run = run_from(segments, first, goal.rows_max, may_join);
    if (run.count >= 2) return run;
  }
  return pick_single(segments, true);
}

}  // namespace simile::db
