#include "simile/server/schema_message.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "simile/base/text.h"
#include "simile/server/text_functions.h"
#include "simile/server/timestamp_text.h"

namespace simile::server {

namespace {

using wire_schema::DataType;

constexpr std::int64_t kVarCharBytesMax = 65'535;
constexpr std::int64_t kArrayCapacityMax = 4'096;
constexpr std::size_t kFieldsMax = 256;

std::optional<ElementType> element_of(DataType type) {
  switch (type) {
    case DataType::FloatVector: return ElementType::kFloat32;
    case DataType::Float16Vector: return ElementType::kFloat16;
    case DataType::BFloat16Vector: return ElementType::kBFloat16;
    case DataType::Int8Vector: return ElementType::kInt8;
    case DataType::BinaryVector: return ElementType::kBit;
    default: return std::nullopt;
  }
}

std::optional<FieldType> scalar_of(DataType type) {
  switch (type) {
    case DataType::Bool: return FieldType::kBool;
    case DataType::Int8: return FieldType::kInt8;
    case DataType::Int16: return FieldType::kInt16;
    case DataType::Int32: return FieldType::kInt32;
    case DataType::Int64: return FieldType::kInt64;
    case DataType::Float: return FieldType::kFloat;
    case DataType::Double: return FieldType::kDouble;
    case DataType::String:
    case DataType::VarChar:
    case DataType::Geometry:  // kept as the text it comes as
    case DataType::Text: return FieldType::kString;
    case DataType::Timestamptz: return FieldType::kInt64;
    case DataType::JSON: return FieldType::kJson;
    default: return std::nullopt;
  }
}

/// A whole number among the parameters of a type.
Answer<std::int64_t> number(const FieldMeta& field, std::string_view key, std::int64_t least,
                            std::int64_t most) {
  const auto found = field.type_params.find(key);
  if (found == field.type_params.end()) {
    return refuse_parameter(
        join_text("type param(", key, ") should be specified for the field(", field.name, ")"));
  }
  const std::string& text = found->second;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < least || value > most) {
    return refuse_parameter(join_text("invalid ", key, ": ", text, " of field ", field.name,
                                      ". should be in range ", least, " ~ ", most));
  }
  return value;
}

Answer<void> parse_vector(ElementType element, const FieldMeta& meta, Field& field) {
  SIMILE_ASSIGN(const std::int64_t dim, number(meta, "dim", 1, kMaxDimension));
  if (element == ElementType::kBit && dim % 8 != 0) {
    return refuse_parameter(join_text("invalid dimension: ", dim, " of field ", field.name,
                                      ". binary vector dimension should be multiple of 8"));
  }
  field.type = FieldType::kVector;
  field.vector = {.element = element, .dim = static_cast<std::uint32_t>(dim)};
  field.metric = initial_metric(element);
  return {};
}

/// A default as the message has it; which member is set must fit the type.
Answer<void> parse_default(const wire_schema::ValueField& value, Field& field) {
  using Case = wire_schema::ValueField::DataCase;
  const FieldType type = field.type;
  const bool whole = type == FieldType::kInt8 || type == FieldType::kInt16 ||
                     type == FieldType::kInt32 || type == FieldType::kInt64;
  const bool real = type == FieldType::kFloat || type == FieldType::kDouble;
  switch (value.data_case()) {
    case Case::DATA_NOT_SET: return {};
    case Case::kBoolData:
      if (type == FieldType::kBool) return field.default_value = value.bool_data(), Answer<void>();
      break;
    case Case::kIntData:
      if (whole) return field.default_value = std::int64_t{value.int_data()}, Answer<void>();
      break;
    case Case::kLongData:
      if (whole) return field.default_value = value.long_data(), Answer<void>();
      break;
    case Case::kFloatData:
      if (real) return field.default_value = double{value.float_data()}, Answer<void>();
      break;
    case Case::kDoubleData:
      if (real) return field.default_value = value.double_data(), Answer<void>();
      break;
    case Case::kStringData:
      if (type == FieldType::kString) {
        return field.default_value = value.string_data(), Answer<void>();
      }
      break;
    case Case::kBytesData:
      if (type == FieldType::kJson) return field.default_value = value.bytes_data(), Answer<void>();
      break;
    default: break;
  }
  return refuse_parameter(join_text("type (", name_of(type), ") of field (", field.name,
                                    ") is not equal to the type of its default value"));
}

/// A moment, as a text or in microseconds.
Answer<void> parse_timestamp_default(const wire_schema::ValueField& value, Field& field) {
  using Case = wire_schema::ValueField::DataCase;
  switch (value.data_case()) {
    case Case::kTimestamptzData: field.default_value = value.timestamptz_data(); return {};
    case Case::kLongData: field.default_value = value.long_data(); return {};
    case Case::kStringData: {
      const auto moment = parse_timestamp(value.string_data());
      if (!moment) break;
      field.default_value = *moment;
      return {};
    }
    default: break;
  }
  return refuse_parameter(join_text("the default value of field (", field.name,
                                    ") is no timestamp; write 2025-01-31T08:30:00Z"));
}

Answer<void> parse_array(DataType element, const FieldMeta& meta, Field& field) {
  const std::optional<FieldType> type = scalar_of(element);
  if (!type || *type == FieldType::kJson) {
    return refuse_parameter(join_text("element type ", wire_schema::DataType_Name(element),
                                      " is not supported for the array field ", field.name));
  }
  SIMILE_ASSIGN(const std::int64_t capacity, number(meta, "max_capacity", 1, kArrayCapacityMax));
  field.max_capacity = static_cast<std::uint32_t>(capacity);
  if (*type == FieldType::kString) {
    SIMILE_ASSIGN(const std::int64_t length, number(meta, "max_length", 1, kVarCharBytesMax));
    field.max_length = static_cast<std::uint32_t>(length);
  }
  field.type = FieldType::kArray;
  field.element_type = *type;
  return {};
}

Answer<void> parse_key(const wire_schema::FieldSchema& message, Field& field) {
  field.primary_key = message.is_primary_key();
  field.auto_id = message.autoid();
  if (field.auto_id && !field.primary_key) {
    return refuse_parameter(
        join_text("only primary field can speficy AutoID with true, field name = ", field.name));
  }
  if (!field.primary_key) return {};
  if (message.data_type() != DataType::Int64 && message.data_type() != DataType::VarChar) {
    return refuse_parameter(
        join_text("the data type of primary key should be Int64 or VarChar, field ", field.name));
  }
  if (field.nullable) {
    return refuse_parameter(join_text("primary field not support null, field ", field.name));
  }
  return {};
}

}  // namespace

