/// 1. A column is written section by section, each from front to back, so the rows are walked once
///    for each section: validity, then offsets, then what the offsets point into.
/// 2. Every walk reads the same rows of the same immutable values, so the passes agree.

#include <algorithm>
#include <string>
#include <utility>

#include "simile/base/bitmap.h"
#include "simile/base/bytes.h"
#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/scalar/sealed_column.h"

namespace simile::scalar {

namespace {

class ColumnWriter {
 public:
  ColumnWriter(io::SectionWriter& writer, std::string_view name, const Field& field,
               std::span<const ColumnSlice> slices)
      : writer_(writer),
        name_(name),
        field_(field),
        slices_(slices),
        scratch_(std::make_unique<BlockScratch>()) {}

  Status write() {
    for (const ColumnSlice& slice : slices_) SIMILE_TRY(slice.column->check());
    if (field_.nullable) SIMILE_TRY(write_validity());
    switch (field_.type) {
      case FieldType::kString:
      case FieldType::kJson:
      case FieldType::kSparse: return write_texts();
      case FieldType::kArray: return write_arrays();
      default: return write_fixed();
    }
  }

 private:
  /// Calls visit(block, rows of the block) -> Status over all rows, and begins `section` before.
  template <class Visit>
  Status walk(std::string_view section, Visit&& visit) {
    SIMILE_TRY(writer_.begin_section(join_text(name_, ".", section)));
    for (const ColumnSlice& slice : slices_) {
      for (std::size_t first = 0; first < slice.rows.size(); first += kBlockRows) {
        const auto rows =
            slice.rows.subspan(first, std::min(kBlockRows, slice.rows.size() - first));
        SIMILE_TRY(visit(slice.column->pick(rows, *scratch_), rows.size()));
      }
    }
    return {};
  }

  Status write_validity() {
    std::size_t rows = 0;
    for (const ColumnSlice& slice : slices_) rows += slice.rows.size();
    Bitmap valid(rows);
    std::size_t at = 0;
    SIMILE_TRY(walk("valid", [&](const Block& block, std::size_t count) -> Status {
      for (std::size_t i = 0; i < count; ++i) {
        if (!block.is_null(i)) valid.set(at + i);
      }
      at += count;
      return {};
    }));
    return writer_.append(std::as_bytes(std::as_const(valid).words()));
  }

  Status write_fixed() {
    const std::size_t width = width_of(field_.type);
    return walk("values", [&](const Block& block, std::size_t count) {
      return writer_.append({block.fixed, count * width});
    });
  }

  /// rows + 1 positions; size_of(block, row) is how far a row moves on.
  template <class SizeOf>
  Status write_offsets(std::string_view section, SizeOf&& size_of) {
    std::uint64_t position = 0;
    SIMILE_TRY(walk(section, [&](const Block& block, std::size_t count) {
      ByteWriter out;
      for (std::size_t i = 0; i < count; ++i) {
        out.put(position);
        position += size_of(block, i);
      }
      return writer_.append(out.bytes());
    }));
    return writer_.append(std::as_bytes(std::span(&position, 1)));
  }

  Status write_texts() {
    SIMILE_TRY(write_offsets(
        "offsets", [](const Block& block, std::size_t row) { return block.strings[row].size(); }));
    return walk("heap", [&](const Block& block, std::size_t count) {
      ByteWriter out;
      for (std::size_t i = 0; i < count; ++i)
        out.put_bytes(std::as_bytes(std::span(block.strings[i])));
      return writer_.append(out.bytes());
    });
  }

  Status write_arrays() {
    SIMILE_TRY(write_offsets(
        "offsets", [](const Block& block, std::size_t row) { return block.arrays[row].count; }));
    if (field_.element_type == FieldType::kString) return write_text_elements();
    const std::size_t width = width_of(field_.element_type);
    return walk("values", [&](const Block& block, std::size_t count) {
      ByteWriter out;
      for (std::size_t i = 0; i < count; ++i) {
        const ArrayView& array = block.arrays[i];
        out.put_bytes({static_cast<const std::byte*>(array.elements), array.count * width});
      }
      return writer_.append(out.bytes());
    });
  }

  Status write_text_elements() {
    std::uint64_t position = 0;
    SIMILE_TRY(walk("element_offsets", [&](const Block& block, std::size_t count) {
      ByteWriter out;
      for (std::size_t i = 0; i < count; ++i) {
        for (const std::string_view text : block.arrays[i].as<std::string_view>()) {
          out.put(position);
          position += text.size();
        }
      }
      return writer_.append(out.bytes());
    }));
    SIMILE_TRY(writer_.append(std::as_bytes(std::span(&position, 1))));
    return walk("heap", [&](const Block& block, std::size_t count) {
      ByteWriter out;
      for (std::size_t i = 0; i < count; ++i) {
        for (const std::string_view text : block.arrays[i].as<std::string_view>()) {
          out.put_bytes(std::as_bytes(std::span(text)));
        }
      }
      return writer_.append(out.bytes());
    });
  }

  io::SectionWriter& writer_;
  std::string_view name_;
  const Field& field_;
  std::span<const ColumnSlice> slices_;
  std::unique_ptr<BlockScratch> scratch_;
};

}  // namespace

Status write_column(io::SectionWriter& writer, std::string_view name, const Field& field,
                    std::span<const ColumnSlice> slices) {
  for (const ColumnSlice& slice : slices) {
    const Field& source = slice.column->field();
    SIMILE_CHECK(source.type == field.type && source.element_type == field.element_type);
  }
  return ColumnWriter(writer, name, field, slices).write();
}

}  // namespace simile::scalar
