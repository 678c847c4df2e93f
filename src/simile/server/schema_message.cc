#include "simile/server/schema_message.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "simile/base/text.h"
#include "simile/base/timestamp.h"
#include "simile/server/text_functions.h"

namespace simile::server {

namespace {

using wire_schema::DataType;

constexpr std::size_t kFieldsMax = 256;
constexpr std::int64_t kDimMax = 32'768;  // of Milvus

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

std::optional<std::int64_t> whole_number(const std::string& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Answer<std::uint32_t> parse_max_length(const FieldMeta& meta, std::string_view collection) {
  const auto found = meta.type_params.find("max_length");
  if (found == meta.type_params.end()) {
    return refuse_parameter(join_text("type param(max_length) should be specified for the field(",
                                      meta.name, ") of collection ", collection));
  }
  const std::optional<std::int64_t> value = whole_number(found->second);
  if (value && *value >= 1 && *value <= kVarCharBytesMax) return static_cast<std::uint32_t>(*value);
  return refuse_parameter(join_text("the maximum length specified for the field(", meta.name,
                                    ") should be in (0, ", kVarCharBytesMax, "], but got ",
                                    found->second, " instead: invalid parameter"));
}

Answer<std::uint32_t> parse_max_capacity(const FieldMeta& meta) {
  const auto found = meta.type_params.find("max_capacity");
  if (found == meta.type_params.end()) {
    return refuse_parameter(
        join_text("type param(max_capacity) should be specified for the field(", meta.name, ")"));
  }
  const std::optional<std::int64_t> value = whole_number(found->second);
  if (!value) {
    return refuse_parameter(
        join_text("the value for max_capacity of field ", meta.name, " must be an integer"));
  }
  if (*value >= 1 && *value <= kArrayCapacityMax) return static_cast<std::uint32_t>(*value);
  return refuse_parameter(join_text("the maximum capacity specified for a Array should be in (0, ",
                                    kArrayCapacityMax, "], but got ", *value, " for field ",
                                    meta.name));
}

Answer<void> parse_vector(ElementType element, const FieldMeta& meta, Field& field) {
  constexpr std::int64_t kLeast = 2;
  const auto found = meta.type_params.find("dim");
  if (found == meta.type_params.end()) {
    return refuse_parameter(join_text(
        "dimension is not defined in field type params, check type param `dim` for vector field: ",
        field.name));
  }
  const std::optional<std::int64_t> dim = whole_number(found->second);
  if (!dim || *dim < kLeast) {
    return refuse_parameter(join_text("invalid dimension: ", found->second, ". should be in range ",
                                      kLeast, " ~ ", kDimMax, ", field ", field.name));
  }
  const bool bits = element == ElementType::kBit;
  if (bits && *dim % 8 != 0) {
    return refuse_parameter(join_text("invalid dimension: ", *dim, " of field ", field.name,
                                      ". binary vector dimension should be multiple of 8."));
  }
  if (*dim > (bits ? std::int64_t{kMaxDimension} : kDimMax)) {
    return refuse_parameter(join_text("invalid dimension: ", *dim, " of field ", field.name,
                                      bits ? ". binary" : ". float",
                                      " vector dimension should be in range ", kLeast, " ~ ",
                                      bits ? std::int64_t{kMaxDimension} : kDimMax));
  }
  field.type = FieldType::kVector;
  field.vector = {.element = element, .dim = static_cast<std::uint32_t>(*dim)};
  field.metric = initial_metric(element);
  return {};
}

std::string_view default_type_of(const wire_schema::ValueField& value) {
  using Case = wire_schema::ValueField::DataCase;
  switch (value.data_case()) {
    case Case::kBoolData: return "Bool";
    case Case::kIntData: return "Int32";
    case Case::kLongData: return "Int64";
    case Case::kFloatData: return "Float";
    case Case::kDoubleData: return "Double";
    case Case::kStringData: return "VarChar";
    default: return "None";
  }
}

/// A default as the message has it; which member is set must fit the type.
Answer<void> parse_default(const wire_schema::ValueField& value, Field& field) {
  using Case = wire_schema::ValueField::DataCase;
  if (value.data_case() == Case::DATA_NOT_SET) return {};
  const FieldType type = field.type;
  if (field.primary_key) return refuse_parameter("primary field not support default_value");
  if (field.is_searched() || type == FieldType::kArray || type == FieldType::kJson) {
    return refuse_parameter(join_text("type not support default_value, type:",
                                      wire_schema::DataType_Name(wire_type(field, nullptr)),
                                      ", name:", field.name));
  }
  const bool whole = type == FieldType::kInt8 || type == FieldType::kInt16 ||
                     type == FieldType::kInt32 || type == FieldType::kInt64;
  const bool real = type == FieldType::kFloat || type == FieldType::kDouble;
  switch (value.data_case()) {
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
      if (type != FieldType::kString) break;
      if (field.max_length != 0 && value.string_data().size() > field.max_length) {
        return refuse_parameter(join_text(
            "the length (", value.string_data().size(), ") of string exceeds max length (",
            field.max_length,
            "): invalid parameter[expected=valid length string][actual=string length exceeds max "
            "length]"));
      }
      return field.default_value = value.string_data(), Answer<void>();
    default: break;
  }
  return refuse_parameter(join_text(
      "type (", wire_schema::DataType_Name(wire_type(field, nullptr)), ") of field (", field.name,
      ") is not equal to the type(DataType_", default_type_of(value), ") of default_value"));
}

/// A moment, as a text or in microseconds.
Answer<void> parse_timestamp_default(const wire_schema::ValueField& value, Field& field) {
  using Case = wire_schema::ValueField::DataCase;
  switch (value.data_case()) {
    case Case::kTimestamptzData: field.default_value = value.timestamptz_data(); return {};
    case Case::kStringData: {
      const auto moment = parse_timestamp(value.string_data());
      if (!moment) {
        return refuse_parameter(join_text("invalid timestamp string: '", value.string_data(),
                                          "'. Does not match any known format; write "
                                          "2025-01-31T08:30:00Z"));
      }
      field.default_value = *moment;
      return {};
    }
    default: break;
  }
  return refuse_parameter(join_text("type (Timestamptz) of field (", field.name,
                                    ") is not equal to the type(DataType_", default_type_of(value),
                                    ") of default_value: invalid parameter"));
}

Answer<void> parse_array(const wire_schema::FieldSchema& message, const FieldMeta& meta,
                         std::string_view collection, Field& field) {
  const DataType element = message.element_type();
  const std::optional<FieldType> type = scalar_of(element);
  if (element == DataType::None) return refuse_parameter("element data type None is not valid");
  if (!type || *type == FieldType::kJson) {
    return refuse_parameter(join_text("element type ", wire_schema::DataType_Name(element),
                                      " is not supported for the array field ", field.name));
  }
  if (*type == FieldType::kString) {
    SIMILE_ASSIGN(field.max_length, parse_max_length(meta, collection));
  }
  SIMILE_ASSIGN(field.max_capacity, parse_max_capacity(meta));
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

Answer<Field> parse_field_schema(const wire_schema::FieldSchema& message, FieldMeta& meta,
                                 std::string_view collection) {
  SIMILE_TRY(check_name("field", message.name()));
  Field field;
  field.name = message.name();
  field.nullable = message.nullable();
  meta.name = message.name();
  meta.description = message.description();
  meta.clustering_key = message.is_clustering_key();
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
    SIMILE_TRY(parse_array(message, meta, collection, field));
  } else if (type == DataType::String) {
    return refuse_parameter(
        join_text("string data type not supported yet, please use VarChar type "
                  "instead, field ",
                  field.name));
  } else if (const auto scalar = scalar_of(type)) {
    field.type = *scalar;
    if (type == DataType::VarChar) {
      SIMILE_ASSIGN(field.max_length, parse_max_length(meta, collection));
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
  if (field.partition_key && field.nullable) {
    return refuse_parameter("partition key field not support nullable: invalid parameter");
  }
  // Filters that fix the key look at its rows only.
  if (field.partition_key) field.scalar_index = ScalarIndex::kInverted;
  return field;
}

Answer<Field> change_field_limits(Field field, const FieldMeta& asked,
                                  std::string_view collection) {
  const bool array = field.type == FieldType::kArray;
  const FieldType type = array ? field.element_type : field.type;
  if (asked.type_params.contains("max_length")) {
    if (type != FieldType::kString) {
      return refuse_parameter(join_text(field.name, " of collection ", collection,
                                        " can not modify the maxlength for non-string types"));
    }
    SIMILE_ASSIGN(field.max_length, parse_max_length(asked, collection));
  }
  if (asked.type_params.contains("max_capacity")) {
    if (!array) {
      return refuse_parameter(join_text(field.name, " of collection ", collection,
                                        " can not modify the maxcapacity for non-array types"));
    }
    SIMILE_ASSIGN(field.max_capacity, parse_max_capacity(asked));
  }
  return field;
}

Field dynamic_field() {
  Field field;
  field.name = kDynamicField;
  field.type = FieldType::kJson;
  field.dynamic = true;
  field.default_value = std::string("{}");
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
    SIMILE_ASSIGN(Field field, parse_field_schema(each, meta, message.name()));
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
    parsed.fields.push_back(dynamic_field());
  }
  for (const auto& each : message.functions()) {
    SIMILE_TRY(parse_function(each, parsed.fields, parsed.meta));
  }
  if (keys == 0) return refuse_parameter("primary key is not specified");
  if (std::ranges::none_of(parsed.fields, &Field::is_searched)) {
    return refuse_parameter("schema does not contain vector field: invalid parameter");
  }
  return parsed;
}

}  // namespace simile::server
