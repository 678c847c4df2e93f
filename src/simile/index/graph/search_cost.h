#pragma once
/// What a walk and a scan cost, both in hops of a walk: the one place where they are compared.
///
/// A walk expands about as many nodes as its beam holds. Under a filter the beam has to hold k rows
/// that match, so it is wider by what stands between them: if one row in s matches, k of them are
/// among the nearest k * s, and four times as many are held, since the walk misses some. Measured
/// at 128 components: a hop takes 450 ns; a row takes 20 ns where all rows are read in order, and
/// 100 ns where a few are picked out, each with its own page.

#include <algorithm>
#include <cstddef>

namespace simile::index {

struct SearchSize {
  std::size_t rows = 0;
  std::size_t allowed = 0;  ///< rows that may be returned; at least 1
  std::size_t k = 10;
  std::size_t effort = 64;  ///< at least k
};

/// Nodes that the walk's beam holds, all in all.
inline double walk_hops(const SearchSize& size) {
  constexpr double kSpare = 4;
  const double others = static_cast<double>(size.rows - size.allowed);
  return static_cast<double>(size.effort) +
         kSpare * static_cast<double>(size.k) * others / static_cast<double>(size.allowed);
}

inline double scan_hops(const SearchSize& size) {
  constexpr double kRowsInOrder = 22;
  constexpr double kRowsPickedOut = 5;
  return std::min(static_cast<double>(size.rows) / kRowsInOrder,
                  static_cast<double>(size.allowed) / kRowsPickedOut);
}

}  // namespace simile::index
