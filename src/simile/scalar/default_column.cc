#include "simile/scalar/default_column.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "simile/base/check.h"

namespace simile::scalar {

namespace {

template <class T, class From>
std::vector<std::byte> bytes_of(From value) {
  std::vector<std::byte> bytes(sizeof(T));
  const T stored = static_cast<T>(value);
  std::memcpy(bytes.data(), &stored, sizeof stored);
  return bytes;
}

class DefaultColumn final : public ColumnReader {
 public:
  explicit DefaultColumn(const Field& of) : ColumnReader(of) {
    const Field& own = field();
    if (own.type == FieldType::kArray) {
      arrays_.resize(kBlockRows);
    } else if (width_of(own.type) == 0) {
      const auto* text = std::get_if<std::string>(&own.default_value);
      strings_.assign(kBlockRows, text == nullptr ? std::string_view() : *text);
    } else {
      const std::size_t width = width_of(own.type);
      fixed_.resize(kBlockRows * width);
      if (!own.has_default()) return;
      const std::vector<std::byte> value = default_bytes(own);
      for (std::size_t i = 0; i < kBlockRows; ++i) {
        std::memcpy(fixed_.data() + i * width, value.data(), width);
      }
    }
  }

  Status check() const override { return {}; }
  Block block(std::size_t, std::size_t count, BlockScratch&) const override {
    SIMILE_CHECK(count <= kBlockRows);
    return all();
  }
  Block pick(std::span<const RowId> rows, BlockScratch&) const override {
    SIMILE_CHECK(rows.size() <= kBlockRows);
    return all();
  }
  std::uint64_t memory_bytes() const override {
    return fixed_.size() + strings_.size() * sizeof(std::string_view) +
           arrays_.size() * sizeof(ArrayView);
  }

 private:
  Block all() const {
    Block block;
    if (!fixed_.empty()) block.fixed = fixed_.data();
    if (!strings_.empty()) block.strings = strings_.data();
    if (!arrays_.empty()) block.arrays = arrays_.data();
    if (!field().has_default()) block.valid = none_;
    return block;
  }

  alignas(64) std::uint64_t none_[kBlockWords] = {};
  std::vector<std::byte> fixed_;
  std::vector<std::string_view> strings_;
  std::vector<ArrayView> arrays_;
};

}  // namespace

std::vector<std::byte> default_bytes(const Field& field) {
  if (const auto* truth = std::get_if<bool>(&field.default_value)) {
    return bytes_of<std::uint8_t>(*truth ? 1 : 0);
  }
  if (const auto* number = std::get_if<double>(&field.default_value)) {
    return field.type == FieldType::kFloat ? bytes_of<float>(*number) : bytes_of<double>(*number);
  }
  const std::int64_t value = std::get<std::int64_t>(field.default_value);
  switch (width_of(field.type)) {
    case 1: return bytes_of<std::int8_t>(value);
    case 2: return bytes_of<std::int16_t>(value);
    case 4: return bytes_of<std::int32_t>(value);
    default: return bytes_of<std::int64_t>(value);
  }
}

std::unique_ptr<ColumnReader> make_default_column(const Field& field) {
  SIMILE_CHECK(field.nullable || field.has_default());
  return std::make_unique<DefaultColumn>(field);
}

}  // namespace simile::scalar
