/// 1. The column is walked once, to number its different keys and to count the rows of each.
/// 2. Keys are put in order; from the counts follow the place of each list, and whether a bitmap
///    takes less than a list.
/// 3. The column is walked again, and every row goes where it belongs.
/// So the memory that this takes is that of the different keys and of the lists, not of one pair of
/// key and row for every entry: of n-grams there are some fifty a row.

#include <algorithm>
#include <limits>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "simile/base/check.h"
#include "simile/scalar/column.h"
#include "simile/scalar/column_index.h"

namespace simile::scalar {

namespace {

template <class T>
Status add_values(io::SectionWriter& writer, std::string_view name, std::span<const T> values) {
  return writer.add_section(name, std::as_bytes(values));
}

/// Numbers of keys, in the order in which they come.
template <class Key>
class KeyNumbers {
 public:
  std::uint32_t number(const Key& key) {
    const auto [found, is_new] = numbers_.try_emplace(key, size_);
    if (is_new) ++size_;
    return found->second;
  }
  std::size_t size() const { return size_; }
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (const auto& [key, number] : numbers_) visit(key, number);
  }

 private:
  std::unordered_map<Key, std::uint32_t> numbers_;
  std::uint32_t size_ = 0;
};

/// Those of grams: of 2^27 possible ones whole pages are in use or not, and a look-up is two loads.
/// A million texts of 50 bytes take 100 million look-ups.
class GramNumbers {
 public:
  GramNumbers() : pages_(std::size_t{1} << (27 - kPageBits)) {}

  std::uint32_t number(std::int64_t gram) {
    auto& page = pages_[static_cast<std::size_t>(gram >> kPageBits)];
    if (!page) page = std::make_unique<std::uint32_t[]>(kPage);
    std::uint32_t& number = page[static_cast<std::size_t>(gram) % kPage];
    if (number == 0) number = ++size_;
    return number - 1;
  }
  std::size_t size() const { return size_; }
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (std::size_t p = 0; p < pages_.size(); ++p) {
      for (std::size_t i = 0; pages_[p] && i < kPage; ++i) {
        if (pages_[p][i] != 0) visit(static_cast<std::int64_t>(p * kPage + i), pages_[p][i] - 1);
      }
    }
  }

 private:
  static constexpr std::size_t kPageBits = 12;
  static constexpr std::size_t kPage = std::size_t{1} << kPageBits;
  std::vector<std::unique_ptr<std::uint32_t[]>> pages_;
  std::uint32_t size_ = 0;
};

/// Calls visit(key) for what a row of a block is found by.
template <class T, class Visit>
void for_each_value(const Field& field, const Block& block, std::size_t row, Visit&& visit) {
  if (field.type == FieldType::kArray) {
    for (const T& value : block.arrays[row].as<T>()) visit(value);
  } else if constexpr (std::is_same_v<T, std::string_view>) {
    visit(block.strings[row]);
  } else {
    visit(block.as<T>()[row]);
  }
}

void for_each_gram(std::string_view text, auto&& visit) {
  for (std::size_t at = 0; at < text.size(); ++at) visit(gram_key(text, at));
}

struct Walk {
  const ColumnReader& column;
  std::size_t rows;
  const CancelToken* cancel;

  /// Calls visit(key, row) for every row that is not null; a row may have a key more than once.
  template <class T, class Key, class Visit>
  Status each(Visit&& visit) const {
    const Field& field = column.field();
    const auto scratch = std::make_unique<BlockScratch>();
    for (std::size_t first = 0; first < rows; first += kBlockRows) {
      if (cancel != nullptr && cancel->cancelled()) return fail(ErrorCode::kCancelled, "cancelled");
      const std::size_t count = std::min(kBlockRows, rows - first);
      const Block block = column.block(first, count, *scratch);
      for (std::size_t i = 0; i < count; ++i) {
        if (block.is_null(i)) continue;
        const auto row = static_cast<std::uint32_t>(first + i);
        if constexpr (std::is_same_v<T, std::string_view> && std::is_same_v<Key, std::int64_t>) {
          for_each_gram(block.strings[i], [&](Key key) { visit(key, row); });
        } else {
          for_each_value<T>(field, block, i,
                            [&](const T& value) { visit(static_cast<Key>(value), row); });
        }
      }
    }
    return {};
  }
};

/// Lists and bitmaps of the keys, once how many rows each has is known.
class Places {
 public:
  /// `counts` are those of the keys in order.
  Places(std::vector<std::uint64_t> counts, std::size_t rows) : words_((rows + 63) / 64) {
    std::uint64_t listed = 0;
    for (std::size_t key = 0; key < counts.size(); ++key) {
      const bool dense = counts[key] * sizeof(std::uint32_t) > words_ * sizeof(std::uint64_t);
      if (dense) dense_.push_back(static_cast<std::uint32_t>(key));
      next_.push_back(dense ? dense_.size() - 1 : listed);
      is_dense_.push_back(dense);
      starts_.push_back(starts_.back() + counts[key]);
      if (!dense) listed += counts[key];
    }
    lists_.resize(listed);
    bitmaps_.resize(dense_.size() * words_);
  }