Metric initial_metric(ElementType element) {
  return element == ElementType::kBit ? Metric::kHamming : Metric::kL2;
}

Parameters parameters_of(const KeyValues& pairs) {
  Parameters parameters;
  for (const auto& pair : pairs) parameters[pair.key()] = pair.value();
  return parameters;
}

void add_parameters(const Parameters& parameters, KeyValues& pairs) {
  for (const auto& [key, value] : parameters) {
    auto* pair = pairs.Add();
    pair->set_key(key);
    pair->set_value(value);
  }
}

Answer<Field> parse_field_schema(const wire_schema::FieldSchema& message, FieldMeta& meta) {
  SIMILE_TRY(check_name("field", message.name()));
  Field field;
  field.name = message.name();
  field.nullable = message.nullable();
  meta.name = message.name();
  meta.description = message.description();
  meta.type_params = parameters_of(message.type_params());
  const DataType type = message.data_type();
  if (const auto element = element_of(type)) {
    SIMILE_TRY(parse_vector(*element, meta, field));
  } else if (type == DataType::SparseFloatVector) {
    field.type = FieldType::kSparse;
    field.metric = Metric::kInnerProduct;
    field.index = IndexKind::kInverted;
    if (meta.type_params.contains("dim")) {
      return refuse_parameter(
          join_text("dim should not be specified for sparse vector field ", field.name));
    }
  } else if (type == DataType::Array) {
    SIMILE_TRY(parse_array(message.element_type(), meta, field));
  } else if (const auto scalar = scalar_of(type)) {
    field.type = *scalar;
    if (type == DataType::VarChar) {
      SIMILE_ASSIGN(const std::int64_t length, number(meta, "max_length", 1, kVarCharBytesMax));
      field.max_length = static_cast<std::uint32_t>(length);
    }
    const bool plain_text = *scalar != FieldType::kString || type == DataType::VarChar;
    if (!plain_text || type == DataType::Timestamptz) meta.data_type = type;
    if (*scalar == FieldType::kString) SIMILE_TRY(parse_analyzer(meta, field));
  } else {
    return refuse_parameter(join_text("data type ", wire_schema::DataType_Name(type), " (",
                                      static_cast<int>(type), ") of field ", field.name,
                                      " is not supported"));
  }
  SIMILE_TRY(parse_key(message, field));
  if (message.has_default_value() && type == DataType::Timestamptz) {
    SIMILE_TRY(parse_timestamp_default(message.default_value(), field));
  } else if (message.has_default_value()) {
    SIMILE_TRY(parse_default(message.default_value(), field));
  }
  field.partition_key = message.is_partition_key();
  return field;
}

Answer<ParsedSchema> parse_schema(const wire_schema::CollectionSchema& message) {
  ParsedSchema parsed;
  parsed.meta.description = message.description();
  if (static_cast<std::size_t>(message.fields_size()) > kFieldsMax) {
    return refuse_parameter(join_text("maximum field's number should be limited to ", kFieldsMax));
  }
  int keys = 0;
  for (const auto& each : message.fields()) {
    FieldMeta meta;
    SIMILE_ASSIGN(Field field, parse_field_schema(each, meta));
    const auto same = [&](const Field& other) { return other.name == field.name; };
    if (std::ranges::any_of(parsed.fields, same)) {
      return refuse_parameter(join_text("duplicated field name ", field.name));
    }
    if (field.primary_key && ++keys > 1) {
      return refuse_parameter("there are more than one primary key");
    }
    if (field.primary_key && message.autoid()) field.auto_id = true;
    meta.id = kFirstFieldId + static_cast<std::int64_t>(parsed.meta.fields.size());
    parsed.meta.fields.push_back(std::move(meta));
    parsed.fields.push_back(std::move(field));
  }
  if (message.enable_dynamic_field()) {
    Field field;
    field.name = kDynamicField;
    field.type = FieldType::kJson;
    field.dynamic = true;
    field.default_value = std::string("{}");
    parsed.fields.push_back(std::move(field));
  }
  for (const auto& each : message.functions()) {
    SIMILE_TRY(parse_function(each, parsed.fields, parsed.meta));
  }
  if (keys == 0) return refuse_parameter("primary key is not specified");
  if (std::ranges::none_of(parsed.fields, &Field::is_searched)) {
    return refuse_parameter("schema does not contain vector field");
  }
  return parsed;
}

