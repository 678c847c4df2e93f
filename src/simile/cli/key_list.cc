#include "simile/cli/key_list.h"

#include <charconv>

#include "simile/base/text.h"

namespace simile::cli {

Result<KeyList> KeyList::parse(const std::vector<std::string>& texts, FieldType type) {
  KeyList keys;
  keys.type_ = type;
  for (const std::string& text : texts) {
    if (type == FieldType::kString) {
      keys.strings_.emplace_back(text);
      continue;
    }
    std::int64_t key = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, key);
    if (error != std::errc() || stop != end) {
      return fail(ErrorCode::kInvalidArgument,
                  join_text("'", text, "' is no key; the collection's keys are int64"));
    }
    keys.integers_.push_back(key);
  }
  return keys;
}

KeysView KeyList::view() const {
  if (type_ == FieldType::kString) return std::span<const std::string_view>(strings_);
  return std::span<const std::int64_t>(integers_);
}

}  // namespace simile::cli
