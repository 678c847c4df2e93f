#include "simile/server/ui/page_rows.h"

#include <charconv>
#include <cmath>
#include <cstring>

#include "simile/base/half.h"
#include "simile/base/text.h"
#include "simile/server/ui/page_pictures.h"

namespace simile::server {

namespace {

using Json = nlohmann::json;

template <class T>
T fixed_value(const Column& column, std::size_t i) {
  T value;
  std::memcpy(&value, column.fixed.data() + i * sizeof(T), sizeof(T));
  return value;
}

Json whole(std::int64_t value) {
  constexpr std::int64_t kExactMax = std::int64_t{1} << 53;
  if (value > kExactMax || value < -kExactMax) return std::to_string(value);
  return value;
}

Json sparse_value(std::string_view packed) {
  Json object = Json::object();
  for (std::size_t at = 0; at + sizeof(SparseEntry) <= packed.size(); at += sizeof(SparseEntry)) {
    SparseEntry entry;
    std::memcpy(&entry, packed.data() + at, sizeof entry);
    object[std::to_string(entry.index)] = short_float(entry.value);
  }
  return object;
}

Json scalar_value(const Column& column, FieldType type, std::size_t i) {
  switch (type) {
    case FieldType::kBool: return fixed_value<std::uint8_t>(column, i) != 0;
    case FieldType::kInt8: return fixed_value<std::int8_t>(column, i);
    case FieldType::kInt16: return fixed_value<std::int16_t>(column, i);
    case FieldType::kInt32: return fixed_value<std::int32_t>(column, i);
    case FieldType::kInt64: return whole(fixed_value<std::int64_t>(column, i));
    case FieldType::kFloat: return short_float(fixed_value<float>(column, i));
    case FieldType::kDouble: return fixed_value<double>(column, i);
    case FieldType::kString: return column.strings[i];
    case FieldType::kJson: {
      Json parsed = Json::parse(column.strings[i], nullptr, false);
      return parsed.is_discarded() ? Json(column.strings[i]) : parsed;
    }
    case FieldType::kSparse: return sparse_value(column.strings[i]);
    default: return nullptr;
  }
}

Json vector_value(const Column& column, std::size_t row) {
  Json values = Json::array();
  const std::size_t dim = column.vector.dim;
  const std::size_t at = row * dim;
  const std::byte* bytes = column.fixed.data() + row * column.vector.bytes();
  for (std::size_t i = 0; i < dim; ++i) {
    switch (column.vector.element) {
      case ElementType::kFloat32:
        values.push_back(short_float(fixed_value<float>(column, at + i)));
        break;
      case ElementType::kFloat16:
        values.push_back(short_float(float16_to_float(fixed_value<std::uint16_t>(column, at + i))));
        break;
      case ElementType::kBFloat16:
        values.push_back(
            short_float(bfloat16_to_float(fixed_value<std::uint16_t>(column, at + i))));
        break;
      case ElementType::kInt8: values.push_back(fixed_value<std::int8_t>(column, at + i)); break;
      default: values.push_back(std::to_integer<int>(bytes[i / 8] >> (7 - i % 8) & std::byte{1}));
    }
  }
  return values;
}

Fault wrong_length(const Field& field, std::size_t given) {
  return {FaultCode::kInvalidParameter,
          join_text("the query has ", given, given == 1 ? " number" : " numbers", "; field '",
                    field.name, "' has ", field.vector.dim)};
}

Answer<std::vector<std::byte>> bit_query(const Json& list, const Field& field) {
  std::vector<std::byte> bytes(field.vector.bytes());
  const bool bits = list.size() == field.vector.dim;
  if (!bits && list.size() != bytes.size())
    return std::unexpected(wrong_length(field, list.size()));
  for (std::size_t i = 0; i < list.size(); ++i) {
    const int most = bits ? 1 : 255;
    const int value = list[i].is_number() ? list[i].get<int>() : -1;
    if (value < 0 || value > most) {
      return refuse_parameter(join_text("number ", i + 1, " of the query is not 0 to ", most,
                                        ", as a field of bits needs"));
    }
    if (bits) {
      bytes[i / 8] |= static_cast<std::byte>(value << (7 - i % 8));
    } else {
      bytes[i] = static_cast<std::byte>(value);
    }
  }
  return bytes;
}

template <class T>
void append(std::vector<std::byte>& bytes, T value) {
  const auto* first = reinterpret_cast<const std::byte*>(&value);
  bytes.insert(bytes.end(), first, first + sizeof value);
}

}  // namespace

nlohmann::json short_float(float value) {
  if (!std::isfinite(value)) return nullptr;
  char digits[64];
  const auto end = std::to_chars(digits, digits + sizeof digits, value);
  double shortest = 0;
  std::from_chars(digits, end.ptr, shortest);
  return shortest;
}

nlohmann::json page_value(const Column& column, std::size_t row) {
  if (column.is_null(row)) return nullptr;
  if (column.type == FieldType::kVector) return vector_value(column, row);
  if (column.type != FieldType::kArray) return scalar_value(column, column.type, row);
  Json values = Json::array();
  for (std::uint64_t i = column.offsets[row]; i < column.offsets[row + 1]; ++i) {
    values.push_back(scalar_value(column, column.element_type, i));
  }
  return values;
}

nlohmann::json page_row(const Table& table, std::size_t row) {
  Json object = Json::object();
  for (const Column& column : table.columns) object[column.field] = page_value(column, row);
  return object;
}

std::vector<std::string> shown_fields(const Schema& schema) {
  std::vector<std::string> names;
  for (const Field& field : schema.fields()) {
    const bool hidden = field.is_searched() || field.name == kPartitionField ||
                        field.name == kThumbnail || field.primary_key;
    if (!hidden) names.push_back(field.name);
  }
  return names;
}

VectorType query_type(const Field& field) {
  const bool floats = field.vector.element == ElementType::kFloat16 ||
                      field.vector.element == ElementType::kBFloat16;
  return {floats ? ElementType::kFloat32 : field.vector.element, field.vector.dim};
}

Answer<std::vector<std::byte>> query_vector(const nlohmann::json& list, const Field& field) {
  if (!list.is_array()) return refuse_parameter("the query must be a list of numbers");
  if (field.vector.element == ElementType::kBit) return bit_query(list, field);
  if (list.size() != field.vector.dim) return std::unexpected(wrong_length(field, list.size()));
  std::vector<std::byte> bytes;
  bytes.reserve(query_type(field).bytes());
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (!list[i].is_number()) {
      return refuse_parameter(join_text("number ", i + 1, " of the query is none"));
    }
    if (field.vector.element != ElementType::kInt8) {
      append(bytes, list[i].get<float>());
      continue;
    }
    const double value = list[i].get<double>();
    if (value < -128 || value > 127 || value != std::floor(value)) {
      return refuse_parameter(
          join_text("number ", i + 1, " of the query is not a whole number from -128 to 127"));
    }
    append(bytes, static_cast<std::int8_t>(value));
  }
  return bytes;
}

Answer<Table> row_of(const Snapshot& snapshot, const std::string& key,
                     const std::vector<std::string>& fields) {
  const std::string_view text[] = {key};
  std::int64_t number[] = {0};
  KeysView keys = std::span<const std::string_view>(text);
  if (snapshot.schema().primary_key().type != FieldType::kString) {
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), number[0]);
    if (error != std::errc() || end != key.data() + key.size()) {
      return refuse_parameter(
          join_text("'", key, "' is no key of this collection: they are integers"));
    }
    keys = std::span<const std::int64_t>(number);
  }
  SIMILE_ASSIGN(Table rows, snapshot.get(keys, fields));
  if (rows.rows == 1) return rows;
  return refuse(FaultCode::kFieldNotFound, join_text("there is no row with the key '", key, "'"));
}

}  // namespace simile::server
