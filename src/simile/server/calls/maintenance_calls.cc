/// What tools and benchmarks ask about segments, compaction and the machine.

#include <nlohmann/json.hpp>

#include "simile/base/text.h"
#include "simile/server/calls/calls.h"

namespace simile::server {

namespace {

Answer<CollectionHandle> collection_by_id(CallContext& context, std::string_view database,
                                          std::int64_t id) {
  SIMILE_ASSIGN(const auto handles, context.service.catalog().collections(database));
  for (const CollectionHandle& handle : handles) {
    if (handle.meta->id == id) return handle;
  }
  return refuse(FaultCode::kCollectionNotFound,
                join_text("can't find collection[collection=", id, "]"));
}

/// Ids of the rows on disk and of those that grow, as far as clients tell segments apart.
std::int64_t sealed_id(const CollectionHandle& handle) { return handle.meta->id + 2; }
std::int64_t growing_id(const CollectionHandle& handle) { return handle.meta->id + 3; }

Answer<wire::ManualCompactionResponse> manual_compaction(
    CallContext& context, const wire::ManualCompactionRequest& request) {
  const std::string_view database = database_of(context, request);
  SIMILE_ASSIGN(const CollectionHandle handle,
                request.collection_name().empty()
                    ? collection_by_id(context, database, request.collectionid())
                    : context.service.catalog().find(database, request.collection_name()));
  wire::ManualCompactionResponse response;
  response.set_compactionid(
      context.service.compactions().start(handle.collection, sealed_id(handle)));
  response.set_compactionplancount(1);
  return response;
}

Answer<CompactionState> compaction_of(CallContext& context, std::int64_t number) {
  const auto found = context.service.compactions().state(number);
  if (!found) return refuse_parameter(join_text("there is no compaction ", number));
  if (found->progress == CompactionProgress::kFailed) {
    return refuse(FaultCode::kUnexpected, join_text("compaction ", number, " failed"));
  }
  return *found;
}

wire_common::CompactionState state_of(const CompactionState& compaction) {
  return compaction.progress == CompactionProgress::kDone ? wire_common::CompactionState::Completed
                                                          : wire_common::CompactionState::Executing;
}

Answer<wire::GetCompactionStateResponse> get_compaction_state(
    CallContext& context, const wire::GetCompactionStateRequest& request) {
  SIMILE_ASSIGN(const CompactionState found, compaction_of(context, request.compactionid()));
  wire::GetCompactionStateResponse response;
  response.set_state(state_of(found));
  if (found.progress == CompactionProgress::kDone) {
    response.set_completedplanno(1);
  } else {
    response.set_executingplanno(1);
  }
  return response;
}

Answer<wire::GetCompactionPlansResponse> get_compaction_plans(
    CallContext& context, const wire::GetCompactionPlansRequest& request) {
  SIMILE_ASSIGN(const CompactionState found, compaction_of(context, request.compactionid()));
  wire::GetCompactionPlansResponse response;
  response.set_state(state_of(found));
  // Tools check that what they saw before is among the sources.
  auto& merge = *response.add_mergeinfos();
  merge.add_sources(found.segment);
  merge.set_target(found.segment);
  return response;
}

Answer<wire::GetPersistentSegmentInfoResponse> get_persistent_segments(
    CallContext& context, const wire::GetPersistentSegmentInfoRequest& request) {
  const std::string_view database =
      request.dbname().empty() ? std::string_view(context.database) : request.dbname();
  SIMILE_ASSIGN(const CollectionHandle handle,
                context.service.catalog().find(database, request.collectionname()));
  wire::GetPersistentSegmentInfoResponse response;
  const CollectionInfo info = handle.collection->info();
  if (info.rows == info.growing_rows) return response;
  auto& segment = *response.add_infos();
  segment.set_segmentid(sealed_id(handle));
  segment.set_collectionid(handle.meta->id);
  segment.set_partitionid(handle.meta->id + 1);
  segment.set_num_rows(static_cast<std::int64_t>(info.rows - info.growing_rows));
  segment.set_state(wire_common::SegmentState::Flushed);
  segment.set_level(wire_common::SegmentLevel::L1);
  segment.set_is_sorted(true);  // nothing is left to be done before it is served
  return response;
}

Answer<wire::GetQuerySegmentInfoResponse> get_query_segments(
    CallContext& context, const wire::GetQuerySegmentInfoRequest& request) {
  const std::string_view database =
      request.dbname().empty() ? std::string_view(context.database) : request.dbname();
  SIMILE_ASSIGN(const CollectionHandle handle,
                context.service.catalog().find(database, request.collectionname()));
  wire::GetQuerySegmentInfoResponse response;
  if (!handle.meta->loaded) return response;
  const CollectionInfo info = handle.collection->info();
  const auto add = [&](std::int64_t id, std::uint64_t rows, wire_common::SegmentState state) {
    if (rows == 0) return;
    auto& segment = *response.add_infos();
    segment.set_segmentid(id);
    segment.set_collectionid(handle.meta->id);
    segment.set_partitionid(handle.meta->id + 1);
    segment.set_mem_size(static_cast<std::int64_t>(info.memory_bytes));
    segment.set_num_rows(static_cast<std::int64_t>(rows));
    segment.set_state(state);
    segment.add_nodeids(1);
    if (!handle.meta->indexes.empty()) {
      segment.set_index_name(handle.meta->indexes.front().name);
      segment.set_indexid(handle.meta->indexes.front().id);
    }
  };
  add(sealed_id(handle), info.rows - info.growing_rows, wire_common::SegmentState::Sealed);
  add(growing_id(handle), info.growing_rows, wire_common::SegmentState::Growing);
  return response;
}

Answer<wire::GetReplicasResponse> get_replicas(CallContext& context,
                                               const wire::GetReplicasRequest& request) {
  const std::string_view database = database_of(context, request);
  SIMILE_ASSIGN(const CollectionHandle handle,
                request.collection_name().empty()
                    ? collection_by_id(context, database, request.collectionid())
                    : context.service.catalog().find(database, request.collection_name()));
  wire::GetReplicasResponse response;
  if (!handle.meta->loaded) return response;
  auto& replica = *response.add_replicas();
  replica.set_replicaid(1);
  replica.set_collectionid(handle.meta->id);
  replica.add_node_ids(1);
  replica.set_resource_group_name("__default_resource_group");
  return response;
}

Answer<wire::GetMetricsResponse> get_metrics(CallContext& context,
                                             const wire::GetMetricsRequest& /*request*/) {
  nlohmann::json collections = nlohmann::json::array();
  nlohmann::json databases = nlohmann::json::array();
  for (const DatabaseSummary& database : context.service.catalog().databases()) {
    const auto info = context.service.catalog().info(database.name);
    if (!info) continue;  // dropped meanwhile
    databases.push_back({{"name", database.name},
                         {"path", info->path},
                         {"sequence", info->sequence},
                         {"wal_bytes", info->wal_bytes},
                         {"disk_bytes", info->disk_bytes},
                         {"open_seconds", info->open_seconds}});
    for (const CollectionInfo& each : info->collections) {
      collections.push_back({{"database", database.name},
                             {"name", each.name},
                             {"rows", each.rows},
                             {"deleted_rows", each.deleted_rows},
                             {"sealed_segments", each.sealed_segments},
                             {"growing_rows", each.growing_rows},
                             {"indexed_rows", each.indexed_rows},
                             {"memory_bytes", each.memory_bytes},
                             {"disk_bytes", each.disk_bytes}});
    }
  }
  const nlohmann::json node = {{"identifier", 1},
                               {"connected", nlohmann::json::array()},
                               {"infos",
                                {{"has_error", false},
                                 {"name", "standalone"},
                                 {"type", "standalone"},
                                 {"id", 1},
                                 {"system_info", {{"system_version", kProtocolVersion}}},
                                 {"databases", databases},
                                 {"collections", collections}}}};
  wire::GetMetricsResponse response;
  response.set_response(nlohmann::json{{"nodes_info", nlohmann::json::array({node})}}.dump());
  response.set_component_name("standalone");
  return response;
}

}  // namespace

void add_maintenance_calls(MethodTable& table) {
  table.add("ManualCompaction", MethodKind::kAdmin, manual_compaction);
  table.add("GetCompactionState", MethodKind::kAdmin, get_compaction_state);
  table.add("GetCompactionStateWithPlans", MethodKind::kAdmin, get_compaction_plans);
  table.add("GetPersistentSegmentInfo", MethodKind::kAdmin, get_persistent_segments);
  table.add("GetQuerySegmentInfo", MethodKind::kAdmin, get_query_segments);
  table.add("GetReplicas", MethodKind::kAdmin, get_replicas);
  table.add("GetMetrics", MethodKind::kAdmin, get_metrics);
}

}  // namespace simile::server
