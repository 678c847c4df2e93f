#include "simile/scalar/filter/lookup.h"

#include <algorithm>
#include <utility>

#include "simile/scalar/filter/literal_set.h"

namespace simile::scalar::filter {

namespace {

/// To find one key among a million: 20 steps, the last ones beyond the caches.
constexpr double kFindCost = 150;
/// To join two bitmaps, a word.
constexpr double kJoinCost = 0.3;

/// Of a pattern so many sequences are looked up at most.
constexpr std::size_t kGramsMax = 64;

ColumnIndex::Keys keys_equal_to(const ColumnIndex& index, KeyKind kind, const Scalar& value) {
  const bool is_real = kind == KeyKind::kReal;
  switch (value.kind) {
    case Kind::kString:
      return kind == KeyKind::kText ? index.text(value.text) : ColumnIndex::Keys{};
    case Kind::kBool: return index.integers(value.truth ? 1 : 0, value.truth ? 1 : 0);
    case Kind::kDouble:
      return is_real ? index.reals(value.number, value.number) : ColumnIndex::Keys{};
    case Kind::kInt: {
      if (!is_real) return index.integers(value.integer, value.integer);
      const auto real = static_cast<double>(value.integer);
      const bool same = compare_exactly(value.integer, real) == 0;
      return same ? index.reals(real, real) : ColumnIndex::Keys{};
    }
    default: return {};
  }
}

double words_of(const Indexes& indexes) { return static_cast<double>(indexes.rows) / 64; }

}  // namespace

Lookup lookup_keys(const Indexes& indexes, const ColumnIndex& index,
                   std::vector<ColumnIndex::Keys> keys) {
  Lookup lookup;
  lookup.index = &index;
  for (const ColumnIndex::Keys run : keys) {
    lookup.rows += static_cast<double>(index.entries(run));
    lookup.cost += kFindCost + index.read_cost(run);
  }
  lookup.rows = std::min(lookup.rows, static_cast<double>(indexes.rows));
  lookup.keys = std::move(keys);
  return lookup;
}

Lookup lookup_others(const Indexes& indexes, const ColumnIndex& index, ColumnIndex::Keys keys) {
  if (keys.first >= keys.end) return lookup_keys(indexes, index, {{0, index.key_count()}});
  return lookup_keys(indexes, index, {{0, keys.first}, {keys.end, index.key_count()}});
}

MaybeLookup lookup_set(const Indexes& indexes, const ColumnIndex& index, const LiteralSet& set) {
  if (static_cast<double>(set.size()) * kFindCost > indexes.cost_max) return std::nullopt;
  std::vector<ColumnIndex::Keys> keys;
  const KeyKind kind = key_kind_of(index.field());
  set.for_each([&](const Scalar& value) {
    const ColumnIndex::Keys run = keys_equal_to(index, kind, value);
    if (run.first < run.end) keys.push_back(run);
  });
  Lookup lookup = lookup_keys(indexes, index, std::move(keys));
  lookup.cost = std::max(lookup.cost, static_cast<double>(set.size()) * kFindCost);
  return lookup;
}

MaybeLookup lookup_grams(const Indexes& indexes, const ColumnIndex& index,
                         std::span<const std::string_view> runs) {
  std::vector<Lookup> parts;
  for (const std::string_view run : runs) {
    for (std::size_t at = 0; at + kGramBytes <= run.size() && parts.size() < kGramsMax; ++at) {
      parts.push_back(lookup_keys(indexes, index, {index.grams(run.substr(at, kGramBytes))}));
    }
  }
  // One or two bytes are a run of keys with many rows: better than nothing.
  for (std::size_t i = 0; i < runs.size() && parts.size() < kGramsMax; ++i) {
    const bool is_short = !runs[i].empty() && runs[i].size() < kGramBytes;
    if (is_short) parts.push_back(lookup_keys(indexes, index, {index.grams(runs[i])}));
  }
  return lookup_all(indexes, std::move(parts), false);
}

MaybeLookup lookup_all(const Indexes& indexes, std::vector<Lookup> parts, bool complete) {
  if (parts.empty()) return std::nullopt;
  std::ranges::stable_sort(parts, {}, &Lookup::rows);
  const auto total = static_cast<double>(indexes.rows);
  const std::size_t offered = parts.size();
  Lookup all;
  all.all = true;
  all.rows = total;
  for (Lookup& part : parts) {
    const double left = total > 0 ? all.rows * part.rows / total : 0;
    const double cost = part.cost + words_of(indexes) * kJoinCost;
    if (!all.parts.empty() && cost > (all.rows - left) * kPickCost) continue;
    all.rows = left;
    all.cost += cost;
    all.exact = all.exact && part.exact;
    all.parts.push_back(std::move(part));
  }
  all.exact = all.exact && complete && all.parts.size() == offered;
  return all;
}

Lookup lookup_any(const Indexes& indexes, std::vector<Lookup> parts) {
  Lookup any;
  for (const Lookup& part : parts) {
    any.rows += part.rows;
    any.cost += part.cost + words_of(indexes) * kJoinCost;
    any.exact = any.exact && part.exact;
  }
  any.rows = std::min(any.rows, static_cast<double>(indexes.rows));
  any.parts = std::move(parts);
  return any;
}

Bitmap rows_of(const Lookup& lookup, std::size_t rows) {
  if (!lookup.parts.empty()) {
    Bitmap joined = rows_of(lookup.parts[0], rows);
    for (const Lookup& part : std::span(lookup.parts).subspan(1)) {
      if (lookup.all) {
        joined &= rows_of(part, rows);
      } else {
        joined |= rows_of(part, rows);
      }
    }
    return joined;
  }
  Bitmap found(rows);
  for (const ColumnIndex::Keys keys : lookup.keys) lookup.index->add_rows(keys, found);
  return found;
}

}  // namespace simile::scalar::filter
