#pragma once
/// Running a search plan: the window of each query, between two distances where the plan says so.

#include <cstdint>
#include <utility>
#include <vector>

#include "simile/server/search_plan.h"

namespace simile::server {

struct FoundHits {
  SearchResult result;
  /// Of each query, which positions of the result are its hits: [first, second).
  std::vector<std::pair<std::uint64_t, std::uint64_t>> windows;
};

/// The first `skip` hits in the range are left out, beside the plan's offset.
Answer<FoundHits> run_search(const Snapshot& snapshot, const SearchPlan& plan,
                             std::size_t skip = 0);

}  // namespace simile::server
