#pragma once
/// Which rows a call is about.

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

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
};

}  // namespace simile
