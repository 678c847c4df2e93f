#include "simile/cli/recall.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <string>

namespace simile::cli {

namespace {

/// Counts rows that stand in `keys` for the first time.
class FirstSeen {
 public:
  explicit FirstSeen(const Column& keys) : keys_(keys) {}
  void clear() {
    numbers_.clear();
    strings_.clear();
  }
  bool insert(std::size_t row) {
    if (keys_.type == FieldType::kString) return strings_.insert(keys_.strings[row]).second;
    return numbers_.insert(keys_.values<std::int64_t>()[row]).second;
  }

 private:
  const Column& keys_;
  std::set<std::int64_t> numbers_;
  std::set<std::string> strings_;
};

}  // namespace

double recall_of(const SearchResult& exact, const SearchResult& found) {
  const std::size_t queries = exact.offsets.size() - 1;
  std::uint64_t wanted = 0;
  std::uint64_t hits = 0;
  FirstSeen seen(found.rows.columns.front());
  for (std::size_t query = 0; query < queries; ++query) {
    const std::uint64_t first = exact.offsets[query];
    const std::uint64_t last = exact.offsets[query + 1];
    if (first == last) continue;
    const double farthest = exact.distances[static_cast<std::size_t>(last - 1)];
    const double bound = farthest + 1e-5 * std::fabs(farthest);
    std::uint64_t good = 0;
    seen.clear();
    for (std::uint64_t i = found.offsets[query]; i < found.offsets[query + 1]; ++i) {
      const auto row = static_cast<std::size_t>(i);
      if (found.distances[row] <= bound && seen.insert(row)) ++good;
    }
    wanted += last - first;
    hits += std::min(good, last - first);
  }
  return wanted == 0 ? 1 : static_cast<double>(hits) / static_cast<double>(wanted);
}

double percentile(std::vector<double>& values, double share) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  const double rank = std::ceil(share * static_cast<double>(values.size()));
  const auto at = static_cast<std::size_t>(std::max(rank, 1.0)) - 1;
  return values[std::min(at, values.size() - 1)];
}

}  // namespace simile::cli
