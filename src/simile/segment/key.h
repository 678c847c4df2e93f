#pragma once
/// Primary keys, int64 or string, as everything below a collection sees them.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "simile/base/ids.h"
#include "simile/batch.h"
#include "simile/error.h"
#include "simile/scalar/column.h"

namespace simile::segment {

/// A borrowed key. `text` is used where the schema's key is a string, `number` where it is int64;
/// the other one stays empty, so that comparing both is right for either.
struct Key {
  std::int64_t number = 0;
  std::string_view text;

  friend bool operator==(const Key&, const Key&) = default;
};

/// Part of the key map's format: XXH3 of the text; for numbers the finaliser of SplitMix64, since
/// 8 bytes are hashed by it in 1 ns and consecutive ids spread over all bits.
std::uint64_t hash_of(const Key& key, bool is_text);

/// `'cat'` or `17`, for messages.
std::string describe(const Key& key, bool is_text);

/// The keys of a batch or of a call, one by one. Borrows what it is made of.
class KeyList {
 public:
  /// `column` is of type kInt64 or kString and passed validate_batch().
  KeyList(const ColumnView& column, std::size_t rows);
  explicit KeyList(const KeysView& keys);

  std::size_t size() const { return size_; }
  bool is_text() const { return is_text_; }
  Key at(std::size_t i) const;

 private:
  const std::byte* numbers_ = nullptr;  // not aligned
  const std::string_view* texts_ = nullptr;
  std::size_t size_ = 0;
  bool is_text_ = false;
};

/// kInvalidArgument where the keys are not of the type of the schema's key; no keys fit any.
Status check_key_type(const Schema& schema, const KeyList& keys);

/// The key of one row. The text lives as long as the column's segment, or as `scratch`.
Key key_at(const scalar::ColumnReader& keys, RowId row, scalar::BlockScratch& scratch);

/// Calls visit(RowId, Key) for rows [0, rows) in order. The column was checked.
template <class Visit>
void for_each_key(const scalar::ColumnReader& keys, std::size_t rows, Visit&& visit) {
  const bool is_text = keys.field().type == FieldType::kString;
  scalar::BlockScratch scratch;
  for (std::size_t first = 0; first < rows; first += scalar::kBlockRows) {
    const std::size_t count = rows - first < scalar::kBlockRows ? rows - first : scalar::kBlockRows;
    const scalar::Block block = keys.block(first, count, scratch);
    for (std::size_t i = 0; i < count; ++i) {
      Key key;
      if (is_text) {
        key.text = block.strings[i];
      } else {
        key.number = block.as<std::int64_t>()[i];
      }
      visit(RowId{static_cast<std::uint32_t>(first + i)}, key);
    }
  }
}

}  // namespace simile::segment
