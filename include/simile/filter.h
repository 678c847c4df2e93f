#pragma once
/// Which rows a call is about, and how they are found.

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "simile/progress.h"
#include "simile/schema.h"

namespace simile {

/// What stands for {name} in a filter expression: a constant, or a list of them.
struct FilterValue {
  std::variant<bool, std::int64_t, double, std::string, std::vector<FilterValue>> value;

  friend bool operator==(const FilterValue&, const FilterValue&) = default;
};
using FilterValues = std::map<std::string, FilterValue, std::less<>>;

struct RowFilter {
  std::string where;    ///< a filter expression, docs/filters.md; empty: all rows
  FilterValues values;  ///< for the {names} in it
  std::vector<std::string> partitions = {};  ///< only rows in one of these; empty: in any
  const CancelToken* cancel = nullptr;       ///< ends the look for rows with kCancelled
};

/// An index that filters use, of a scalar field. Segments of fewer than 4,096 rows, and rows that
/// were not flushed yet, have none: a look at each takes microseconds.
struct ScalarIndexInfo {
  std::string field;
  ScalarIndex kind = ScalarIndex::kInverted;
  std::uint64_t rows = 0;          ///< live
  std::uint64_t indexed_rows = 0;  ///< live rows that it covers
  std::uint64_t disk_bytes = 0;
  std::uint64_t uses = 0;         ///< segments of which it served a filter, since these were opened
  std::uint64_t rows_spared = 0;  ///< that these filters did not look at
};

/// How a filter is answered: by indexes where that costs less than a look at every row.
struct FilterPlan {
  struct Index {
    std::string field;
    ScalarIndex kind = ScalarIndex::kInverted;
    std::uint64_t segments = 0;  ///< in which it served
    std::uint64_t entries = 0;   ///< rows that it named there
  };
  std::uint64_t rows = 0;       ///< in sight
  std::uint64_t selected = 0;   ///< for which it is true
  std::uint64_t looked_at = 0;  ///< whose values were read
  std::uint64_t segments = 0;
  std::vector<Index> indexes;  ///< that served
};

}  // namespace simile
