#include "simile/scalar/sealed_column.h"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <string>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/scalar/json.h"
#include "simile/scalar/sparse_value.h"

namespace simile::scalar {

namespace {

/// The mapped sections of one column. Which are there follows from the type (write_column.cc).
struct Sections {
  std::span<const std::byte> values;
  std::span<const std::uint64_t> valid;
  std::span<const std::uint64_t> offsets;          // rows + 1
  std::span<const std::uint64_t> element_offsets;  // elements + 1, arrays of strings
  std::span<const std::byte> heap;

  std::string_view text(std::span<const std::uint64_t> starts, std::size_t i) const {
    return {reinterpret_cast<const char*>(heap.data()) + starts[i], starts[i + 1] - starts[i]};
  }
};

class SealedColumn final : public ColumnReader {
 public:
  SealedColumn(const io::SectionReader& reader, std::string_view name, const Field& field,
               std::size_t rows, const Sections& sections)
      : ColumnReader(field), reader_(reader), name_(name), rows_(rows), sections_(sections) {}

  Status check() const override {
    std::call_once(checked_, [this] { status_ = check_bytes(); });
    return status_;
  }

  Block block(std::size_t first, std::size_t count, BlockScratch& scratch) const override {
    SIMILE_CHECK(first % kBlockRows == 0 && count <= kBlockRows && first + count <= rows_);
    Block block;
    if (!sections_.valid.empty()) block.valid = sections_.valid.data() + first / 64;
    const std::size_t width = width_of(field().type);
    if (width != 0) {
      block.fixed = sections_.values.data() + first * width;
    } else {
      fill_views(
          count, [first](std::size_t i) { return first + i; }, scratch, block);
    }
    return block;
  }

  Block pick(std::span<const RowId> rows, BlockScratch& scratch) const override {
    SIMILE_CHECK(rows.size() <= kBlockRows);
    for (const RowId row : rows) SIMILE_CHECK(value_of(row) < rows_);
    Block block;
    if (!sections_.valid.empty()) {
      std::memset(scratch.valid, 0, sizeof scratch.valid);
      for (std::size_t i = 0; i < rows.size(); ++i) {
        const std::size_t row = value_of(rows[i]);
        scratch.valid[i / 64] |= ((sections_.valid[row / 64] >> (row % 64)) & 1) << (i % 64);
      }
      block.valid = scratch.valid;
    }
    const std::size_t width = width_of(field().type);
    if (width != 0) {
      for (std::size_t i = 0; i < rows.size(); ++i) {
        std::memcpy(scratch.fixed + i * width, sections_.values.data() + value_of(rows[i]) * width,
                    width);
      }
      block.fixed = scratch.fixed;
    } else {
      fill_views(
          rows.size(), [rows](std::size_t i) { return value_of(rows[i]); }, scratch, block);
    }
    return block;
  }

  std::uint64_t memory_bytes() const override { return sizeof(*this) + name_.capacity(); }

 private:
  /// Views of texts or arrays; row_of(i) is the i-th row wanted.
  template <class RowOf>
  void fill_views(std::size_t count, RowOf&& row_of, BlockScratch& scratch, Block& block) const {
    if (field().type != FieldType::kArray) {
      scratch.strings.resize(count);
      for (std::size_t i = 0; i < count; ++i) {
        scratch.strings[i] = sections_.text(sections_.offsets, row_of(i));
      }
      block.strings = scratch.strings.data();
      return;
    }
    scratch.arrays.resize(count);
    std::size_t elements = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint64_t start = sections_.offsets[row_of(i)];
      scratch.arrays[i].count = sections_.offsets[row_of(i) + 1] - start;
      scratch.arrays[i].elements = sections_.values.data() + start * width_of(field().element_type);
      elements += scratch.arrays[i].count;
    }
    block.arrays = scratch.arrays.data();
    if (field().element_type != FieldType::kString) return;
    scratch.elements.resize(elements);
    std::string_view* out = scratch.elements.data();
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint64_t start = sections_.offsets[row_of(i)];
      scratch.arrays[i].elements = out;
      for (std::size_t e = 0; e < scratch.arrays[i].count; ++e) {
        *out++ = sections_.text(sections_.element_offsets, start + e);
      }
    }
  }

  Status check_bytes() const {
    for (const char* section : {"valid", "values", "offsets", "element_offsets", "heap"}) {
      const std::string full = join_text(name_, ".", section);
      if (reader_.contains(full)) SIMILE_TRY(reader_.verify(full));
    }
    if (field().type == FieldType::kSparse) return check_sparse();
    const bool of_text = field().type == FieldType::kString || field().type == FieldType::kJson;
    const bool is_array = field().type == FieldType::kArray;
    const bool text_elements = is_array && field().element_type == FieldType::kString;
    if (text_elements) {
      SIMILE_TRY(check_offsets("offsets", sections_.offsets, sections_.element_offsets.size() - 1));
      return check_text("element_offsets", sections_.element_offsets);
    }
    if (of_text) return check_text("offsets", sections_.offsets);
    const FieldType type = is_array ? field().element_type : field().type;
    if (is_array) {
      const std::size_t width = width_of(type);
      if (sections_.values.size() % width != 0) return damaged("values", "ends inside a value");
      SIMILE_TRY(check_offsets("offsets", sections_.offsets, sections_.values.size() / width));
    }
    if (type == FieldType::kBool && std::ranges::any_of(sections_.values, [](std::byte value) {
          return value > std::byte{1};
        })) {
      return damaged("values", "holds a bool that is not 0 or 1");
    }
    return {};
  }

