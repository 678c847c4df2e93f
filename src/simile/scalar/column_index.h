#pragma once
/// Rows of a sealed column by their values, so that filters need not look at every row.
/// docs/formats/scalar-index.md.
///
/// 1. An index is a list of different keys in order, and for each the rows that have it:
///      inverted  the values that occur: integers and bools as int64, float and double as double,
///                texts; of an array its elements. Null has no key
///      n-gram    the sequences of three bytes that occur in a text, as gram_key() numbers them
/// 2. The order makes it a sorted index: a comparison, a range or a prefix is a run of keys, and
/// how
///    many rows they have is known before one of them is read.
/// 3. Rows of a key are a list, or, where that is smaller, a bitmap: so it is a bitmap index, too,
///    of fields of few values.
/// 4. Deletions change nothing: what is found is cut with the rows in sight.

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "simile/base/bitmap.h"
#include "simile/error.h"
#include "simile/io/section_file.h"
#include "simile/progress.h"
#include "simile/schema.h"

namespace simile::scalar {

class ColumnReader;

enum class KeyKind : std::uint8_t { kInteger, kReal, kText };

/// Bytes of the sequences that n-gram indexes are made of.
inline constexpr std::size_t kGramBytes = 3;

/// The number of the sequence at `at`, nine bits a byte: 0 where the text is at its end, else the
/// byte + 1. So what begins with one or two bytes is a run of keys, also at the end of a text.
inline std::int64_t gram_key(std::string_view text, std::size_t at) {
  std::int64_t key = 0;
  for (std::size_t i = at; i < at + kGramBytes; ++i) {
    key = key << 9 | (i < text.size() ? std::int64_t{static_cast<unsigned char>(text[i])} + 1 : 0);
  }
  return key;
}

/// Of the index that the field asks for.
KeyKind key_kind_of(const Field& field);

/// Whether fields like this can have the index.
bool can_have_index(const Field& field, ScalarIndex kind);

/// Adds the sections ("scalar.*") of the index of `column`, which has `rows` rows and whose texts
/// stay where they are, as those of sealed columns do.
Status write_column_index(io::SectionWriter& writer, const ColumnReader& column, std::size_t rows,
                          const CancelToken* cancel);

/// Thread rule: any call from any thread.
class ColumnIndex {
 public:
  /// Verifies every section; kDataLoss where they are damaged or do not fit. Keeps the reader.
  static Result<std::unique_ptr<ColumnIndex>> load(std::shared_ptr<const io::SectionReader> reader,
                                                   const Field& field, std::size_t rows);

  const Field& field() const { return field_; }
  ScalarIndex kind() const { return field_.scalar_index; }
  std::size_t rows() const { return rows_; }
  std::size_t key_count() const { return starts_.size() - 1; }
  std::uint64_t memory_bytes() const;

  /// A run of keys by their positions: [first, end).
  struct Keys {
    std::size_t first = 0;
    std::size_t end = 0;
  };
  /// Of values in [least, most].
  Keys integers(std::int64_t least, std::int64_t most) const;
  Keys reals(double least, double most) const;
  Keys text(std::string_view text) const;
  Keys texts_below(std::string_view text) const;
  Keys texts_with_prefix(std::string_view prefix) const;
  /// Of the texts that have these bytes somewhere, 1 to kGramBytes of them.
  Keys grams(std::string_view bytes) const;

  /// How often rows have these keys: a row that has several counts for each.
  std::uint64_t entries(Keys keys) const {
    return keys.first < keys.end ? starts_[keys.end] - starts_[keys.first] : 0;
  }
  /// What add_rows() costs, as many nanoseconds as it takes roughly.
  double read_cost(Keys keys) const;
  /// Sets their rows among the first out.size() ones.
  void add_rows(Keys keys, Bitmap& out) const;

  /// Filters that it has served, and rows that these did not look at for it.
  std::uint64_t uses() const { return uses_.load(std::memory_order_relaxed); }
  std::uint64_t rows_spared() const { return rows_spared_.load(std::memory_order_relaxed); }
  void note_use(std::uint64_t rows_spared) const {
    uses_.fetch_add(1, std::memory_order_relaxed);
    rows_spared_.fetch_add(rows_spared, std::memory_order_relaxed);
  }

 private:
  explicit ColumnIndex(const Field& field, std::size_t rows) : field_(field), rows_(rows) {}
  Status read_keys();
  Status check_lists();
  std::size_t words() const { return (rows_ + 63) / 64; }
  std::string_view text_at(std::size_t key) const {
    return {reinterpret_cast<const char*>(heap_.data()) + text_starts_[key],
            text_starts_[key + 1] - text_starts_[key]};
  }
  /// The first key for which before(text) is false.
  template <class Before>
  std::size_t partition_texts(Before&& before) const;
  /// Of the keys with bitmaps the first one that is not before `key`.
  std::size_t first_dense(std::size_t key) const;
  void add_lists(Keys keys, std::size_t dense, Bitmap& out) const;

  const Field field_;
  const std::size_t rows_;
  std::shared_ptr<const io::SectionReader> reader_;
  std::span<const std::int64_t> integers_;
  std::span<const double> reals_;
  std::span<const std::uint64_t> text_starts_;
  std::span<const std::byte> heap_;
  std::span<const std::uint64_t> starts_;  // entries before each key, and of all at the end
  std::span<const std::uint32_t> lists_;
  std::span<const std::uint32_t> dense_;  // keys that have a bitmap, ascending
  std::span<const std::uint64_t> bitmaps_;
  std::vector<std::uint64_t> dense_before_;  // entries of the first keys with bitmaps
  mutable std::atomic<std::uint64_t> uses_{0};
  mutable std::atomic<std::uint64_t> rows_spared_{0};
};

}  // namespace simile::scalar
