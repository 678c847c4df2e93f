#include "simile/server/rest/rest_schema.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>

#include "simile/base/text.h"
#include "simile/server/rest/rest_functions.h"
#include "simile/server/schema_message.h"

namespace simile::server {

namespace {

using wire_schema::DataType;
using wire_schema::ValueField;

/// Types as REST writes them: the names of the protocol, "VarChar" for example.
Answer<DataType> parse_type(std::string_view what, const std::string& name) {
  DataType type = DataType::None;
  if (DataType_Parse(name, &type) && type != DataType::None) return type;
  return refuse_parameter(join_text(what, " ", name,
                                    " is invalid(case sensitive); known: "
                                    "Int64, VarChar, FloatVector, ..."));
}

/// True or false, or a text that means one of them.
std::optional<bool> truth(const Json& value) {
  if (value.is_boolean()) return value.get<bool>();
  const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
  constexpr std::array<std::string_view, 6> kTrue = {"1", "t", "T", "true", "True", "TRUE"};
  constexpr std::array<std::string_view, 6> kFalse = {"0", "f", "F", "false", "False", "FALSE"};
  if (std::ranges::find(kTrue, text) != kTrue.end()) return true;
  if (std::ranges::find(kFalse, text) != kFalse.end()) return false;
  return std::nullopt;
}

/// A whole number, or a text of one.
std::optional<std::int32_t> whole(const Json& value) {
  const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
  std::int32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// False where a value of this type cannot be a default.
bool put_default(const Json& value, DataType type, ValueField& to) {
  switch (type) {
    case DataType::Bool:
      if (value.is_boolean()) to.set_bool_data(value.get<bool>());
      return value.is_boolean();
    case DataType::Int8:
    case DataType::Int16:
    case DataType::Int32: {
      const bool fits = value.is_number() &&
                        value.get<double>() >= std::numeric_limits<std::int32_t>::min() &&
                        value.get<double>() <= std::numeric_limits<std::int32_t>::max();
      if (fits) to.set_int_data(value.get<std::int32_t>());
      return fits;
    }
    case DataType::Int64:
      if (value.is_number_integer()) to.set_long_data(value.get<std::int64_t>());
      return value.is_number_integer();
    case DataType::Float:
      if (value.is_number()) to.set_float_data(value.get<float>());
      return value.is_number();
    case DataType::Double:
      if (value.is_number()) to.set_double_data(value.get<double>());
      return value.is_number();
    case DataType::String:
    case DataType::VarChar:
    case DataType::Timestamptz:
    case DataType::Geometry:
      if (value.is_string()) to.set_string_data(value.get<std::string>());
      return value.is_string();
    default: return false;
  }
}

Answer<void> parse_default(const Json& value, wire_schema::FieldSchema& field) {
  if (put_default(value, field.data_type(), *field.mutable_default_value())) return {};
  return refuse_parameter(join_text("convert defaultValue fail, err: cannot use \"", value.dump(),
                                    "\" as default value of field ", field.name(), " of type ",
                                    DataType_Name(field.data_type())));
}

std::string needed_text(const Json& body, const char* name) {
  const auto found = body.find(name);
  return found != body.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Answer<wire_schema::CollectionSchema> quick_schema(const RestCall& call) {
  const Json& params = call.member("params");
  wire_schema::CollectionSchema schema;
  schema.set_enable_dynamic_field(true);
  if (params.is_object() && params.contains("enableDynamicField")) {
    const auto dynamic = truth(params["enableDynamicField"]);
    if (!dynamic) return refuse_parameter("parse enableDynamicField fail: it is true or false");
    schema.set_enable_dynamic_field(*dynamic);
  }
  auto& key = *schema.add_fields();
  const std::string key_name = call.text("primaryFieldName");
  key.set_name(key_name.empty() ? "id" : key_name);
  key.set_is_primary_key(true);
  key.set_autoid(call.body().value("autoID", call.body().value("autoId", false)));
  const std::string id_type = call.text("idType");
  const bool text = id_type == "VarChar" || id_type == "Varchar";
  if (!text && !id_type.empty() && id_type != "Int64" && id_type != "int64") {
    return refuse_parameter(
        join_text("idType can only be [Int64, VarChar], default: Int64, not ", id_type));
  }
  key.set_data_type(text ? DataType::VarChar : DataType::Int64);
  if (text) {
    const Json most = 65'535;
    const Json length = params.is_object() ? params.value("max_length", most) : most;
    add_pairs({{"max_length", length}}, *key.mutable_type_params());
  }
  auto& vector = *schema.add_fields();
  const std::string vector_name = call.text("vectorFieldName");
  vector.set_name(vector_name.empty() ? "vector" : vector_name);
  vector.set_data_type(DataType::FloatVector);
  const std::string dimension = call.text("dimension");
  if (dimension.empty() || dimension == "0") {
    return refuse_parameter(
        "dimension is required for quickly create collection(default metric type: COSINE); "
        "others need a schema with fields");
  }
  add_pairs({{"dim", dimension}}, *vector.mutable_type_params());
  return schema;
}

Answer<wire_schema::CollectionSchema> full_schema(const Json& body) {
  wire_schema::CollectionSchema schema;
  const bool auto_id = body.value("autoID", body.value("autoId", false));
  schema.set_autoid(auto_id);
  schema.set_enable_dynamic_field(body.value("enableDynamicField", false));
  schema.set_description(body.value("description", ""));
  for (const Json& each : body.value("fields", Json::array())) {
    auto& field = *schema.add_fields();
    SIMILE_TRY(parse_rest_field(each, field));
    if (field.is_primary_key() && auto_id) field.set_autoid(true);
  }
  for (const Json& function : body.value("functions", Json::array())) {
    SIMILE_TRY(parse_rest_function(function, *schema.add_functions()));
  }
  return schema;
}

/// A default as the protocol's messages are written in JSON: {"Data": {"LongData": 7}}.
Json default_json(const ValueField& value) {
  using Case = ValueField::DataCase;
  const auto as = [](const char* name, Json data) {
    return Json{{"Data", Json{{name, std::move(data)}}}};
  };
  switch (value.data_case()) {
    case Case::kBoolData: return as("BoolData", value.bool_data());
    case Case::kIntData: return as("IntData", value.int_data());
    case Case::kLongData: return as("LongData", value.long_data());
    case Case::kFloatData: return as("FloatData", value.float_data());
    case Case::kDoubleData: return as("DoubleData", value.double_data());
    case Case::kStringData: return as("StringData", value.string_data());
    case Case::kBytesData: return as("BytesData", value.bytes_data());
    case Case::kTimestamptzData: return as("TimestamptzData", value.timestamptz_data());
    default: return nullptr;
  }
}

}  // namespace

bool is_quick(const Json& body) {
  const auto schema = body.find("schema");
  if (schema == body.end() || !schema->is_object()) return true;
  return schema->value("fields", Json::array()).empty();
}

Answer<wire_schema::CollectionSchema> parse_rest_schema(const RestCall& call) {
  const bool quick = is_quick(call.body());
  SIMILE_ASSIGN(auto schema, quick ? quick_schema(call) : full_schema(call.member("schema")));
  schema.set_name(call.text("collectionName"));
  if (schema.description().empty()) schema.set_description(call.text("description"));
  const Json& params = call.member("params");
  if (!quick && params.is_object() && params.contains("enableDynamicField")) {
    schema.set_enable_dynamic_field(truth(params["enableDynamicField"]).value_or(false) ||
                                    schema.enable_dynamic_field());
  }
  return schema;
}

Answer<void> parse_rest_options(const Json& params, wire::CreateCollectionRequest& request) {
  request.set_consistency_level(wire_common::ConsistencyLevel::Bounded);
  if (!params.is_object()) return {};
  if (const auto named = params.find("consistencyLevel"); named != params.end()) {
    wire_common::ConsistencyLevel level{};
    if (!named->is_string() || !ConsistencyLevel_Parse(named->get<std::string>(), &level)) {
      return refuse_parameter(
          "consistencyLevel can only be [Strong, Session, Bounded, Eventually, Customized], "
          "default: Bounded");
    }
    request.set_consistency_level(level);
  }
  if (const auto shards = whole(params.value("shardsNum", Json()))) request.set_shards_num(*shards);
  if (const auto count = whole(params.value("partitionsNum", Json()))) {
    request.set_num_partitions(*count);
  }
  constexpr std::pair<const char*, const char*> kProperties[] = {
      {"ttlSeconds", "collection.ttl.seconds"},
      {"ttlField", "ttl_field"},
      {"partitionKeyIsolation", "partitionkey.isolation"},
      {"mmap.enabled", "mmap.enabled"}};
  for (const auto& [from, to] : kProperties) {
    if (params.contains(from)) add_pairs({{to, params[from]}}, *request.mutable_properties());
  }
  return {};
}

Answer<void> parse_rest_field(const Json& body, wire_schema::FieldSchema& field) {
  if (!body.is_object()) return refuse_parameter("a field must be an object with a name");
  field.set_name(needed_text(body, "fieldName"));
  if (field.name().empty()) return refuse_missing("fieldName");
  const std::string type_name = needed_text(body, "dataType");
  if (type_name.empty()) return refuse_missing("dataType");
  SIMILE_ASSIGN(const DataType type, parse_type("data type", type_name));
  field.set_data_type(type);
  field.set_description(body.value("description", ""));
  field.set_is_primary_key(body.value("isPrimary", false));
  field.set_autoid(body.value("autoID", body.value("autoId", false)));
  field.set_is_partition_key(body.value("isPartitionKey", false));
  field.set_is_clustering_key(body.value("isClusteringKey", false));
  field.set_nullable(body.value("nullable", false));
  if (type == DataType::Array) {
    SIMILE_ASSIGN(const DataType element,
                  parse_type("element data type", needed_text(body, "elementDataType")));
    field.set_element_type(element);
  }
  if (const auto params = body.find("elementTypeParams"); params != body.end()) {
    add_pairs(*params, *field.mutable_type_params());
  }
  if (const auto value = body.find("defaultValue"); value != body.end()) {
    SIMILE_TRY(parse_default(*value, field));
  }
  return {};
}

Json rest_pairs_json(const google::protobuf::RepeatedPtrField<wire_common::KeyValuePair>& pairs) {
  Json list = Json::array();
  for (const auto& pair : pairs) list.push_back({{"key", pair.key()}, {"value", pair.value()}});
  return list;
}

Json rest_field_json(const wire_schema::FieldSchema& field) {
  Json json = {{"id", field.fieldid()},
               {"name", field.name()},
               {"type", DataType_Name(field.data_type())},
               {"description", field.description()},
               {"primaryKey", field.is_primary_key()},
               {"partitionKey", field.is_partition_key()},
               {"clusteringKey", field.is_clustering_key()},
               {"autoId", field.autoid()},
               {"nullable", field.nullable()}};
  if (field.has_default_value()) json["defaultValue"] = default_json(field.default_value());
  if (field.is_function_output()) json["isFunctionOutput"] = true;
  if (field.type_params_size() > 0) json["params"] = rest_pairs_json(field.type_params());
  if (field.element_type() != DataType::None) {
    json["elementType"] = DataType_Name(field.element_type());
  }
  return json;
}

}  // namespace simile::server