DataType wire_type(FieldType type) {
  switch (type) {
    case FieldType::kBool: return DataType::Bool;
    case FieldType::kInt8: return DataType::Int8;
    case FieldType::kInt16: return DataType::Int16;
    case FieldType::kInt32: return DataType::Int32;
    case FieldType::kInt64: return DataType::Int64;
    case FieldType::kFloat: return DataType::Float;
    case FieldType::kDouble: return DataType::Double;
    case FieldType::kString: return DataType::VarChar;
    case FieldType::kJson: return DataType::JSON;
    case FieldType::kArray: return DataType::Array;
    case FieldType::kSparse: return DataType::SparseFloatVector;
    default: return DataType::None;
  }
}

DataType wire_type(const Field& field, const FieldMeta* meta) {
  if (meta != nullptr && meta->data_type != 0) return static_cast<DataType>(meta->data_type);
  if (field.type != FieldType::kVector) return wire_type(field.type);
  switch (field.vector.element) {
    case ElementType::kFloat32: return DataType::FloatVector;
    case ElementType::kFloat16: return DataType::Float16Vector;
    case ElementType::kBFloat16: return DataType::BFloat16Vector;
    case ElementType::kInt8: return DataType::Int8Vector;
    case ElementType::kBit: return DataType::BinaryVector;
    default: return DataType::None;
  }
}

namespace {

void describe_default(const Field& field, wire_schema::FieldSchema& message) {
  if (!field.has_default()) return;
  auto& value = *message.mutable_default_value();
  if (message.data_type() == DataType::Timestamptz) {
    value.set_string_data(timestamp_text(std::get<std::int64_t>(field.default_value)));
    return;
  }
  if (const auto* flag = std::get_if<bool>(&field.default_value)) value.set_bool_data(*flag);
  if (const auto* text = std::get_if<std::string>(&field.default_value)) {
    if (field.type == FieldType::kJson) {
      value.set_bytes_data(*text);
    } else {
      value.set_string_data(*text);
    }
  }
  if (const auto* whole = std::get_if<std::int64_t>(&field.default_value)) {
    if (field.type == FieldType::kInt64) {
      value.set_long_data(*whole);
    } else {
      value.set_int_data(static_cast<std::int32_t>(*whole));
    }
  }
  if (const auto* real = std::get_if<double>(&field.default_value)) {
    if (field.type == FieldType::kDouble) {
      value.set_double_data(*real);
    } else {
      value.set_float_data(static_cast<float>(*real));
    }
  }
}

}  // namespace

void describe_schema(const CollectionHandle& handle, wire_schema::CollectionSchema& message) {
  message.set_name(handle.name());
  message.set_description(handle.meta->description);
  for (const Field& field : handle.schema().fields()) {
    if (field.name == kPartitionField) continue;
    if (field.dynamic) {
      message.set_enable_dynamic_field(true);
      continue;
    }
    const FieldMeta* meta = handle.meta->find_field(field.name);
    auto& each = *message.add_fields();
    each.set_name(field.name);
    each.set_data_type(wire_type(field, meta));
    each.set_is_primary_key(field.primary_key);
    each.set_autoid(field.auto_id);
    each.set_nullable(field.nullable);
    each.set_is_partition_key(field.partition_key);
    each.set_is_function_output(!field.source.empty());
    describe_default(field, each);
    if (field.type == FieldType::kArray) each.set_element_type(wire_type(field.element_type));
    Parameters params;
    if (meta != nullptr) {
      each.set_fieldid(meta->id);
      each.set_description(meta->description);
      params = meta->type_params;
    }
    // A collection of the embedded library has no limits; clients expect some.
    if (field.type == FieldType::kVector) params["dim"] = std::to_string(field.vector.dim);
    if (field.type == FieldType::kString || field.max_length != 0) {
      params["max_length"] =
          std::to_string(field.max_length == 0 ? kVarCharBytesMax : field.max_length);
    }
    if (field.type == FieldType::kArray) {
      params["max_capacity"] =
          std::to_string(field.max_capacity == 0 ? kArrayCapacityMax : field.max_capacity);
    }
    if (!field.analyzer.empty()) {
      params.try_emplace("enable_analyzer", "true");
      params.try_emplace("analyzer_params", field.analyzer);
    }
    add_parameters(params, *each.mutable_type_params());
  }
  describe_functions(handle, message);
}

}  // namespace simile::server