  void add(std::size_t key, std::uint32_t row) {
    if (is_dense_[key]) {
      bitmaps_[next_[key] * words_ + row / 64] |= std::uint64_t{1} << (row % 64);
    } else {
      lists_[next_[key]++] = row;
    }
  }

  Status write(io::SectionWriter& writer) const {
    SIMILE_TRY(add_values<std::uint64_t>(writer, "scalar.starts", starts_));
    SIMILE_TRY(add_values<std::uint32_t>(writer, "scalar.rows", lists_));
    SIMILE_TRY(add_values<std::uint32_t>(writer, "scalar.dense", dense_));
    return add_values<std::uint64_t>(writer, "scalar.bitmaps", bitmaps_);
  }

 private:
  std::size_t words_;
  std::vector<std::uint64_t> starts_ = {0};
  std::vector<std::uint64_t> next_;  // place in lists_, or number of the bitmap
  std::vector<bool> is_dense_;
  std::vector<std::uint32_t> dense_;
  std::vector<std::uint32_t> lists_;
  std::vector<std::uint64_t> bitmaps_;
};

Status write_keys(io::SectionWriter& writer, const std::vector<std::int64_t>& keys) {
  return add_values<std::int64_t>(writer, "scalar.integers", keys);
}

Status write_keys(io::SectionWriter& writer, const std::vector<double>& keys) {
  return add_values<double>(writer, "scalar.reals", keys);
}

Status write_keys(io::SectionWriter& writer, const std::vector<std::string_view>& keys) {
  std::vector<std::uint64_t> starts = {0};
  for (const std::string_view key : keys) starts.push_back(starts.back() + key.size());
  SIMILE_TRY(add_values<std::uint64_t>(writer, "scalar.text_starts", starts));
  SIMILE_TRY(writer.begin_section("scalar.heap"));
  for (const std::string_view key : keys) SIMILE_TRY(writer.append(std::as_bytes(std::span(key))));
  return {};
}

/// T: what values lie as. Key: what they are found by; integers of texts are grams.
template <class T, class Key, class Numbers = KeyNumbers<Key>>
Status write_index(io::SectionWriter& writer, const Walk& walk) {
  constexpr auto kNoRow = std::numeric_limits<std::uint32_t>::max();
  Numbers numbers;
  std::vector<std::uint64_t> counts;
  std::vector<std::uint32_t> last_rows;  // a row counts once for a key
  SIMILE_TRY((walk.each<T, Key>([&](const Key& key, std::uint32_t row) {
    const std::uint32_t number = numbers.number(key);
    if (number == counts.size()) {
      counts.push_back(0);
      last_rows.push_back(kNoRow);
    }
    if (std::exchange(last_rows[number], row) != row) ++counts[number];
  })));

  std::vector<std::pair<Key, std::uint32_t>> order;
  order.reserve(numbers.size());
  numbers.for_each([&](const Key& key, std::uint32_t number) { order.emplace_back(key, number); });
  std::ranges::sort(order);
  std::vector<Key> keys;
  std::vector<std::uint64_t> ordered_counts;
  std::vector<std::uint32_t> positions(order.size());
  for (const auto& [key, number] : order) {
    positions[number] = static_cast<std::uint32_t>(keys.size());
    keys.push_back(key);
    ordered_counts.push_back(counts[number]);
  }

  Places places(std::move(ordered_counts), walk.rows);
  std::ranges::fill(last_rows, kNoRow);
  SIMILE_TRY((walk.each<T, Key>([&](const Key& key, std::uint32_t row) {
    const std::uint32_t number = numbers.number(key);
    if (std::exchange(last_rows[number], row) != row) places.add(positions[number], row);
  })));
  SIMILE_TRY(write_keys(writer, keys));
  return places.write(writer);
}

}  // namespace

Status write_column_index(io::SectionWriter& writer, const ColumnReader& column, std::size_t rows,
                          const CancelToken* cancel) {
  SIMILE_TRY(column.check());
  const Field& field = column.field();
  SIMILE_CHECK(can_have_index(field, field.scalar_index));
  const Walk walk{column, rows, cancel};
  if (field.scalar_index == ScalarIndex::kNgram) {
    return write_index<std::string_view, std::int64_t, GramNumbers>(writer, walk);
  }
  switch (field.type == FieldType::kArray ? field.element_type : field.type) {
    case FieldType::kBool: return write_index<std::uint8_t, std::int64_t>(writer, walk);
    case FieldType::kInt8: return write_index<std::int8_t, std::int64_t>(writer, walk);
    case FieldType::kInt16: return write_index<std::int16_t, std::int64_t>(writer, walk);
    case FieldType::kInt32: return write_index<std::int32_t, std::int64_t>(writer, walk);
    case FieldType::kInt64: return write_index<std::int64_t, std::int64_t>(writer, walk);
    case FieldType::kFloat: return write_index<float, double>(writer, walk);
    case FieldType::kDouble: return write_index<double, double>(writer, walk);
    default: return write_index<std::string_view, std::string_view>(writer, walk);
  }
}

}  // namespace simile::scalar
