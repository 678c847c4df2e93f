#include <algorithm>

#include "simile/base/text.h"
#include "simile/server/access/row_limits.h"
#include "simile/server/calls/calls.h"
#include "simile/server/filter_message.h"

namespace simile::server {

namespace {

constexpr int kTimestampLogicalBits = 18;
constexpr std::size_t kPartitionsMax = 4'096;

/// Ids in the order of the names, beside that of the collection.
std::int64_t partition_id(const CollectionHandle& handle, std::string_view name) {
  const auto found = handle.meta->partition_ids.find(name);
  return found == handle.meta->partition_ids.end() ? handle.meta->id + 1 : found->second;
}

Answer<wire_common::Status> create_partition(CallContext& context,
                                             const wire::CreatePartitionRequest& request) {
  SIMILE_TRY(check_name("partition", request.partition_name()));
  SIMILE_ASSIGN(const CollectionHandle handle, collection_of(context, request));
  SIMILE_TRY(refuse_with_partition_key(handle, "disable create partition"));
  const bool there = check_partition(handle, request.partition_name()).has_value();
  if (there && !context.embedded) return wire_common::Status();
  if (handle.collection->partitions().size() >= kPartitionsMax) {
    return refuse_parameter(
        join_text("partition number exceeds max configuration, max=", kPartitionsMax));
  }
  SIMILE_TRY(handle.collection->create_partition(request.partition_name()));
  SIMILE_TRY(context.service.catalog().change(
      handle.database, handle.name(), [&](CollectionMeta& meta) -> Answer<void> {
        meta.partition_ids[request.partition_name()] = static_cast<std::int64_t>(next_timestamp());
        // What is created in a collection that is loaded is loaded.
        if (!meta.loaded_partitions.empty())
          meta.loaded_partitions.insert(request.partition_name());
        return {};
      }));
  return wire_common::Status();
}

Answer<wire_common::Status> drop_partition(CallContext& context,
                                           const wire::DropPartitionRequest& request) {
  SIMILE_ASSIGN(const CollectionHandle handle, collection_of(context, request));
  SIMILE_TRY(refuse_with_partition_key(handle, "disable drop partition"));
  SIMILE_TRY(check_name("partition", request.partition_name()));
  const std::string& name = request.partition_name();
  if (name == kDefaultPartition) {
    return refuse_parameter("default partition cannot be deleted");
  }
  const bool there = check_partition(handle, name).has_value();
  if (!there && !context.embedded) return wire_common::Status();
  const auto& loaded = handle.meta->loaded_partitions;
  if (!context.embedded && handle.meta->loaded && (loaded.empty() || loaded.contains(name))) {
    return refuse_parameter(
        join_text("partition cannot be dropped, partition is loaded, please "
                  "release it first: ",
                  name));
  }
  SIMILE_TRY(handle.collection->drop_partition(name));
  SIMILE_TRY(context.service.catalog().change(handle.database, handle.name(),
                                              [&](CollectionMeta& meta) -> Answer<void> {
                                                meta.partition_ids.erase(name);
                                                return {};
                                              }));
  return wire_common::Status();
}

Answer<wire::BoolResponse> has_partition(CallContext& context,
                                         const wire::HasPartitionRequest& request) {
  SIMILE_ASSIGN(const CollectionHandle handle, collection_of(context, request));
  SIMILE_TRY(check_name("partition", request.partition_name()));
  wire::BoolResponse response;
  response.set_value(check_partition(handle, request.partition_name()).has_value());
  return response;
}

Answer<wire::ShowPartitionsResponse> show_partitions(CallContext& context,
                                                     const wire::ShowPartitionsRequest& request) {
  SIMILE_ASSIGN(const CollectionHandle handle, collection_of(context, request));
  wire::ShowPartitionsResponse response;
  constexpr std::int64_t kPercent = 100;
  const auto& names = request.partition_names();
  const auto& loaded = handle.meta->loaded_partitions;
  for (const std::string& name : names) SIMILE_TRY(check_partition(handle, name));
  for (const std::string& name : handle.collection->partitions()) {
    if (!names.empty() && std::ranges::find(names, name) == names.end()) continue;
    const bool searched = handle.meta->loaded && (loaded.empty() || loaded.contains(name));
    if (request.type() == wire::ShowType::InMemory && names.empty() && !searched) continue;
    response.add_inmemory_percentages(searched ? kPercent : 0);
    response.add_partition_names(name);
    response.add_partitionids(partition_id(handle, name));
    response.add_created_timestamps(handle.meta->created);
    response.add_created_utc_timestamps(handle.meta->created >> kTimestampLogicalBits);
  }
  return response;
}

Answer<wire::GetPartitionStatisticsResponse> get_partition_statistics(
    CallContext& context, const wire::GetPartitionStatisticsRequest& request) {
  SIMILE_ASSIGN(const CollectionHandle handle, collection_of(context, request));
  SIMILE_TRY(check_partition(handle, request.partition_name()));
  RowFilter filter;
  filter.partitions = {request.partition_name()};
  filter.cancel = context.cancel;
  filter.where = rows_shown(context, "Query", handle);
  if (filter.where.empty()) filter.where = rows_shown(context, "Search", handle);
  SIMILE_ASSIGN(const std::uint64_t rows, handle.collection->snapshot()->count(filter));
  wire::GetPartitionStatisticsResponse response;
  auto& stat = *response.add_stats();
  stat.set_key("row_count");
  stat.set_value(std::to_string(rows));
  return response;
}

Answer<wire_common::Status> load_partitions(CallContext& context,
                                            const wire::LoadPartitionsRequest& request) {
  SIMILE_ASSIGN(const CollectionHandle handle, collection_of(context, request));
  SIMILE_TRY(refuse_with_partition_key(handle, "disable load partitions"));
  SIMILE_TRY(need_indexes(handle));
  if (request.partition_names().empty()) {
    return refuse_parameter(join_text("partitions of '", handle.name(),
                                      "' are not loaded due to no partition specified"));
  }
  for (const std::string& name : request.partition_names()) {
    SIMILE_TRY(check_partition(handle, name));
  }
  SIMILE_TRY(context.service.catalog().change(
      handle.database, handle.name(), [&](CollectionMeta& meta) -> Answer<void> {
        if (meta.loaded && meta.loaded_partitions.empty()) return {};
        meta.loaded = true;
        for (const std::string& name : request.partition_names()) {
          meta.loaded_partitions.insert(name);
        }
        return {};
      }));
  return wire_common::Status();
}

Answer<wire_common::Status> release_partitions(CallContext& context,
                                               const wire::ReleasePartitionsRequest& request) {
  SIMILE_ASSIGN(const CollectionHandle handle, collection_of(context, request));
  SIMILE_TRY(refuse_with_partition_key(handle, "disable release partitions"));
  if (request.partition_names().empty()) {
    return refuse_parameter(
        "invalid parameter[expected=any partition][actual=empty partition list]");
  }
  for (const std::string& name : request.partition_names()) {
    SIMILE_TRY(check_partition(handle, name));
  }
  const std::vector<std::string> all = handle.collection->partitions();
  SIMILE_TRY(context.service.catalog().change(
      handle.database, handle.name(), [&](CollectionMeta& meta) -> Answer<void> {
        if (!meta.loaded) return {};
        auto& loaded = meta.loaded_partitions;
        if (loaded.empty()) loaded.insert(all.begin(), all.end());
        for (const std::string& name : request.partition_names()) loaded.erase(name);
        meta.loaded = !loaded.empty();
        return {};
      }));
  return wire_common::Status();
}

}  // namespace

void add_partition_calls(MethodTable& table) {
  table.add("CreatePartition", MethodKind::kAdmin, create_partition);
  table.add("DropPartition", MethodKind::kAdmin, drop_partition);
  table.add("HasPartition", MethodKind::kAdmin, has_partition);
  table.add("ShowPartitions", MethodKind::kAdmin, show_partitions);
  table.add("GetPartitionStatistics", MethodKind::kAdmin, get_partition_statistics);
  table.add("LoadPartitions", MethodKind::kAdmin, load_partitions);
  table.add("ReleasePartitions", MethodKind::kAdmin, release_partitions);
}

}  // namespace simile::server
