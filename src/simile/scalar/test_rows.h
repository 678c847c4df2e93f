#pragma once
/// For tests of this folder: schemas and rows in few words.

#include <gtest/gtest.h>

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "simile/batch.h"
#include "simile/schema.h"

namespace simile::scalar {

inline Schema make_schema(
    const std::vector<std::pair<std::string_view, std::string_view>>& fields) {
  std::vector<Field> parsed;
  for (const auto& [name, text] : fields) {
    auto field = parse_field(name, text);
    EXPECT_TRUE(field.has_value()) << field.error().message;
    parsed.push_back(std::move(field).value_or(Field{}));
  }
  auto schema = Schema::make(std::move(parsed));
  EXPECT_TRUE(schema.has_value()) << schema.error().message;
  return std::move(schema).value();
}

/// Owned values of one column, filled row by row.
class TestColumn {
 public:
  TestColumn(FieldType type, FieldType element_type = FieldType::kInt64)
      : type_(type), element_type_(element_type) {
    if (type == FieldType::kArray) offsets_.push_back(0);
  }

  template <class T>
  void push(T value) {
    push_value(value);
    end_row(true);
  }
  void push_null() {
    if (type_ == FieldType::kString || type_ == FieldType::kJson)
      strings_.emplace_back("under null");
    fixed_.resize(fixed_.size() + width_of(type_), std::byte{1});
    end_row(false);
  }
  template <class T>
  void push_array(const std::vector<T>& values) {
    for (const T& value : values) push_value(value);
    end_row(true);
  }

  std::size_t rows() const { return valid_.size(); }

  /// Rows [first, first + count); valid until the next push.
  ColumnView view(std::string_view field, std::size_t first, std::size_t count) {
    views_.assign(strings_.begin(), strings_.end());
    ColumnView view;
    view.field = field;
    view.type = type_;
    view.element_type = element_type_;
    view.valid = std::span(valid_).subspan(first, count);
    if (type_ == FieldType::kArray) {
      const std::size_t from = offsets_[first];
      const std::size_t elements = offsets_[first + count] - from;
      part_offsets_.clear();
      for (std::size_t i = first; i <= first + count; ++i) {
        part_offsets_.push_back(offsets_[i] - from);
      }
      view.offsets = part_offsets_;
      if (element_type_ == FieldType::kString) {
        view.strings = std::span(views_).subspan(from, elements);
      } else {
        const std::size_t width = width_of(element_type_);
        view.fixed = std::span(fixed_).subspan(from * width, elements * width);
      }
    } else if (const std::size_t width = width_of(type_); width != 0) {
      view.fixed = std::span(fixed_).subspan(first * width, count * width);
    } else {
      view.strings = std::span(views_).subspan(first, count);
    }
    return view;
  }

 private:
  void push_value(std::string_view value) { strings_.emplace_back(value); }
  void push_value(const std::string& value) { strings_.push_back(value); }
  void push_value(const char* value) { strings_.emplace_back(value); }
  template <class T>
    requires std::is_arithmetic_v<T>
  void push_value(T value) {
    const auto bytes = std::as_bytes(std::span(&value, 1));
    fixed_.insert(fixed_.end(), bytes.begin(), bytes.end());
  }
  void end_row(bool valid) {
    valid_.push_back(valid ? 1 : 0);
    if (type_ != FieldType::kArray) return;
    offsets_.push_back(element_type_ == FieldType::kString
                           ? strings_.size()
                           : fixed_.size() / width_of(element_type_));
  }

  FieldType type_;
  FieldType element_type_;
  std::vector<std::byte> fixed_;
  std::vector<std::string> strings_;
  std::vector<std::string_view> views_;
  std::vector<std::uint64_t> offsets_;
  std::vector<std::uint64_t> part_offsets_;
  std::vector<std::uint8_t> valid_;
};

}  // namespace simile::scalar
