#pragma once
/// How one segment answers a search: the one place where that is decided.

#include <cstddef>
#include <cstdint>

namespace simile::db {

enum class SearchPath : std::uint8_t {
  kNone,        ///< no row may be returned
  kScan,        ///< compare with every allowed row: exact
  kGraph,       ///< walk the graph
  kGraphAmong,  ///< walk the graph, return allowed rows only
};

struct SearchConditions {
  std::size_t rows = 0;
  std::size_t allowed = 0;  ///< rows that are live and match the filter
  std::uint32_t k = 10;
  std::uint32_t effort = 0;  ///< 0: the default
  bool has_index = false;
  bool exact = false;
};

/// Pure. Compares what a scan reads, one row after the other, with what a graph reads, at random.
SearchPath plan_search(const SearchConditions& conditions);

}  // namespace simile::db
