#include <algorithm>

#include "simile/base/text.h"
#include "simile/server/rest/rest_functions.h"
#include "simile/server/rest/rest_schema.h"
#include "simile/server/schema_message.h"

namespace simile::server {

namespace {

Answer<void> create_indexes(RestCall& call, const Json& indexes) {
  for (const Json& index : indexes) {
    SIMILE_ASSIGN(auto request, call.request<wire::CreateIndexRequest>());
    request.set_field_name(index.value("fieldName", ""));
    request.set_index_name(index.value("indexName", ""));
    auto& params = *request.mutable_extra_params();
    const Json more = index.value("params", Json::object());
    if (index.contains("metricType")) add_pairs({{"metric_type", index["metricType"]}}, params);
    if (index.contains("indexType")) {
      add_pairs({{"index_type", index["indexType"]}}, params);
    } else if (more.contains("index_type")) {
      add_pairs({{"index_type", more["index_type"]}}, params);
    }
    if (!more.empty()) add_pairs({{"params", more}}, params);
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
  SIMILE_ASSIGN(auto schema, parse_rest_schema(call));
  SIMILE_TRY(parse_rest_options(call.member("params"), request));
  request.set_schema(schema.SerializeAsString());
  SIMILE_TRY(call.call<wire_common::Status>("CreateCollection", request));
  if (!is_quick(call.body())) {
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

Answer<Json> describe_collection(RestCall& call) {
  SIMILE_ASSIGN(const auto request, call.request<wire::DescribeCollectionRequest>());
  SIMILE_ASSIGN(const auto described,
                call.call<wire::DescribeCollectionResponse>("DescribeCollection", request));
  Json fields = Json::array();
  bool auto_id = false;
  for (const auto& field : described.schema().fields()) {
    fields.push_back(rest_field_json(field));
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
      {"properties", rest_pairs_json(described.properties())}};
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

Answer<Json> alter_field(RestCall& call) {
  SIMILE_ASSIGN(auto request, call.request<wire::AlterCollectionFieldRequest>());
  SIMILE_ASSIGN(*request.mutable_field_name(), call.needed("fieldName"));
  add_pairs(call.member("fieldParams"), *request.mutable_properties());
  SIMILE_TRY(call.call<wire_common::Status>("AlterCollectionField", request));
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
  table["collections/fields/alter_properties"] = alter_field;
  table["indexes/create"] = create_index;
}

}  // namespace simile::server
