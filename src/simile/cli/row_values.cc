#include "simile/cli/row_values.h"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>

#include "simile/base/half.h"
#include "simile/base/text.h"
#include "simile/cli/text_format.h"

namespace simile::cli {

namespace {

template <class T>
T fixed_value(const Column& column, std::size_t i) {
  T value;
  std::memcpy(&value, column.fixed.data() + i * sizeof(T), sizeof(T));
  return value;
}

Json sparse_value(std::string_view packed) {
  Json object = Json::object();
  for (std::size_t at = 0; at < packed.size(); at += sizeof(SparseEntry)) {
    SparseEntry entry;
    std::memcpy(&entry, packed.data() + at, sizeof entry);
    object[std::to_string(entry.index)] = json_float(entry.value);
  }
  return object;
}

Json scalar_value(const Column& column, FieldType type, std::size_t i) {
  switch (type) {
    case FieldType::kBool: return fixed_value<std::uint8_t>(column, i) != 0;
    case FieldType::kInt8: return fixed_value<std::int8_t>(column, i);
    case FieldType::kInt16: return fixed_value<std::int16_t>(column, i);
    case FieldType::kInt32: return fixed_value<std::int32_t>(column, i);
    case FieldType::kInt64: return fixed_value<std::int64_t>(column, i);
    case FieldType::kFloat: return json_float(fixed_value<float>(column, i));
    case FieldType::kDouble: return fixed_value<double>(column, i);
    case FieldType::kString: return column.strings[i];
    case FieldType::kJson: {
      Json parsed = Json::parse(column.strings[i], nullptr, false);
      return parsed.is_discarded() ? Json(column.strings[i]) : parsed;
    }
    case FieldType::kSparse: return sparse_value(column.strings[i]);
    case FieldType::kArray:
    case FieldType::kVector: break;
  }
  return nullptr;
}

std::string hex(const std::byte* bytes, std::size_t count) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    text += kHex[std::to_integer<unsigned>(bytes[i]) >> 4];
    text += kHex[std::to_integer<unsigned>(bytes[i]) & 15];
  }
  return text;
}

Json vector_value(const Column& column, std::size_t row) {
  const std::size_t first = row * column.vector.bytes();
  if (column.vector.element == ElementType::kBit) {
    return hex(column.fixed.data() + first, column.vector.bytes());
  }
  Json values = Json::array();
  const std::size_t at = row * column.vector.dim;
  for (std::size_t i = at; i < at + column.vector.dim; ++i) {
    switch (column.vector.element) {
      case ElementType::kFloat32:
        values.push_back(json_float(fixed_value<float>(column, i)));
        break;
      case ElementType::kFloat16:
        values.push_back(json_float(float16_to_float(fixed_value<std::uint16_t>(column, i))));
        break;
      case ElementType::kBFloat16:
        values.push_back(json_float(bfloat16_to_float(fixed_value<std::uint16_t>(column, i))));
        break;
      default: values.push_back(fixed_value<std::int8_t>(column, i));
    }
  }
  return values;
}

}  // namespace

Json json_float(float value) {
  if (!std::isfinite(value)) return nullptr;
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  double shortest = 0;
  std::from_chars(digits, end, shortest);
  return shortest;
}

Json json_value(const Column& column, std::size_t row) {
  if (column.is_null(row)) return nullptr;
  if (column.type == FieldType::kVector) return vector_value(column, row);
  if (column.type != FieldType::kArray) return scalar_value(column, column.type, row);
  Json values = Json::array();
  for (std::uint64_t i = column.offsets[row]; i < column.offsets[row + 1]; ++i) {
    values.push_back(scalar_value(column, column.element_type, static_cast<std::size_t>(i)));
  }
  return values;
}

Json json_row(const Table& table, std::size_t row) {
  Json object = Json::object();
  for (const Column& column : table.columns) object[column.field] = json_value(column, row);
  return object;
}

std::string text_value(const Column& column, std::size_t row) {
  constexpr std::size_t kShownComponents = 3;
  Json value = json_value(column, row);
  if (value.is_null()) return "";
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_float()) return short_number(value.get<double>());
  if (column.type != FieldType::kVector || value.size() <= kShownComponents) {
    return value.dump(-1, ' ', false, Json::error_handler_t::replace);
  }
  std::string text = "[";
  for (std::size_t i = 0; i < kShownComponents; ++i) {
    char digits[32];
    std::snprintf(digits, sizeof digits, "%.3g, ", value[i].get<double>());
    text += digits;
  }
  return join_text(text, "... ", value.size(), "]");
}

}  // namespace simile::cli
