#include <algorithm>

#include "simile/base/text.h"
#include "simile/server/index_names.h"
#include "simile/server/rest/rest_functions.h"
#include "simile/server/schema_message.h"

namespace simile::server {

namespace {

using wire_schema::DataType;

/// Types as REST writes them: the names of the protocol, "VarChar" for example.
Answer<DataType> parse_type(const std::string& name) {
  DataType type = DataType::None;
  if (DataType_Parse(name, &type) && type != DataType::None) return type;
  return refuse_parameter(join_text("data type ", name,
                                    " is invalid (case sensitive); known: "
                                    "Int64, VarChar, FloatVector, ..."));
}

void parse_default(const Json& value, DataType type, wire_schema::FieldSchema& field) {
  if (value.is_null()) return;
  auto& to = *field.mutable_default_value();
  switch (type) {
    case DataType::Bool: to.set_bool_data(value.get<bool>()); break;
    case DataType::Int64: to.set_long_data(value.get<std::int64_t>()); break;
    case DataType::Float: to.set_float_data(value.get<float>()); break;
    case DataType::Double: to.set_double_data(value.get<double>()); break;
    case DataType::JSON: to.set_bytes_data(value.dump()); break;
    case DataType::VarChar: to.set_string_data(value.get<std::string>()); break;
    default: to.set_int_data(value.get<std::int32_t>()); break;
  }
}

Answer<void> parse_rest_field(const Json& body, wire_schema::FieldSchema& field) {
  field.set_name(body.value("fieldName", ""));
  SIMILE_ASSIGN(const DataType type, parse_type(body.value("dataType", "")));
  field.set_data_type(type);
  field.set_description(body.value("description", ""));
  field.set_is_primary_key(body.value("isPrimary", false));
  field.set_autoid(body.value("autoID", body.value("autoId", false)));
  field.set_is_partition_key(body.value("isPartitionKey", false));
  field.set_nullable(body.value("nullable", false));
  if (const auto element = body.find("elementDataType"); element != body.end()) {
    SIMILE_ASSIGN(const DataType element_type, parse_type(element->get<std::string>()));
    field.set_element_type(element_type);
  }
  if (const auto params = body.find("elementTypeParams"); params != body.end()) {
    add_pairs(*params, *field.mutable_type_params());
  }
  if (const auto value = body.find("defaultValue"); value != body.end()) {
    parse_default(*value, type, field);
  }
  return {};
}

/// A collection of which only the dimension is said.
Answer<wire_schema::CollectionSchema> quick_schema(const RestCall& call) {
  wire_schema::CollectionSchema schema;
  schema.set_enable_dynamic_field(true);
  auto& key = *schema.add_fields();
  const std::string key_name = call.text("primaryFieldName");
  key.set_name(key_name.empty() ? "id" : key_name);
  key.set_is_primary_key(true);
  key.set_autoid(call.body().value("autoID", call.body().value("autoId", false)));
  const bool text = call.text("idType") == "VarChar" || call.text("idType") == "Varchar";
  key.set_data_type(text ? DataType::VarChar : DataType::Int64);
  if (text) {
    const Json& params = call.member("params");
    const Json most = 65'535;
    const Json length = params.is_object() ? params.value("max_length", most) : most;
    add_pairs({{"max_length", length}}, *key.mutable_type_params());
  }
  auto& vector = *schema.add_fields();
  const std::string vector_name = call.text("vectorFieldName");
  vector.set_name(vector_name.empty() ? "vector" : vector_name);
  vector.set_data_type(DataType::FloatVector);
  SIMILE_ASSIGN(const std::string dimension, call.needed("dimension"));
  add_pairs({{"dim", dimension}}, *vector.mutable_type_params());
  return schema;
}

Answer<wire_schema::CollectionSchema> full_schema(const Json& body) {
  wire_schema::CollectionSchema schema;
  schema.set_autoid(body.value("autoID", body.value("autoId", false)));
  schema.set_enable_dynamic_field(body.value("enableDynamicField", false));
  schema.set_description(body.value("description", ""));
  for (const Json& field : body.value("fields", Json::array())) {
    SIMILE_TRY(parse_rest_field(field, *schema.add_fields()));
  }
  for (const Json& function : body.value("functions", Json::array())) {
    SIMILE_TRY(parse_rest_function(function, *schema.add_functions()));
  }
  return schema;
}

Answer<void> create_indexes(RestCall& call, const Json& indexes) {
  for (const Json& index : indexes) {
    SIMILE_ASSIGN(auto request, call.request<wire::CreateIndexRequest>());
    request.set_field_name(index.value("fieldName", ""));
    request.set_index_name(index.value("indexName", ""));
    auto& params = *request.mutable_extra_params();
    if (index.contains("metricType")) add_pairs({{"metric_type", index["metricType"]}}, params);
    if (index.contains("indexType")) add_pairs({{"index_type", index["indexType"]}}, params);
    Json rest = index.value("params", Json::object());
    if (rest.contains("index_type")) {
      add_pairs({{"index_type", rest["index_type"]}}, params);
      rest.erase("index_type");
    }
    if (!rest.empty()) add_pairs({{"params", rest}}, params);
    SIMILE_TRY(call.call<wire_common::Status>("CreateIndex", request));
  }
  return {};
}

Answer<void> load(RestCall& call) {
  SIMILE_ASSIGN(const auto request, call.request<wire::LoadCollectionRequest>());
  SIMILE_TRY(call.call<wire_common::Status>("LoadCollection", request));
  return {};
}

Answer<Json> create(RestCall& call) {
  SIMILE_ASSIGN(auto request, call.request<wire::CreateCollectionRequest>());
  const bool full = call.body().contains("schema");
  SIMILE_ASSIGN(auto schema, full ? full_schema(call.member("schema")) : quick_schema(call));
  schema.set_name(request.collection_name());
  if (schema.description().empty()) schema.set_description(call.text("description"));
  request.set_schema(schema.SerializeAsString());
  request.set_consistency_level(wire_common::ConsistencyLevel::Bounded);
  const Json& params = call.member("params");
  if (params.is_object()) {
    if (params.contains("consistencyLevel")) {
      wire_common::ConsistencyLevel level{};
      if (!ConsistencyLevel_Parse(params["consistencyLevel"].get<std::string>(), &level)) {
        return refuse_parameter("consistencyLevel is none of Strong, Session, Bounded, Eventually");
      }
      request.set_consistency_level(level);
    }
    if (params.value("enableDynamicField", false)) {
      schema.set_enable_dynamic_field(true);
      request.set_schema(schema.SerializeAsString());
    }
  }
  SIMILE_TRY(call.call<wire_common::Status>("CreateCollection", request));
  if (full) {
    const Json indexes = call.body().value("indexParams", Json::array());
    SIMILE_TRY(create_indexes(call, indexes));
    if (!indexes.empty()) SIMILE_TRY(load(call));
    return Json::object();
  }
  const std::string metric = call.text("metricType");
  SIMILE_TRY(
      create_indexes(call, Json::array({{{"fieldName", schema.fields(1).name()},
                                         {"metricType", metric.empty() ? "COSINE" : metric}}})));
  SIMILE_TRY(load(call));
  return Json::object();
}

Json pairs_json(const KeyValues& pairs) {
  Json list = Json::array();
  for (const auto& pair : pairs) list.push_back({{"key", pair.key()}, {"value", pair.value()}});
  return list;
}

Json field_json(const wire_schema::FieldSchema& field) {
  Json json = {{"id", field.fieldid()},
               {"name", field.name()},
               {"type", DataType_Name(field.data_type())},
               {"description", field.description()},
               {"primaryKey", field.is_primary_key()},
               {"partitionKey", field.is_partition_key()},
               {"clusteringKey", false},
               {"autoId", field.autoid()},
               {"nullable", field.nullable()}};
  if (field.type_params_size() > 0) json["params"] = pairs_json(field.type_params());
  if (field.element_type() != DataType::None) {
    json["elementDataType"] = DataType_Name(field.element_type());
  }
  return json;
}

Answer<Json> describe_collection(RestCall& call) {
  SIMILE_ASSIGN(const auto request, call.request<wire::DescribeCollectionRequest>());
  SIMILE_ASSIGN(const auto described,
                call.call<wire::DescribeCollectionResponse>("DescribeCollection", request));
  Json fields = Json::array();
  bool auto_id = false;
  for (const auto& field : described.schema().fields()) {
    fields.push_back(field_json(field));
    auto_id = auto_id || field.autoid();
  }
  Json indexes = Json::array();
  SIMILE_ASSIGN(const auto index_request, call.request<wire::DescribeIndexRequest>());
  if (const auto there = call.call<wire::DescribeIndexResponse>("DescribeIndex", index_request)) {
    for (const auto& index : there->index_descriptions()) {
      const Parameters params = parameters_of(index.params());
      const auto metric = params.find("metric_type");
      indexes.push_back({{"fieldName", index.field_name()},
                         {"indexName", index.index_name()},
                         {"metricType", metric == params.end() ? "" : metric->second}});
    }
  }
  SIMILE_ASSIGN(const auto state_request, call.request<wire::GetLoadStateRequest>());
  SIMILE_ASSIGN(const auto state,
                call.call<wire::GetLoadStateResponse>("GetLoadState", state_request));
  return Json{
      {"collectionName", described.collection_name()},
      {"collectionID", described.collectionid()},
      {"description", described.schema().description()},
      {"aliases", std::vector<std::string>(described.aliases().begin(), described.aliases().end())},
      {"autoId", auto_id},
      {"enableDynamicField", described.schema().enable_dynamic_field()},
      {"fields", fields},
      {"functions", functions_json(described.schema())},
      {"indexes", indexes},
      {"load", LoadState_Name(state.state())},
      {"consistencyLevel", ConsistencyLevel_Name(described.consistency_level())},
      {"partitionsNum", described.num_partitions()},
      {"shardsNum", described.shards_num()},
      {"properties", pairs_json(described.properties())}};
}

Answer<Json> has(RestCall& call) {
  SIMILE_ASSIGN(const auto request, call.request<wire::HasCollectionRequest>());
  SIMILE_ASSIGN(const auto answer, call.call<wire::BoolResponse>("HasCollection", request));
  return Json{{"has", answer.value()}};
}

Answer<Json> list(RestCall& call) {
  wire::ShowCollectionsRequest request;
  request.set_db_name(call.text("dbName"));
  SIMILE_ASSIGN(const auto shown,
                call.call<wire::ShowCollectionsResponse>("ShowCollections", request));
  return Json(
      std::vector<std::string>(shown.collection_names().begin(), shown.collection_names().end()));
}

template <class Request>
Answer<Json> plain(RestCall& call, const char* method) {
  SIMILE_ASSIGN(const auto request, call.request<Request>());
  SIMILE_TRY(call.call<wire_common::Status>(method, request));
  return Json::object();
}

Answer<Json> drop(RestCall& call) {
  return plain<wire::DropCollectionRequest>(call, "DropCollection");
}
Answer<Json> load_collection(RestCall& call) {
  return plain<wire::LoadCollectionRequest>(call, "LoadCollection");
}
Answer<Json> release(RestCall& call) {
  return plain<wire::ReleaseCollectionRequest>(call, "ReleaseCollection");
}

Answer<Json> rename(RestCall& call) {
  wire::RenameCollectionRequest request;
  request.set_db_name(call.text("dbName"));
  SIMILE_ASSIGN(*request.mutable_oldname(), call.needed("collectionName"));
  SIMILE_ASSIGN(*request.mutable_newname(), call.needed("newCollectionName"));
  SIMILE_TRY(call.call<wire_common::Status>("RenameCollection", request));
  return Json::object();
}

Answer<Json> truncate(RestCall& call) {
  SIMILE_ASSIGN(const auto request, call.request<wire::TruncateCollectionRequest>());
  SIMILE_TRY(call.call<wire::TruncateCollectionResponse>("TruncateCollection", request));
  return Json::object();
}

Answer<Json> get_stats(RestCall& call) {
  SIMILE_ASSIGN(const auto request, call.request<wire::GetCollectionStatisticsRequest>());
  SIMILE_ASSIGN(const auto stats, call.call<wire::GetCollectionStatisticsResponse>(
                                      "GetCollectionStatistics", request));
  return Json{{"rowCount", std::stoll(stats.stats(0).value())}};
}

Answer<Json> get_load_state(RestCall& call) {
  SIMILE_ASSIGN(auto request, call.request<wire::GetLoadStateRequest>());
  for (const std::string& name : call.texts("partitionNames")) request.add_partition_names(name);
  SIMILE_ASSIGN(const auto state, call.call<wire::GetLoadStateResponse>("GetLoadState", request));
  const bool loaded = state.state() == wire_common::LoadState::LoadStateLoaded;
  return Json{{"loadState", LoadState_Name(state.state())},
              {"loadProgress", loaded ? 100 : 0},
              {"message", ""}};
}

Answer<Json> flush(RestCall& call) {
  wire::FlushRequest request;
  request.set_db_name(call.text("dbName"));
  SIMILE_ASSIGN(*request.add_collection_names(), call.needed("collectionName"));
  SIMILE_TRY(call.call<wire::FlushResponse>("Flush", request));
  return Json::object();
}

Answer<Json> compact(RestCall& call) {
  SIMILE_ASSIGN(const auto request, call.request<wire::ManualCompactionRequest>());
  SIMILE_ASSIGN(const auto started,
                call.call<wire::ManualCompactionResponse>("ManualCompaction", request));
  return Json{{"compactionID", started.compactionid()}};
}

Answer<Json> get_compaction_state(RestCall& call) {
  wire::GetCompactionStateRequest request;
  request.set_compactionid(call.body().value("jobID", call.body().value("compactionID", 0)));
  SIMILE_ASSIGN(const auto state,
                call.call<wire::GetCompactionStateResponse>("GetCompactionState", request));
  return Json{{"compactionID", request.compactionid()},
              {"state", CompactionState_Name(state.state())}};
}

Answer<Json> alter_properties(RestCall& call) {
  SIMILE_ASSIGN(auto request, call.request<wire::AlterCollectionRequest>());
  add_pairs(call.member("properties"), *request.mutable_properties());
  SIMILE_TRY(call.call<wire_common::Status>("AlterCollection", request));
  return Json::object();
}

Answer<Json> drop_properties(RestCall& call) {
  SIMILE_ASSIGN(auto request, call.request<wire::AlterCollectionRequest>());
  for (const std::string& key : call.texts("propertyKeys")) request.add_delete_keys(key);
  SIMILE_TRY(call.call<wire_common::Status>("AlterCollection", request));
  return Json::object();
}

Answer<Json> add_field(RestCall& call) {
  SIMILE_ASSIGN(auto request, call.request<wire::AddCollectionFieldRequest>());
  wire_schema::FieldSchema field;
  SIMILE_TRY(parse_rest_field(call.member("schema"), field));
  request.set_schema(field.SerializeAsString());
  SIMILE_TRY(call.call<wire_common::Status>("AddCollectionField", request));
  return Json::object();
}

Answer<Json> create_index(RestCall& call) {
  SIMILE_TRY(create_indexes(call, call.body().value("indexParams", Json::array())));
  return Json::object();
}

}  // namespace

void add_rest_collections(RestTable& table) {
  table["collections/create"] = create;
  table["collections/describe"] = describe_collection;
  table["collections/has"] = has;
  table["collections/list"] = list;
  table["collections/drop"] = drop;
  table["collections/rename"] = rename;
  table["collections/truncate"] = truncate;
  table["collections/load"] = load_collection;
  table["collections/refresh_load"] = load_collection;
  table["collections/release"] = release;
  table["collections/get_stats"] = get_stats;
  table["collections/get_load_state"] = get_load_state;
  table["collections/flush"] = flush;
  table["collections/compact"] = compact;
  table["collections/get_compaction_state"] = get_compaction_state;
  table["collections/alter_properties"] = alter_properties;
  table["collections/drop_properties"] = drop_properties;
  table["collections/fields/add"] = add_field;
  table["indexes/create"] = create_index;
}

}  // namespace simile::server
