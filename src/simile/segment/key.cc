#include "simile/segment/key.h"

#include <cstring>
#include <span>

#include "simile/base/checksum.h"
#include "simile/base/text.h"

namespace simile::segment {

std::uint64_t hash_of(const Key& key, bool is_text) {
  if (is_text) return checksum64(std::as_bytes(std::span(key.text)));
  std::uint64_t z = static_cast<std::uint64_t>(key.number) + 0x9E37'79B9'7F4A'7C15u;
  z = (z ^ (z >> 30)) * 0xBF58'476D'1CE4'E5B9u;
  z = (z ^ (z >> 27)) * 0x94D0'49BB'1331'11EBu;
  return z ^ (z >> 31);
}

std::string describe(const Key& key, bool is_text) {
  if (is_text) return join_text('\'', key.text, '\'');
  return join_text(key.number);
}

KeyList::KeyList(const ColumnView& column, std::size_t rows)
    : size_(rows), is_text_(column.type == FieldType::kString) {
  if (is_text_) {
    texts_ = column.strings.data();
  } else {
    numbers_ = column.fixed.data();
  }
}

KeyList::KeyList(const KeysView& keys) {
  if (const auto* numbers = std::get_if<std::span<const std::int64_t>>(&keys)) {
    numbers_ = reinterpret_cast<const std::byte*>(numbers->data());
    size_ = numbers->size();
  } else {
    const auto& texts = std::get<std::span<const std::string_view>>(keys);
    texts_ = texts.data();
    size_ = texts.size();
    is_text_ = true;
  }
}

Key KeyList::at(std::size_t i) const {
  Key key;
  if (is_text_) {
    key.text = texts_[i];
  } else {
    std::memcpy(&key.number, numbers_ + i * sizeof key.number, sizeof key.number);
  }
  return key;
}

Status check_key_type(const Schema& schema, const KeyList& keys) {
  const Field& field = schema.primary_key();
  if (keys.size() == 0 || keys.is_text() == (field.type == FieldType::kString)) return {};
  return fail(ErrorCode::kInvalidArgument,
              join_text("primary key '", field.name, "' is ", name_of(field.type), ", not ",
                        keys.is_text() ? "string" : "int64"));
}

Key key_at(const scalar::ColumnReader& keys, RowId row, scalar::BlockScratch& scratch) {
  const scalar::Block block = keys.pick(std::span(&row, 1), scratch);
  Key key;
  if (keys.field().type == FieldType::kString) {
    key.text = block.strings[0];
  } else {
    key.number = block.as<std::int64_t>()[0];
  }
  return key;
}

}  // namespace simile::segment
