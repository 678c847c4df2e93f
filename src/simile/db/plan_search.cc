#include "simile/db/plan_search.h"

#include <algorithm>

#include "simile/index/graph/graph_index.h"
#include "simile/index/graph/search_cost.h"

namespace simile::db {

SearchPath plan_search(const SearchConditions& conditions) {
  if (conditions.allowed == 0) return SearchPath::kNone;
  if (conditions.exact || !conditions.has_index) return SearchPath::kScan;
  const std::size_t effort = conditions.effort == 0 ? index::kDefaultEffort : conditions.effort;
  const index::SearchSize size{conditions.rows, conditions.allowed, conditions.k,
                               std::max<std::size_t>(effort, conditions.k)};
  if (index::scan_hops(size) <= index::walk_hops(size)) return SearchPath::kScan;
  return conditions.allowed == conditions.rows ? SearchPath::kGraph : SearchPath::kGraphAmong;
}

}  // namespace simile::db
