#include "simile/server/rest/json_columns.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <optional>
#include <set>

#include "simile/base/half.h"
#include "simile/base/text.h"
#include "simile/pictures/html.h"
#include "simile/server/access/password.h"
#include "simile/server/rest/parse_body.h"
#include "simile/server/schema_message.h"

namespace simile::server {

namespace {

using Json = nlohmann::json;
using wire_schema::FieldData;
using wire_schema::ScalarField;

std::unexpected<Fault> wrong_value(const Field& field, std::size_t row) {
  return refuse_parameter(join_text("the value of field ", field.name, " in row ", row,
                                    " does not fit its type ", name_of(field.type)));
}

/// A number, or one as text: those above 2^53 are written so where the client is JavaScript.
std::optional<std::int64_t> whole_number(const Json& value) {
  constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > kMost) return std::nullopt;
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (!value.is_string()) return std::nullopt;
  const auto& text = value.get_ref<const std::string&>();
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// Appends one value to the list of its type; false where it is of another type.
bool add_scalar(const Json& value, FieldType type, ScalarField& to) {
  switch (type) {
    case FieldType::kBool:
      if (value.is_boolean()) to.mutable_bool_data()->add_data(value.get<bool>());
      return value.is_boolean();
    case FieldType::kInt8:
    case FieldType::kInt16:
    case FieldType::kInt32: {
      const auto number = whole_number(value);
      if (!number || *number != static_cast<std::int32_t>(*number)) return false;
      to.mutable_int_data()->add_data(static_cast<std::int32_t>(*number));
      return true;
    }
    case FieldType::kInt64: {
      const auto number = whole_number(value);
      if (number) to.mutable_long_data()->add_data(*number);
      return number.has_value();
    }
    case FieldType::kFloat:
      if (value.is_number()) to.mutable_float_data()->add_data(value.get<float>());
      return value.is_number();
    case FieldType::kDouble:
      if (value.is_number()) to.mutable_double_data()->add_data(value.get<double>());
      return value.is_number();
    case FieldType::kString:
      if (value.is_string()) to.mutable_string_data()->add_data(value.get<std::string>());
      return value.is_string();
    case FieldType::kJson: to.mutable_json_data()->add_data(value.dump()); return true;
    default: return false;
  }
}

/// A place for a row that is null.
void add_nothing(FieldType type, ScalarField& to) {
  switch (type) {
    case FieldType::kBool: to.mutable_bool_data()->add_data(false); break;
    case FieldType::kInt8:
    case FieldType::kInt16:
    case FieldType::kInt32: to.mutable_int_data()->add_data(0); break;
    case FieldType::kInt64: to.mutable_long_data()->add_data(0); break;
    case FieldType::kFloat: to.mutable_float_data()->add_data(0); break;
    case FieldType::kDouble: to.mutable_double_data()->add_data(0); break;
    case FieldType::kString: to.mutable_string_data()->add_data(""); break;
    case FieldType::kJson: to.mutable_json_data()->add_data("null"); break;
    case FieldType::kArray: to.mutable_array_data()->add_data(); break;
    default: break;
  }
}

Answer<void> add_vector(const Json& value, const Field& field, wire_schema::VectorField& to) {
  const auto bytes = query_bytes(value, field);
  if (!bytes) return std::unexpected(bytes.error());
  if (field.type == FieldType::kSparse) {
    to.mutable_sparse_float_vector()->add_contents(*bytes);
    return {};
  }
  to.set_dim(field.vector.dim);
  switch (field.vector.element) {
    case ElementType::kFloat32: to.mutable_float_vector()->mutable_data()->append(*bytes); break;
    case ElementType::kFloat16: to.mutable_float16_vector()->append(*bytes); break;
    case ElementType::kBFloat16: to.mutable_bfloat16_vector()->append(*bytes); break;
    case ElementType::kInt8: to.mutable_int8_vector()->append(*bytes); break;
    default: to.mutable_binary_vector()->append(*bytes); break;
  }
  return {};
}

bool add_array(const Json& value, const Field& field, ScalarField& to) {
  if (!value.is_array()) return false;
  auto& row = *to.mutable_array_data()->add_data();
  for (const Json& each : value) {
    if (!add_scalar(each, field.element_type, row)) return false;
  }
  return true;
}

Answer<void> add_column(const Json& rows, const Field& field, const FieldMeta* meta,
                        FieldMessages& columns) {
  FieldData& column = *columns.Add();
  column.set_field_name(field.name);
  column.set_type(wire_type(field, meta));
  // Moments are kept as numbers and come as texts.
  const bool moments = column.type() == wire_schema::DataType::Timestamptz;
  const FieldType type = moments ? FieldType::kString : field.type;
  const bool may_be_null = field.nullable || field.has_default();
  std::size_t number = 0;
  for (const Json& row : rows) {
    const auto found = row.find(field.name);
    const bool absent = found == row.end() ||
                        (found->is_null() && field.type != FieldType::kJson) ||
                        (found != row.end() && found->is_null() && may_be_null);
    if (absent && !may_be_null) {
      return refuse_parameter(join_text("field ", field.name, " is missing in row ", number));
    }
    if (may_be_null) column.add_valid_data(!absent);
    bool fits = true;
    if (absent) {
      if (!field.is_searched()) add_nothing(type, *column.mutable_scalars());
    } else if (field.is_searched()) {
      const auto added = add_vector(*found, field, *column.mutable_vectors());
      if (!added) return refuse_parameter(join_text("row ", number, ": ", added.error().message));
    } else if (field.type == FieldType::kArray) {
      fits = add_array(*found, field, *column.mutable_scalars());
    } else {
      fits = add_scalar(*found, type, *column.mutable_scalars());
    }
    if (!fits) return wrong_value(field, number);
    ++number;
  }
  return {};
}

Answer<void> add_dynamic(const Json& rows, const Schema& schema, FieldMessages& columns) {
  FieldData& column = *columns.Add();
  column.set_is_dynamic(true);
  column.set_type(wire_schema::DataType::JSON);
  for (const Json& row : rows) {
    Json rest = Json::object();
    for (const auto& [name, value] : row.items()) {
      if (schema.find(name) == nullptr) rest[name] = value;
    }
    column.mutable_scalars()->mutable_json_data()->add_data(rest.dump());
  }
  return {};
}

/// The element of a repeated field as JSON.
Json scalar_at(const ScalarField& data, int row) {
  using Case = ScalarField::DataCase;
  switch (data.data_case()) {
    case Case::kBoolData: return data.bool_data().data(row);
    case Case::kIntData: return data.int_data().data(row);
    case Case::kLongData: return data.long_data().data(row);
    case Case::kFloatData: return data.float_data().data(row);
    case Case::kDoubleData: return data.double_data().data(row);
    case Case::kStringData: return data.string_data().data(row);
    case Case::kJsonData: return Json::parse(data.json_data().data(row), nullptr, false);
    case Case::kArrayData: {
      Json list = Json::array();
      const ScalarField& values = data.array_data().data(row);
      for (int i = 0;; ++i) {
        const auto size =
            std::max({values.bool_data().data_size(), values.int_data().data_size(),
                      values.long_data().data_size(), values.float_data().data_size(),
                      values.double_data().data_size(), values.string_data().data_size()});
        if (i == size) return list;
        list.push_back(scalar_at(values, i));
      }
    }
    default: return nullptr;
  }
}

/// As base64, which is how Milvus gives out bits and small types.
Json bytes_at(const std::string& bytes, std::size_t row, std::size_t width) {
  return pictures::base64(std::as_bytes(std::span(bytes).subspan(row * width, width)));
}

Json sparse_at(const std::string& packed) {
  Json object = Json::object();
  for (std::size_t at = 0; at + sizeof(SparseEntry) <= packed.size(); at += sizeof(SparseEntry)) {
    SparseEntry entry;
    std::memcpy(&entry, packed.data() + at, sizeof entry);
    object[std::to_string(entry.index)] = entry.value;
  }
  return object;
}

Json vector_at(const wire_schema::VectorField& data, std::size_t row) {
  if (data.has_sparse_float_vector()) {
    return sparse_at(data.sparse_float_vector().contents(static_cast<int>(row)));
  }
  const auto dim = static_cast<std::size_t>(data.dim());
  if (data.has_float_vector()) {
    Json list = Json::array();
    for (std::size_t i = row * dim; i < (row + 1) * dim; ++i) {
      float value;
      std::memcpy(&value, data.float_vector().data().data() + i * sizeof value, sizeof value);
      list.push_back(value);
    }
    return list;
  }
  if (data.has_float16_vector()) return bytes_at(data.float16_vector(), row, dim * 2);
  if (data.has_bfloat16_vector()) return bytes_at(data.bfloat16_vector(), row, dim * 2);
  if (data.has_int8_vector()) {
    Json list = Json::array();
    for (std::size_t i = 0; i < dim; ++i) {
      list.push_back(static_cast<std::int8_t>(data.int8_vector()[row * dim + i]));
    }
    return list;
  }
  return bytes_at(data.binary_vector(), row, dim / 8);
}

template <class T>
void append_raw(std::string& to, T value) {
  to.append(reinterpret_cast<const char*>(&value), sizeof value);
}

}  // namespace

namespace {

/// {"7": 0.5}, or {"indices": [7], "values": [0.5]}.
Answer<std::string> sparse_bytes(const Json& vector, const Field& field) {
  const auto refused = [&] {
    return refuse_parameter(join_text("vector of field ", field.name,
                                      " must be an object of numbers by their indexes"));
  };
  if (!vector.is_object()) return refused();
  std::map<std::uint32_t, float> entries;
  const auto indices = vector.find("indices");
  const auto values = vector.find("values");
  if (indices != vector.end() && values != vector.end()) {
    if (!indices->is_array() || !values->is_array() || indices->size() != values->size()) {
      return refused();
    }
    for (std::size_t i = 0; i < indices->size(); ++i) {
      if (!(*indices)[i].is_number_integer() || !(*values)[i].is_number()) return refused();
      const auto index = (*indices)[i].get<std::int64_t>();
      if (index < 0 || index >= 0xFFFF'FFFF) return refused();
      entries[static_cast<std::uint32_t>(index)] = (*values)[i].get<float>();
    }
  } else {
    for (const auto& [key, value] : vector.items()) {
      std::uint32_t index = 0;
      const auto end = std::from_chars(key.data(), key.data() + key.size(), index);
      if (end.ec != std::errc() || end.ptr != key.data() + key.size() || !value.is_number()) {
        return refused();
      }
      entries[index] = value.get<float>();
    }
  }
  std::string bytes;
  for (const auto& [index, value] : entries) {
    append_raw(bytes, index);
    append_raw(bytes, value);
  }
  return bytes;
}

template <class Make>
void put(std::span<const double> numbers, std::string& bytes, Make make) {
  using Value = decltype(make(0.0));
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const Value value = make(numbers[i]);
    std::memcpy(bytes.data() + i * sizeof value, &value, sizeof value);
  }
}

/// False where one of them is none of this type.
template <class Value>
bool put_whole(std::span<const double> numbers, std::string& bytes) {
  const auto fits = [](double each) {
    return each >= std::numeric_limits<Value>::min() && each <= std::numeric_limits<Value>::max() &&
           each == std::trunc(each);
  };
  if (!std::ranges::all_of(numbers, fits)) return false;
  put(numbers, bytes, [](double each) { return static_cast<Value>(each); });
  return true;
}

}  // namespace

Answer<wire_schema::IDs> parse_keys(const Json& keys, const Field& field) {
  wire_schema::IDs ids;
  for (const Json& key : keys) {
    const auto number = whole_number(key);
    if (field.type == FieldType::kString && key.is_string()) {
      ids.mutable_str_id()->add_data(key.get<std::string>());
    } else if (field.type != FieldType::kString && number) {
      ids.mutable_int_id()->add_data(*number);
    } else {
      return refuse_parameter(join_text("the key ", key.dump(), " does not fit the primary key ",
                                        field.name, " of type ", name_of(field.type)));
    }
  }
  return ids;
}

Answer<std::string> query_bytes(const Json& vector, const Field& field) {
  if (field.type == FieldType::kSparse) return sparse_bytes(vector, field);
  const ElementType element = field.vector.element;
  if (vector.is_string() && element != ElementType::kFloat32) {
    std::string decoded;
    if (decode_base64(vector.get_ref<const std::string&>(), decoded) &&
        decoded.size() == field.vector.bytes()) {
      return decoded;
    }
    return refuse_parameter(join_text("vector of field ", field.name, " must be the base64 of ",
                                      field.vector.bytes(), " bytes, or a list of numbers"));
  }
  const std::size_t count = element == ElementType::kBit ? field.vector.dim / 8 : field.vector.dim;
  const bool half = element == ElementType::kFloat16 || element == ElementType::kBFloat16;
  // Two bytes a component, as they are given out, or one number.
  const std::span<const double> numbers =
      vector.is_binary() ? packed_numbers(vector) : std::span<const double>();
  const bool raw = half && numbers.size() == count * 2;
  if (numbers.size() != count && !raw) {
    return refuse_parameter(join_text("vector of field ", field.name, " must be a list of ", count,
                                      " numbers, and has ", numbers.size()));
  }
  std::string bytes(field.vector.bytes(), '\0');
  bool fits = true;
  if (raw || element == ElementType::kBit) {
    fits = put_whole<std::uint8_t>(numbers, bytes);
  } else if (element == ElementType::kInt8) {
    fits = put_whole<std::int8_t>(numbers, bytes);
  } else if (element == ElementType::kFloat16) {
    put(numbers, bytes, [](double each) { return float_to_float16(static_cast<float>(each)); });
  } else if (element == ElementType::kBFloat16) {
    put(numbers, bytes, [](double each) { return float_to_bfloat16(static_cast<float>(each)); });
  } else {
    put(numbers, bytes, [](double each) { return static_cast<float>(each); });
  }
  if (fits) return bytes;
  return refuse_parameter(join_text("vector of field ", field.name,
                                    " has a component that is no whole number of ",
                                    element == ElementType::kInt8 ? "-128 to 127" : "0 to 255"));
}

Answer<void> columns_of_rows(const Json& rows, const CollectionHandle& handle,
                             FieldMessages& columns) {
  if (!rows.is_array() || rows.empty()) {
    return refuse_parameter("data must be a list of at least one row");
  }
  const Schema& schema = handle.schema();
  std::set<std::string, std::less<>> named;
  for (const Json& row : rows) {
    if (!row.is_object()) return refuse_parameter("a row of data is no JSON object");
    for (const auto& [name, value] : row.items()) named.insert(name);
  }
  for (const Field& field : schema.fields()) {
    if (!field.dynamic && named.contains(field.name)) {
      SIMILE_TRY(add_column(rows, field, handle.meta->find_field(field.name), columns));
    }
    named.erase(field.name);
  }
  if (schema.dynamic_field() != nullptr) return add_dynamic(rows, schema, columns);
  if (named.empty()) return {};
  return refuse(
      FaultCode::kFieldNotFound,
      join_text("field not found[field=", *named.begin(), "]: collection '", handle.name(),
                "' has no such field, and its dynamic field is not "
                "enabled"));
}

void add_members(const FieldMessages& columns, std::size_t row, Json& object) {
  for (const FieldData& column : columns) {
    const auto& valid = column.valid_data();
    if (!valid.empty() && !valid[static_cast<int>(row)]) {
      object[column.field_name()] = nullptr;
      continue;
    }
    if (column.has_vectors()) {
      // Rows that are null have no place among the vectors.
      std::size_t place = row;
      for (std::size_t i = 0; i < row && !valid.empty(); ++i) {
        if (!valid[static_cast<int>(i)]) --place;
      }
      object[column.field_name()] = vector_at(column.vectors(), place);
      continue;
    }
    Json value = scalar_at(column.scalars(), static_cast<int>(row));
    if (!column.is_dynamic()) {
      object[column.field_name()] = std::move(value);
    } else if (value.is_object()) {
      object.update(value);
    }
  }
}

}  // namespace simile::server
