#include "simile/segment/key_map.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/segment/key.h"

namespace simile::segment {

namespace {

constexpr std::string_view kKind = "keys";
constexpr std::uint32_t kFormat = 1;
constexpr std::string_view kSection = "slots";

/// The power of two that leaves at least a quarter free.
std::size_t slots_for(std::size_t rows) {
  return std::bit_ceil(std::max<std::size_t>(rows + rows / 3 + 1, 4));
}

}  // namespace

std::unique_ptr<KeyMap> KeyMap::build(const scalar::ColumnReader& keys, std::size_t rows) {
  std::unique_ptr<KeyMap> map(new KeyMap);
  map->rows_ = rows;
  map->built_.assign(slots_for(rows), 0);
  std::vector<std::uint64_t>& slots = map->built_;
  const std::size_t mask = slots.size() - 1;
  const bool is_text = keys.field().type == FieldType::kString;
  for_each_key(keys, rows, [&](RowId row, const Key& key) {
    const std::uint64_t hash = hash_of(key, is_text);
    std::size_t at = hash & mask;
    while (slots[at] != 0) at = (at + 1) & mask;
    slots[at] = (hash >> 32 << 32) | (value_of(row) + 1);
  });
  map->slots_ = slots;
  return map;
}

Status KeyMap::write(io::Storage& storage, const std::string& path) const {
  SIMILE_ASSIGN(auto file, io::SectionWriter::create(storage, path, kKind, kFormat));
  SIMILE_TRY(file->add_section(kSection, std::as_bytes(slots_)));
  return file->finish();
}

Result<std::unique_ptr<KeyMap>> KeyMap::open(const io::Storage& storage, const std::string& path,
                                             std::size_t rows) {
  std::unique_ptr<KeyMap> map(new KeyMap);
  SIMILE_ASSIGN(auto file, storage.open(path));
  SIMILE_ASSIGN(map->file_, io::SectionReader::open(std::move(file), kKind, kFormat));
  SIMILE_ASSIGN(const auto bytes, map->file_->verified_section(kSection));
  if (bytes.size() != slots_for(rows) * sizeof(std::uint64_t)) {
    return fail(ErrorCode::kDataLoss,
                join_text(path, " does not fit its segment of ", rows, " rows"));
  }
  map->rows_ = rows;
  map->slots_ = {reinterpret_cast<const std::uint64_t*>(bytes.data()),
                 bytes.size() / sizeof(std::uint64_t)};
  return map;
}

}  // namespace simile::segment