  /// From 0, rising, to `end`: then no row reaches past what it points into.
  Status check_offsets(std::string_view section, std::span<const std::uint64_t> offsets,
                       std::uint64_t end) const {
    if (offsets.front() != 0) return damaged(section, "does not start at 0");
    bool rising = true;
    for (std::size_t i = 1; i < offsets.size(); ++i) rising &= offsets[i - 1] <= offsets[i];
    if (!rising) return damaged(section, "falls");
    if (offsets.back() != end) return damaged(section, "does not end where the values do");
    return {};
  }

  Status check_sparse() const {
    SIMILE_TRY(check_offsets("offsets", sections_.offsets, sections_.heap.size()));
    for (std::size_t row = 0; row < rows_; ++row) {
      const auto fault = find_sparse_fault(sections_.text(sections_.offsets, row));
      if (fault != nullptr) return damaged("heap", fault);
    }
    return {};
  }

  /// The heap as a whole is UTF-8 and no text starts inside a character: so every text is UTF-8.
  Status check_text(std::string_view section, std::span<const std::uint64_t> offsets) const {
    SIMILE_TRY(check_offsets(section, offsets, sections_.heap.size()));
    const std::string_view heap(reinterpret_cast<const char*>(sections_.heap.data()),
                                sections_.heap.size());
    if (!is_text(heap)) return damaged("heap", "is not UTF-8");
    for (const std::uint64_t start : offsets) {
      if (start < heap.size() && (static_cast<unsigned char>(heap[start]) & 0xC0u) == 0x80u) {
        return damaged(section, "starts a text inside a character");
      }
    }
    return {};
  }

  std::unexpected<Error> damaged(std::string_view section, std::string_view why) const {
    return fail(ErrorCode::kDataLoss, join_text("section '", name_, ".", section, "' of field '",
                                                field().name, "' is damaged: it ", why));
  }

  const io::SectionReader& reader_;
  const std::string name_;
  const std::size_t rows_;
  const Sections sections_;
  mutable std::once_flag checked_;
  mutable Status status_;
};

/// Fetches sections by name and compares their sizes with what the number of rows demands.
class SectionFinder {
 public:
  SectionFinder(const io::SectionReader& reader, std::string_view name)
      : reader_(reader), name_(name) {}

  Result<std::span<const std::byte>> bytes(std::string_view section) const {
    auto found = reader_.section(join_text(name_, ".", section));
    if (!found && found.error().code == ErrorCode::kNotFound) {
      return fail(ErrorCode::kDataLoss, std::move(found.error().message));
    }
    return found;
  }

  Result<std::span<const std::byte>> bytes(std::string_view section, std::size_t size) const {
    SIMILE_ASSIGN(const std::span<const std::byte> found, bytes(section));
    if (found.size() == size) return found;
    return fail(ErrorCode::kDataLoss, join_text("section '", name_, ".", section, "' has ",
                                                found.size(), " bytes instead of ", size));
  }

  Result<std::span<const std::uint64_t>> words(std::string_view section, std::size_t count) const {
    SIMILE_ASSIGN(const std::span<const std::byte> found, bytes(section, count * 8));
    return std::span(reinterpret_cast<const std::uint64_t*>(found.data()), count);
  }

  /// One word or more.
  Result<std::span<const std::uint64_t>> words(std::string_view section) const {
    SIMILE_ASSIGN(const std::span<const std::byte> found, bytes(section));
    if (found.empty() || found.size() % 8 != 0) {
      return fail(ErrorCode::kDataLoss, join_text("section '", name_, ".", section, "' has ",
                                                  found.size(), " bytes, not words of 8"));
    }
    return std::span(reinterpret_cast<const std::uint64_t*>(found.data()), found.size() / 8);
  }

 private:
  const io::SectionReader& reader_;
  std::string_view name_;
};

}  // namespace

Result<std::unique_ptr<ColumnReader>> open_column(const io::SectionReader& reader,
                                                  std::string_view name, const Field& field,
                                                  std::size_t rows) {
  SIMILE_CHECK(field.type != FieldType::kVector);
  const SectionFinder finder(reader, name);
  Sections found;
  if (field.nullable) {
    SIMILE_ASSIGN(found.valid, finder.words("valid", (rows + 63) / 64));
  }
  const bool is_array = field.type == FieldType::kArray;
  const std::size_t width = width_of(field.type);
  if (width != 0) {
    SIMILE_ASSIGN(found.values, finder.bytes("values", rows * width));
  } else {
    SIMILE_ASSIGN(found.offsets, finder.words("offsets", rows + 1));
  }
  if (is_array && field.element_type != FieldType::kString) {
    SIMILE_ASSIGN(found.values, finder.bytes("values"));
  } else if (width == 0) {
    SIMILE_ASSIGN(found.heap, finder.bytes("heap"));
    if (is_array) {
      SIMILE_ASSIGN(found.element_offsets, finder.words("element_offsets"));
    }
  }
  return std::make_unique<SealedColumn>(reader, name, field, rows, found);
}

}  // namespace simile::scalar
