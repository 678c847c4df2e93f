#include "simile/base/text.h"
#include "simile/server/calls/calls.h"

namespace simile::server {

namespace {

Answer<wire::BoolResponse> has_partition(CallContext& context,
                                         const wire::HasPartitionRequest& request) {
  SIMILE_TRY(collection_of(context, request));
  wire::BoolResponse response;
  response.set_value(request.partition_name() == kDefaultPartition);
  return response;
}

Answer<wire::ShowPartitionsResponse> show_partitions(CallContext& context,
                                                     const wire::ShowPartitionsRequest& request) {
  SIMILE_ASSIGN(const CollectionHandle handle, collection_of(context, request));
  wire::ShowPartitionsResponse response;
  response.add_partition_names(std::string(kDefaultPartition));
  response.add_partitionids(handle.meta->id + 1);
  response.add_created_timestamps(handle.meta->created);
  response.add_created_utc_timestamps(handle.meta->created >> 18U);
  return response;
}

}  // namespace

void add_partition_calls(MethodTable& table) {
  table.add("HasPartition", MethodKind::kAdmin, has_partition);
  table.add("ShowPartitions", MethodKind::kAdmin, show_partitions);
}

}  // namespace simile::server
