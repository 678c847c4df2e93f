/// Indexes, partitions, aliases and databases.

#include "simile/base/text.h"
#include "simile/server/rest/rest_schema.h"
#include "simile/server/schema_message.h"

namespace simile::server {

namespace {

// --- indexes ---

Json index_json(const wire::IndexDescription& index) {
  const Parameters params = parameters_of(index.params());
  const auto text = [&](const char* name) {
    const auto found = params.find(name);
    return found == params.end() ? std::string() : found->second;
  };
  return {{"fieldName", index.field_name()},
          {"indexName", index.index_name()},
          {"indexType", text("index_type")},
          {"metricType", text("metric_type")},
          {"indexState", IndexState_Name(index.state())},
          {"totalRows", index.total_rows()},
          {"indexedRows", index.indexed_rows()},
          {"pendingRows", index.pending_index_rows()},
          {"failReason", ""},
          {"mmap.enabled", text("mmap.enabled")},
          {"indexParams", rest_pairs_json(index.params())},
          {"servedBy", text("simile_index")}};
}

Answer<Json> describe_index(RestCall& call) {
  SIMILE_ASSIGN(auto request, call.request<wire::DescribeIndexRequest>());
  request.set_index_name(call.text("indexName"));
  SIMILE_ASSIGN(const auto found, call.call<wire::DescribeIndexResponse>("DescribeIndex", request));
  Json list = Json::array();
  for (const auto& index : found.index_descriptions()) list.push_back(index_json(index));
  return list;
}

Answer<Json> list_indexes(RestCall& call) {
  SIMILE_ASSIGN(const auto request, call.request<wire::DescribeIndexRequest>());
  Json list = Json::array();
  const auto found = call.call<wire::DescribeIndexResponse>("DescribeIndex", request);
  if (!found && found.error().code != FaultCode::kIndexNotFound) {
    return std::unexpected(found.error());
  }
  if (!found) return list;
  for (const auto& index : found->index_descriptions()) list.push_back(index.index_name());
  return list;
}

Answer<Json> alter_index(RestCall& call) {
  SIMILE_ASSIGN(auto request, call.request<wire::AlterIndexRequest>());
  SIMILE_ASSIGN(*request.mutable_index_name(), call.needed("indexName"));
  add_pairs(call.member("properties"), *request.mutable_extra_params());
  for (const std::string& key : call.texts("propertyKeys")) request.add_delete_keys(key);
  SIMILE_TRY(call.call<wire_common::Status>("AlterIndex", request));
  return Json::object();
}

Answer<Json> drop_index(RestCall& call) {
  SIMILE_ASSIGN(auto request, call.request<wire::DropIndexRequest>());
  request.set_index_name(call.text("indexName"));
  SIMILE_TRY(call.call<wire_common::Status>("DropIndex", request));
  return Json::object();
}

// --- partitions ---

template <class Request>
Answer<Json> on_partition(RestCall& call, const char* method) {
  SIMILE_ASSIGN(auto request, call.request<Request>());
  SIMILE_ASSIGN(*request.mutable_partition_name(), call.needed("partitionName"));
  SIMILE_TRY(call.call<wire_common::Status>(method, request));
  return Json::object();
}

template <class Request>
Answer<Json> on_partitions(RestCall& call, const char* method) {
  SIMILE_ASSIGN(auto request, call.request<Request>());
  for (const std::string& name : call.texts("partitionNames")) request.add_partition_names(name);
  SIMILE_TRY(call.call<wire_common::Status>(method, request));
  return Json::object();
}

Answer<Json> create_partition(RestCall& call) {
  return on_partition<wire::CreatePartitionRequest>(call, "CreatePartition");
}
Answer<Json> drop_partition(RestCall& call) {
  return on_partition<wire::DropPartitionRequest>(call, "DropPartition");
}
Answer<Json> load_partitions(RestCall& call) {
  return on_partitions<wire::LoadPartitionsRequest>(call, "LoadPartitions");
}
Answer<Json> release_partitions(RestCall& call) {
  return on_partitions<wire::ReleasePartitionsRequest>(call, "ReleasePartitions");
}

Answer<Json> has_partition(RestCall& call) {
  SIMILE_ASSIGN(auto request, call.request<wire::HasPartitionRequest>());
  SIMILE_ASSIGN(*request.mutable_partition_name(), call.needed("partitionName"));
  SIMILE_ASSIGN(const auto answer, call.call<wire::BoolResponse>("HasPartition", request));
  return Json{{"has", answer.value()}};
}

Answer<Json> list_partitions(RestCall& call) {
  SIMILE_ASSIGN(const auto request, call.request<wire::ShowPartitionsRequest>());
  SIMILE_ASSIGN(const auto shown,
                call.call<wire::ShowPartitionsResponse>("ShowPartitions", request));
  return Json(
      std::vector<std::string>(shown.partition_names().begin(), shown.partition_names().end()));
}

Answer<Json> partition_stats(RestCall& call) {
  SIMILE_ASSIGN(auto request, call.request<wire::GetPartitionStatisticsRequest>());
  SIMILE_ASSIGN(*request.mutable_partition_name(), call.needed("partitionName"));
  SIMILE_ASSIGN(const auto stats,
                call.call<wire::GetPartitionStatisticsResponse>("GetPartitionStatistics", request));
  return Json{{"rowCount", std::stoll(stats.stats(0).value())}};
}

// --- aliases ---

template <class Request>
Answer<Json> on_alias(RestCall& call, const char* method) {
  Request request;
  request.set_db_name(call.text("dbName"));
  SIMILE_ASSIGN(*request.mutable_alias(), call.needed("aliasName"));
  if constexpr (requires { request.mutable_collection_name(); }) {
    SIMILE_ASSIGN(*request.mutable_collection_name(), call.needed("collectionName"));
  }
  SIMILE_TRY(call.call<wire_common::Status>(method, request));
  return Json::object();
}

Answer<Json> create_alias(RestCall& call) {
  return on_alias<wire::CreateAliasRequest>(call, "CreateAlias");
}
Answer<Json> alter_alias(RestCall& call) {
  return on_alias<wire::AlterAliasRequest>(call, "AlterAlias");
}
Answer<Json> drop_alias(RestCall& call) {
  return on_alias<wire::DropAliasRequest>(call, "DropAlias");
}

Answer<Json> describe_alias(RestCall& call) {
  wire::DescribeAliasRequest request;
  request.set_db_name(call.text("dbName"));
  SIMILE_ASSIGN(*request.mutable_alias(), call.needed("aliasName"));
  SIMILE_ASSIGN(const auto found, call.call<wire::DescribeAliasResponse>("DescribeAlias", request));
  return Json{{"aliasName", found.alias()},
              {"collectionName", found.collection()},
              {"dbName", found.db_name()}};
}

Answer<Json> list_aliases(RestCall& call) {
  wire::ListAliasesRequest request;
  request.set_db_name(call.text("dbName"));
  request.set_collection_name(call.text("collectionName"));
  SIMILE_ASSIGN(const auto found, call.call<wire::ListAliasesResponse>("ListAliases", request));
  return Json(std::vector<std::string>(found.aliases().begin(), found.aliases().end()));
}

// --- databases ---

Answer<Json> create_database(RestCall& call) {
  wire::CreateDatabaseRequest request;
  SIMILE_ASSIGN(*request.mutable_db_name(), call.needed("dbName"));
  add_pairs(call.member("properties"), *request.mutable_properties());
  SIMILE_TRY(call.call<wire_common::Status>("CreateDatabase", request));
  return Json::object();
}

Answer<Json> drop_database(RestCall& call) {
  wire::DropDatabaseRequest request;
  SIMILE_ASSIGN(*request.mutable_db_name(), call.needed("dbName"));
  SIMILE_TRY(call.call<wire_common::Status>("DropDatabase", request));
  return Json::object();
}

Answer<Json> list_databases(RestCall& call) {
  SIMILE_ASSIGN(const auto found, call.call<wire::ListDatabasesResponse>(
                                      "ListDatabases", wire::ListDatabasesRequest()));
  return Json(std::vector<std::string>(found.db_names().begin(), found.db_names().end()));
}

Answer<Json> describe_database(RestCall& call) {
  wire::DescribeDatabaseRequest request;
  SIMILE_ASSIGN(*request.mutable_db_name(), call.needed("dbName"));
  SIMILE_ASSIGN(const auto found,
                call.call<wire::DescribeDatabaseResponse>("DescribeDatabase", request));
  Json properties = Json::array();
  for (const auto& pair : found.properties()) {
    properties.push_back({{"key", pair.key()}, {"value", pair.value()}});
  }
  return Json{{"dbName", found.db_name()}, {"dbID", found.dbid()}, {"properties", properties}};
}

Answer<Json> alter_database(RestCall& call) {
  wire::AlterDatabaseRequest request;
  SIMILE_ASSIGN(*request.mutable_db_name(), call.needed("dbName"));
  add_pairs(call.member("properties"), *request.mutable_properties());
  for (const std::string& key : call.texts("propertyKeys")) request.add_delete_keys(key);
  SIMILE_TRY(call.call<wire_common::Status>("AlterDatabase", request));
  return Json::object();
}

}  // namespace

void add_rest_metadata(RestTable& table) {
  table["indexes/describe"] = describe_index;
  table["indexes/list"] = list_indexes;
  table["indexes/drop"] = drop_index;
  table["indexes/alter_properties"] = alter_index;
  table["indexes/drop_properties"] = alter_index;
  table["partitions/create"] = create_partition;
  table["partitions/drop"] = drop_partition;
  table["partitions/has"] = has_partition;
  table["partitions/list"] = list_partitions;
  table["partitions/load"] = load_partitions;
  table["partitions/release"] = release_partitions;
  table["partitions/get_stats"] = partition_stats;
  table["aliases/create"] = create_alias;
  table["aliases/alter"] = alter_alias;
  table["aliases/drop"] = drop_alias;
  table["aliases/describe"] = describe_alias;
  table["aliases/list"] = list_aliases;
  table["databases/create"] = create_database;
  table["databases/drop"] = drop_database;
  table["databases/list"] = list_databases;
  table["databases/describe"] = describe_database;
  table["databases/alter"] = alter_database;
  table["databases/alter_properties"] = alter_database;
  table["databases/drop_properties"] = alter_database;
}

}  // namespace simile::server
