#pragma once
/// What the indexes of a segment tell about a condition: which rows can make it true, and what it
/// costs to find them, so that whoever asks can choose between that and a look at every row.
///
/// 1. A comparison, a list, a pattern or a contains function of a field with an index is a set of
///    keys. Positions of keys are found in logarithmic time, and how many rows they have is known
///    then; no row is read before all is decided.
/// 2. `and` takes the part with the fewest rows, and of the others those that cost less than a look
///    at the rows they take away. `or` needs all parts.
/// 3. What is exact need not be looked at again: which values make a comparison true was decided
///    once, by the condition itself, for columns and for indexes.

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "simile/base/bitmap.h"
#include "simile/scalar/column_index.h"

namespace simile::scalar::filter {

class LiteralSet;

/// Nanoseconds, roughly: what a row costs that is looked at by itself, beside the condition.
inline constexpr double kPickCost = 30;

struct Lookup {
  const ColumnIndex* index = nullptr;
  std::vector<ColumnIndex::Keys> keys;  ///< where there is an index: rows that have one of them
  std::vector<Lookup> parts;            ///< else: rows of every part, or of any part
  bool all = false;
  bool exact = true;  ///< the rows are those that make the condition true, no others
  double rows = 0;    ///< so many at most, or by the rules of chance
  double cost = 0;    ///< of rows_of(), in nanoseconds
};
using MaybeLookup = std::optional<Lookup>;

/// The indexes of one segment, for one evaluation.
struct Indexes {
  std::span<const ColumnIndex* const> by_column;  ///< null where there is none
  std::size_t rows = 0;
  double cost_max = 0;  ///< of a look at every row

  /// Of the column, if it is of that kind.
  const ColumnIndex* find(std::size_t column, ScalarIndex kind) const {
    const ColumnIndex* index = by_column[column];
    return index != nullptr && index->kind() == kind ? index : nullptr;
  }
};

/// Rows with one of these keys.
Lookup lookup_keys(const Indexes& indexes, const ColumnIndex& index,
                   std::vector<ColumnIndex::Keys> keys);
/// The same for all other keys than a run.
Lookup lookup_others(const Indexes& indexes, const ColumnIndex& index, ColumnIndex::Keys keys);
/// Rows with a value of the set; nothing where it has so many that a look at every row costs less.
MaybeLookup lookup_set(const Indexes& indexes, const ColumnIndex& index, const LiteralSet& set);
/// Texts that have all of these runs of bytes: those of an n-gram index. Nothing without runs.
MaybeLookup lookup_grams(const Indexes& indexes, const ColumnIndex& index,
                         std::span<const std::string_view> runs);

/// Of the parts of an `and` those that have a lookup; `complete`: there are no others.
MaybeLookup lookup_all(const Indexes& indexes, std::vector<Lookup> parts, bool complete);
Lookup lookup_any(const Indexes& indexes, std::vector<Lookup> parts);

/// The rows, among the first `rows` ones.
Bitmap rows_of(const Lookup& lookup, std::size_t rows);

/// Calls visit(index, entries) for every index that takes part.
template <class Visit>
void for_each_index(const Lookup& lookup, Visit&& visit) {
  if (lookup.index != nullptr) {
    std::uint64_t entries = 0;
    for (const ColumnIndex::Keys keys : lookup.keys) entries += lookup.index->entries(keys);
    visit(*lookup.index, entries);
  }
  for (const Lookup& part : lookup.parts) for_each_index(part, visit);
}

}  // namespace simile::scalar::filter
