#include "simile/scalar/growing_column.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "simile/base/check.h"
#include "simile/scalar/default_column.h"

namespace simile::scalar {

namespace {

std::size_t chunk_of(std::size_t row) {
  return static_cast<std::size_t>(std::bit_width(row / kBlockRows));
}
std::size_t first_row_of(std::size_t chunk) { return chunk == 0 ? 0 : kBlockRows << (chunk - 1); }
std::size_t rows_of(std::size_t chunk) { return chunk == 0 ? kBlockRows : first_row_of(chunk); }

std::size_t stored_width(FieldType type) {
  switch (type) {
    case FieldType::kString:
    case FieldType::kJson:
    case FieldType::kSparse: return sizeof(std::string_view);
    case FieldType::kArray: return sizeof(ArrayView);
    default: return width_of(type);
  }
}

/// Points `block` at `count` stored values, whatever they are.
void point_at(Block& block, FieldType type, const std::byte* values) {
  switch (type) {
    case FieldType::kString:
    case FieldType::kJson:
    case FieldType::kSparse:
      block.strings = reinterpret_cast<const std::string_view*>(values);
      break;
    case FieldType::kArray: block.arrays = reinterpret_cast<const ArrayView*>(values); break;
    default: block.fixed = values;
  }
}

/// One bit a row from one byte a row.
void pack_bits(const std::uint8_t* bytes, std::size_t count, std::uint64_t* words) {
  for (std::size_t i = 0; i < count; i += 64) {
    std::uint64_t word = 0;
    for (std::size_t j = 0; j < std::min<std::size_t>(64, count - i); ++j) {
      word |= static_cast<std::uint64_t>(bytes[i + j]) << j;
    }
    words[i / 64] = word;
  }
}

}  // namespace

GrowingColumn::GrowingColumn(const Field& field)
    : ColumnReader(field), width_(stored_width(field.type)) {
  SIMILE_CHECK(field.type != FieldType::kVector);
  if (!field.has_default()) return;
  if (const auto* text = std::get_if<std::string>(&this->field().default_value)) {
    default_text_ = *text;
  } else {
    default_ = default_bytes(field);
  }
}

GrowingColumn::Chunk& GrowingColumn::chunk_for_append(std::size_t first, std::size_t& count) {
  const std::size_t index = chunk_of(first);
  SIMILE_CHECK(index < kChunks);
  Chunk& chunk = chunks_[index];
  const std::size_t capacity = rows_of(index);
  if (chunk.values == nullptr) {
    chunk.values = std::make_unique_for_overwrite<std::byte[]>(capacity * width_);
    if (field().nullable) {
      chunk.present = std::make_unique_for_overwrite<std::uint8_t[]>(capacity);
    }
    chunk_bytes_ += capacity * (width_ + (field().nullable ? 1 : 0));
  }
  count = std::min(count, first_row_of(index) + capacity - first);
  return chunk;
}

std::string_view GrowingColumn::copy_text(std::string_view text) {
  if (text.empty()) return {};
  std::byte* copy = arena_.allocate(text.size());
  std::memcpy(copy, text.data(), text.size());
  return {reinterpret_cast<const char*>(copy), text.size()};
}

ArrayView GrowingColumn::copy_array(const ColumnView& values, std::size_t row) {
  const std::size_t from = values.offsets[row];
  const std::size_t count = values.offsets[row + 1] - from;
  if (count == 0) return {};
  if (field().element_type == FieldType::kString) {
    auto* copies =
        reinterpret_cast<std::string_view*>(arena_.allocate(count * sizeof(std::string_view)));
    for (std::size_t i = 0; i < count; ++i) copies[i] = copy_text(values.strings[from + i]);
    return {copies, count};
  }
  const std::size_t width = width_of(field().element_type);
  std::byte* copy = arena_.allocate(count * width);
  std::memcpy(copy, values.fixed.data() + from * width, count * width);
  return {copy, count};
}

void GrowingColumn::append_part(const ColumnView& values, std::size_t from, std::size_t count) {
  const std::size_t first = rows_.load(std::memory_order_relaxed);
  Chunk& chunk = chunk_for_append(first, count);
  const std::size_t at = first - first_row_of(chunk_of(first));
  std::byte* out = chunk.values.get() + at * width_;
  const bool has_default = field().has_default();
  const auto null = [&](std::size_t i) {
    return !values.valid.empty() && values.valid[from + i] == 0;
  };
  switch (field().type) {
    case FieldType::kString:
    case FieldType::kJson:
    case FieldType::kSparse:
      for (std::size_t i = 0; i < count; ++i) {
        const std::string_view text = null(i) ? default_text_ : values.strings[from + i];
        reinterpret_cast<std::string_view*>(out)[i] = copy_text(text);
      }
      break;
    case FieldType::kArray:
      for (std::size_t i = 0; i < count; ++i) {
        reinterpret_cast<ArrayView*>(out)[i] = null(i) ? ArrayView() : copy_array(values, from + i);
      }
      break;
    default:
      std::memcpy(out, values.fixed.data() + from * width_, count * width_);
      if (values.valid.empty()) break;
      for (std::size_t i = 0; i < count; ++i) {
        if (!null(i)) continue;
        if (has_default) {
          std::memcpy(out + i * width_, default_.data(), width_);
        } else {
          std::memset(out + i * width_, 0, width_);
        }
      }
  }
  if (chunk.present != nullptr) {
    for (std::size_t i = 0; i < count; ++i) chunk.present[at + i] = null(i) && !has_default ? 0 : 1;
  }
  publish(first + count);
}

void GrowingColumn::publish(std::size_t rows) {
  memory_bytes_.store(chunk_bytes_ + arena_.memory_bytes(), std::memory_order_relaxed);
  rows_.store(rows, std::memory_order_release);
}

void GrowingColumn::append(const ColumnView& values, std::size_t rows) {
  const std::size_t before = rows_.load(std::memory_order_relaxed);
  for (std::size_t done = 0; done < rows;) {
    append_part(values, done, rows - done);
    done = rows_.load(std::memory_order_relaxed) - before;
  }
}

void GrowingColumn::append_missing(std::size_t rows) {
  SIMILE_CHECK(field().nullable || field().has_default());
  const std::size_t part = std::min(rows, kBlockRows);
  const std::vector<std::uint8_t> nulls(part, 0);
  const std::vector<std::byte> fixed(part * width_of(field().type));
  const std::vector<std::string_view> strings(part);
  const std::vector<std::uint64_t> offsets(part + 1, 0);
  ColumnView view;
  view.fixed = fixed;
  view.strings = strings;
  view.offsets = offsets;
  view.valid = nulls;
  for (std::size_t done = 0; done < rows; done += part) append(view, std::min(part, rows - done));
}

void GrowingColumn::append_int64(std::span<const std::int64_t> values) {
  SIMILE_CHECK(field().type == FieldType::kInt64);
  ColumnView view;
  view.fixed = std::as_bytes(values);
  append(view, values.size());
}

Block GrowingColumn::block(std::size_t first, std::size_t count, BlockScratch& scratch) const {
  SIMILE_CHECK(first % kBlockRows == 0 && count <= kBlockRows && first + count <= rows());
  const std::size_t index = chunk_of(first);
  const std::size_t at = first - first_row_of(index);
  const Chunk& chunk = chunks_[index];
  Block block;
  point_at(block, field().type, chunk.values.get() + at * width_);
  if (chunk.present != nullptr) {
    pack_bits(chunk.present.get() + at, count, scratch.valid);
    block.valid = scratch.valid;
  }
  return block;
}

Block GrowingColumn::pick(std::span<const RowId> rows, BlockScratch& scratch) const {
  SIMILE_CHECK(rows.size() <= kBlockRows);
  const std::size_t visible = this->rows();
  Block block;
  std::byte* out = scratch.fixed;
  if (field().type == FieldType::kArray) {
    scratch.arrays.resize(rows.size());
    out = reinterpret_cast<std::byte*>(scratch.arrays.data());
  } else if (width_of(field().type) == 0) {
    scratch.strings.resize(rows.size());
    out = reinterpret_cast<std::byte*>(scratch.strings.data());
  }
  if (field().nullable) {
    std::memset(scratch.valid, 0, sizeof scratch.valid);
    block.valid = scratch.valid;
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::size_t row = value_of(rows[i]);
    SIMILE_CHECK(row < visible);
    const std::size_t index = chunk_of(row);
    const std::size_t at = row - first_row_of(index);
    std::memcpy(out + i * width_, chunks_[index].values.get() + at * width_, width_);
    if (field().nullable && chunks_[index].present[at] != 0) {
      scratch.valid[i / 64] |= std::uint64_t{1} << (i % 64);
    }
  }
  point_at(block, field().type, out);
  return block;
}

std::uint64_t GrowingColumn::memory_bytes() const {
  return memory_bytes_.load(std::memory_order_relaxed);
}

}  // namespace simile::scalar
