#include "simile/db/plan_search.h"

#include <algorithm>

namespace simile::db {

namespace {

constexpr double kDefaultEffort = 64;
// A walk compares about this many rows for each place in its beam (degree 32, 128-d SIFT) ...
constexpr double kRowsPerPlace = 25;
// ... each of which costs as much as this many rows that are read in order: a cache miss of 100 ns
// and more against 512 bytes at 10 GB/s and a comparison of 10 ns.
constexpr double kRandomRowCost = 3;

}  // namespace

SearchPath plan_search(const SearchConditions& conditions) {
  if (conditions.allowed == 0) return SearchPath::kNone;
  if (conditions.exact || !conditions.has_index) return SearchPath::kScan;
  const double effort = conditions.effort == 0 ? kDefaultEffort : conditions.effort;
  const double places = std::max<double>(effort, conditions.k);
  // With a filter the walk goes on until the beam is full of allowed rows.
  const double selectivity =
      static_cast<double>(conditions.allowed) / static_cast<double>(conditions.rows);
  const double walk = places * kRowsPerPlace * kRandomRowCost / selectivity;
  if (static_cast<double>(conditions.allowed) <= walk) return SearchPath::kScan;
  return conditions.allowed == conditions.rows ? SearchPath::kGraph : SearchPath::kGraphAmong;
}

}  // namespace simile::db
