#include <algorithm>
#include <cstring>

#include "simile/base/check.h"
#include "simile/scalar/column.h"

namespace simile::scalar {

namespace {

void append_array(const ArrayView& array, FieldType element_type, Column& out) {
  if (element_type == FieldType::kString) {
    for (const std::string_view text : array.as<std::string_view>()) out.strings.emplace_back(text);
  } else if (array.count > 0) {
    const std::span bytes = array.as<std::byte>();
    out.fixed.insert(out.fixed.end(), bytes.data(),
                     bytes.data() + array.count * width_of(element_type));
  }
  out.offsets.push_back(out.offsets.back() + array.count);
}

void append_block(const Block& block, std::size_t count, Column& out) {
  if (block.fixed != nullptr) {
    out.fixed.insert(out.fixed.end(), block.fixed, block.fixed + count * width_of(out.type));
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (block.strings != nullptr) out.strings.emplace_back(block.strings[i]);
    if (block.arrays != nullptr) append_array(block.arrays[i], out.element_type, out);
    if (block.is_null(i)) {
      if (out.valid.empty()) out.valid.assign(out.rows, 1);
      out.valid[out.rows - count + i] = 0;
    }
  }
}

}  // namespace

Result<Column> gather(const ColumnReader& column, std::span<const RowId> rows) {
  SIMILE_TRY(column.check());
  Column out;
  out.field = column.field().name;
  out.type = column.field().type;
  out.element_type = column.field().element_type;
  if (out.type == FieldType::kArray) out.offsets.push_back(0);
  const auto scratch = std::make_unique<BlockScratch>();
  for (std::size_t first = 0; first < rows.size(); first += kBlockRows) {
    const std::size_t count = std::min(kBlockRows, rows.size() - first);
    out.rows += count;
    if (!out.valid.empty()) out.valid.resize(out.rows, 1);
    append_block(column.pick(rows.subspan(first, count), *scratch), count, out);
  }
  return out;
}

}  // namespace simile::scalar
