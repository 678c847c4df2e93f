#include "simile/vectorfile/column_builder.h"

#include <array>
#include <cmath>
#include <limits>
#include <string_view>
#include <utility>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/vectorfile/json_cells.h"
#include "simile/vectorfile/sparse_text.h"

namespace simile::vectorfile {

namespace {

using Kind = Cell::Kind;

template <class T>
void put(Column& column, T value) {
  const auto* bytes = reinterpret_cast<const std::byte*>(&value);
  column.fixed.insert(column.fixed.end(), bytes, bytes + sizeof value);
}

/// A whole number out of any cell that holds one; pandas writes integers with gaps as 3.0.
std::optional<std::int64_t> whole_number(const Cell& cell) {
  constexpr double kExactMax = 9.007199254740992e15;  // 2^53
  if (cell.kind == Kind::kInteger) return cell.integer;
  std::optional<double> real;
  if (cell.kind == Kind::kReal) real = cell.real;
  if (cell.kind == Kind::kText) {
    if (const auto integer = text_as_integer(cell.text)) return integer;
    real = text_as_real(cell.text);
  }
  if (!real || *real != std::trunc(*real) || std::fabs(*real) > kExactMax) return std::nullopt;
  return static_cast<std::int64_t>(*real);
}

template <class T>
bool append_integer(const Cell& cell, Column& column) {
  const auto value = whole_number(cell);
  if (!value || *value < std::numeric_limits<T>::min() || *value > std::numeric_limits<T>::max()) {
    return false;
  }
  put(column, static_cast<T>(*value));
  return true;
}

template <class T>
bool append_real(const Cell& cell, Column& column) {
  std::optional<double> value;
  if (cell.kind == Kind::kInteger) value = static_cast<double>(cell.integer);
  if (cell.kind == Kind::kReal) value = cell.real;
  if (cell.kind == Kind::kText) value = text_as_real(cell.text);
  if (!value) return false;
  put(column, static_cast<T>(*value));
  return true;
}

bool append_bool(const Cell& cell, Column& column) {
  std::optional<bool> value;
  if (cell.kind == Kind::kBool) value = cell.boolean;
  if (cell.kind == Kind::kText) value = text_as_bool(cell.text);
  if (const auto number = whole_number(cell); number && (*number == 0 || *number == 1)) {
    value = *number == 1;
  }
  if (value) put(column, static_cast<std::uint8_t>(*value ? 1 : 0));
  return value.has_value();
}

bool append_string(const Cell& cell, Column& column) {
  const bool text = cell.kind == Kind::kString || cell.kind == Kind::kText;
  if (!text && cell.kind != Kind::kQuoted) return false;
  column.strings.push_back(cell.text);
  return true;
}

bool append_json(const Cell& cell, Column& column) {
  switch (cell.kind) {
    case Kind::kBool: column.strings.emplace_back(cell.boolean ? "true" : "false"); return true;
    case Kind::kInteger: column.strings.push_back(join_text(cell.integer)); return true;
    case Kind::kReal: column.strings.push_back(join_text(cell.real)); return true;
    case Kind::kJson: column.strings.push_back(cell.text); return true;
    case Kind::kString: column.strings.push_back(quote_json(cell.text)); return true;
    default:
      column.strings.push_back(is_json(cell.text) ? cell.text : quote_json(cell.text));
      return true;
  }
}

bool append_sparse(const Cell& cell, Column& column) {
  auto packed = parse_sparse(cell.text);
  if (packed) column.strings.push_back(*std::move(packed));
  return packed.has_value();
}

bool append_value(FieldType type, const Cell& cell, Column& column) {
  switch (type) {
    case FieldType::kBool: return append_bool(cell, column);
    case FieldType::kInt8: return append_integer<std::int8_t>(cell, column);
    case FieldType::kInt16: return append_integer<std::int16_t>(cell, column);
    case FieldType::kInt32: return append_integer<std::int32_t>(cell, column);
    case FieldType::kInt64: return append_integer<std::int64_t>(cell, column);
    case FieldType::kFloat: return append_real<float>(cell, column);
    case FieldType::kDouble: return append_real<double>(cell, column);
    case FieldType::kString: return append_string(cell, column);
    case FieldType::kJson: return append_json(cell, column);
    case FieldType::kSparse: return append_sparse(cell, column);
    case FieldType::kArray:
    case FieldType::kVector: return false;
  }
  return false;
}

bool append_array(const Cell& cell, Column& column) {
  const auto cells = parse_json_array(cell.text);
  if (!cells) return false;
  const std::size_t fixed = column.fixed.size();
  const std::size_t strings = column.strings.size();
  for (const Cell& element : *cells) {
    if (element.kind != Kind::kNull && append_value(column.element_type, element, column)) continue;
    column.fixed.resize(fixed);
    column.strings.resize(strings);
    return false;
  }
  column.offsets.push_back(column.offsets.back() + cells->size());
  return true;
}

/// What stands in the place of a null.
void append_blank(Column& column) {
  constexpr std::array<std::size_t, 7> kWidths = {1, 1, 2, 4, 8, 4, 8};  // kBool .. kDouble
  const auto type = static_cast<std::size_t>(column.type);
  if (type < kWidths.size()) {
    column.fixed.resize(column.fixed.size() + kWidths[type]);
  } else if (column.type == FieldType::kArray) {
    column.offsets.push_back(column.offsets.back());
  } else {
    column.strings.emplace_back(column.type == FieldType::kJson ? "null" : "");
  }
}

std::string_view scalar_name(FieldType type) {
  constexpr std::array<std::string_view, 12> kNames = {
      "bool",   "int8",   "int16", "int32", "int64",  "float",
      "double", "string", "json",  "array", "vector", "sparse vector as {\"7\": 0.5}"};
  return kNames[static_cast<std::size_t>(type)];
}

std::pair<FieldType, FieldType> type_of(const Cell& cell) {
  const auto scalar = [](FieldType type) { return std::pair(type, FieldType::kInt64); };
  switch (cell.kind) {
    case Kind::kBool: return scalar(FieldType::kBool);
    case Kind::kInteger: return scalar(FieldType::kInt64);
    case Kind::kReal: return scalar(FieldType::kDouble);
    case Kind::kText:
      if (text_as_integer(cell.text)) return scalar(FieldType::kInt64);
      if (text_as_real(cell.text)) return scalar(FieldType::kDouble);
      return scalar(text_as_bool(cell.text) ? FieldType::kBool : FieldType::kString);
    case Kind::kJson: {
      const auto cells = parse_json_array(cell.text);
      if (!cells || cells->empty()) return scalar(FieldType::kJson);
      TypeGuess elements;
      for (const Cell& element : *cells) {
        if (element.kind == Kind::kNull) return scalar(FieldType::kJson);
        elements.observe(element);
      }
      const FieldType type = elements.field("").type;
      if (type == FieldType::kJson || type == FieldType::kArray) return scalar(FieldType::kJson);
      return {FieldType::kArray, type};
    }
    default: return scalar(FieldType::kString);
  }
}

}  // namespace

Column make_column(const Field& field) {
  Column column;
  column.field = field.name;
  column.type = field.type;
  column.element_type = field.element_type;
  clear_column(column);
  return column;
}

void clear_column(Column& column) {
  column.rows = 0;
  column.fixed.clear();
  column.strings.clear();
  column.offsets.clear();
  column.valid.clear();
  if (column.type == FieldType::kArray) column.offsets.push_back(0);
}

Status append_cell(const Field& field, const Cell& cell, Column& column) {
  const bool null = cell.kind == Kind::kNull;
  if (null && field.nullable) {
    append_blank(column);
    column.valid.resize(column.rows, 1);
    column.valid.push_back(0);
  } else if (null || !(field.type == FieldType::kArray ? append_array(cell, column)
                                                       : append_value(field.type, cell, column))) {
    return fail(ErrorCode::kInvalidArgument,
                join_text("'", field.name, "' needs ", type_text(field.type, field.element_type),
                          ", not ", describe(cell)));
  } else if (!column.valid.empty()) {
    column.valid.push_back(1);
  }
  ++column.rows;
  return {};
}

void TypeGuess::observe(const Cell& cell) {
  if (cell.kind == Kind::kNull) return;
  const auto [type, element_type] = type_of(cell);
  merge(type, element_type, cell.kind == Kind::kText);
}

void TypeGuess::merge(FieldType type, FieldType element_type, bool from_text) {
  const auto is_number = [](FieldType each) {
    return each == FieldType::kInt64 || each == FieldType::kDouble;
  };
  text_ = text_ || from_text;
  if (!seen_) {
    type_ = type;
    element_type_ = element_type;
  } else if (type_ == FieldType::kArray && type == FieldType::kArray &&
             element_type_ != element_type) {
    const bool numbers = is_number(element_type_) && is_number(element_type);
    type_ = numbers ? FieldType::kArray : FieldType::kJson;
    element_type_ = numbers ? FieldType::kDouble : FieldType::kInt64;
  } else if (type_ != type) {
    const bool numbers = is_number(type_) && is_number(type);
    type_ = numbers ? FieldType::kDouble : text_ ? FieldType::kString : FieldType::kJson;
  }
  seen_ = true;
}

Field TypeGuess::field(std::string name) const {
  Field field;
  field.name = std::move(name);
  field.type = type_;
  field.element_type = element_type_;
  field.nullable = true;
  return field;
}

std::string type_text(FieldType type, FieldType element_type) {
  if (type != FieldType::kArray) return std::string(scalar_name(type));
  return join_text("array<", scalar_name(element_type), ">");
}

}  // namespace simile::vectorfile
