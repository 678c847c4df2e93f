#include "simile/server/ranged_search.h"

#include <algorithm>
#include <limits>

namespace simile::server {

namespace {

struct Window {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  bool complete = false;  ///< more candidates would add nothing
};

Window window_of(const SearchResult& found, std::size_t query, const SearchPlan& plan,
                 std::uint32_t k, std::size_t skip) {
  const auto begin = found.distances.begin();
  const auto from = begin + static_cast<std::ptrdiff_t>(found.offsets[query]);
  const auto to = begin + static_cast<std::ptrdiff_t>(found.offsets[query + 1]);
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const auto first = std::lower_bound(from, to, plan.distance_least.value_or(-kInfinity));
  const auto last = plan.distance_below ? std::lower_bound(first, to, *plan.distance_below) : to;
  const auto end = static_cast<std::uint64_t>(last - begin);
  const auto skipped = skip + static_cast<std::uint64_t>(plan.offset);
  Window window;
  window.first = std::min(static_cast<std::uint64_t>(first - begin) + skipped, end);
  window.last = std::min(end, window.first + static_cast<std::uint64_t>(plan.limit));
  window.complete = window.last - window.first == static_cast<std::uint64_t>(plan.limit) ||
                    last != to || static_cast<std::uint64_t>(to - from) < k;
  return window;
}

}  // namespace

Answer<FoundHits> run_search(const Snapshot& snapshot, const SearchPlan& plan, std::size_t skip) {
  SearchRequest request = plan.request;
  request.k = static_cast<std::uint32_t>(std::min<std::uint64_t>(kMaxK, request.k + skip));
  while (true) {
    FoundHits found;
    SIMILE_ASSIGN(found.result, snapshot.search(request));
    bool complete = true;
    for (std::size_t i = 0; i + 1 < found.result.offsets.size(); ++i) {
      const Window window = window_of(found.result, i, plan, request.k, skip);
      found.windows.emplace_back(window.first, window.last);
      complete = complete && window.complete;
    }
    // Nearer ones than the range were in the way: look further.
    if (complete || request.k == kMaxK || !plan.distance_least) return found;
    constexpr std::uint32_t kGrowth = 4;
    request.k = std::min(kMaxK, request.k * kGrowth);
  }
}

}  // namespace simile::server
