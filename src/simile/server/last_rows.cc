#include "simile/server/last_rows.h"

#include <algorithm>
#include <cstring>
#include <unordered_set>

namespace simile::server {

namespace {

/// The last row of every key, in order. Empty where no key comes twice.
template <class Key>
std::vector<std::size_t> last_rows(std::span<const Key> keys) {
  // Most clients send them in order.
  if (std::ranges::is_sorted(keys, std::ranges::less_equal{})) return {};
  std::unordered_set<Key> seen;
  seen.reserve(keys.size());
  std::vector<std::size_t> rows;
  for (std::size_t row = keys.size(); row-- > 0;) {
    if (seen.insert(keys[row]).second) rows.push_back(row);
  }
  if (rows.size() == keys.size()) return {};
  std::ranges::reverse(rows);
  return rows;
}

std::vector<std::size_t> last_rows(const ColumnView& keys, std::size_t rows) {
  if (keys.type == FieldType::kString) return last_rows(keys.strings);
  std::vector<std::int64_t> numbers(rows);
  std::memcpy(numbers.data(), keys.fixed.data(), keys.fixed.size());
  return last_rows(std::span<const std::int64_t>(numbers));
}

/// Values of `width` bytes at `places`.
std::vector<std::byte> values_at(std::span<const std::byte> values, std::size_t width,
                                 std::span<const std::size_t> places) {
  std::vector<std::byte> chosen(places.size() * width);
  for (std::size_t i = 0; i < places.size(); ++i) {
    std::memcpy(chosen.data() + i * width, values.data() + places[i] * width, width);
  }
  return chosen;
}

/// `column` with these of its rows; what it borrows is kept in `kept`.
void choose(std::span<const std::size_t> rows, std::size_t all, ColumnView& column,
            BorrowedBatch& kept) {
  if (!column.valid.empty()) {
    auto& valid = kept.valid.emplace_back();
    for (const std::size_t row : rows) valid.push_back(column.valid[row]);
    column.valid = valid;
  }
  std::vector<std::size_t> places(rows.begin(), rows.end());
  std::size_t count = all;
  if (column.type == FieldType::kArray) {
    count = static_cast<std::size_t>(column.offsets.back());
    places.clear();
    auto& offsets = kept.offsets.emplace_back(1, 0);
    for (const std::size_t row : rows) {
      for (std::uint64_t at = column.offsets[row]; at < column.offsets[row + 1]; ++at) {
        places.push_back(static_cast<std::size_t>(at));
      }
      offsets.push_back(places.size());
    }
    column.offsets = offsets;
  }
  if (!column.strings.empty()) {
    auto& views = kept.views.emplace_back();
    for (const std::size_t place : places) views.push_back(column.strings[place]);
    column.strings = views;
  }
  if (!column.fixed.empty()) {
    const std::size_t width = column.fixed.size() / count;
    column.fixed = kept.bytes.emplace_back(values_at(column.fixed, width, places));
  }
}

}  // namespace

void keep_last_rows(std::string_view key, BorrowedBatch& borrowed) {
  Batch& batch = borrowed.batch;
  const auto keys = std::ranges::find(batch.columns, key, &ColumnView::field);
  // Nulls and wrong types are the engine's to refuse.
  const bool whole = keys != batch.columns.end() && keys->valid.empty() &&
                     (keys->type == FieldType::kString ? keys->strings.size() == batch.rows
                                                       : keys->fixed.size() == batch.rows * 8);
  if (!whole) return;
  const std::vector<std::size_t> rows = last_rows(*keys, batch.rows);
  if (rows.empty()) return;
  for (ColumnView& column : batch.columns) choose(rows, batch.rows, column, borrowed);
  batch.rows = rows.size();
}

}  // namespace simile::server
