#include "simile/db/key_copies.h"

#include "simile/base/check.h"
#include "simile/db/matching_rows.h"

namespace simile::db {

Result<KeyCopies> KeyCopies::matching(const CollectionView& view, const scalar::Filter& filter) {
  KeyCopies copies;
  const Field& key_field = view.schema->primary_key();
  copies.is_text_ = key_field.type == FieldType::kString;
  scalar::BlockScratch scratch;
  for (const SegmentView& part : view.segments) {
    const scalar::ColumnReader* keys = part.segment->column(key_field.name);
    SIMILE_TRY(keys->check());
    SIMILE_ASSIGN(const Bitmap rows, matching_rows(part, filter));
    rows.for_each([&](std::size_t row) {
      copies.add(segment::key_at(*keys, RowId{static_cast<std::uint32_t>(row)}, scratch));
    });
  }
  return copies;
}

void KeyCopies::add(const segment::Key& key) {
  if (is_text_) {
    texts_.emplace_back(key.text);
  } else {
    numbers_.push_back(key.number);
  }
}

KeysView KeyCopies::view() const {
  if (!is_text_) return std::span<const std::int64_t>(numbers_);
  text_views_.assign(texts_.begin(), texts_.end());
  return std::span<const std::string_view>(text_views_);
}

}  // namespace simile::db
