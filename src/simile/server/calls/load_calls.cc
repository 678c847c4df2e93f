/// Simile maps its files and needs no loading; the state is kept because clients see it: what is
/// not loaded is not searched.

#include "simile/base/text.h"
#include "simile/server/calls/calls.h"
#include "simile/server/filter_message.h"

namespace simile::server {

Answer<void> need_indexes(const CollectionHandle& handle) {
  for (const Field& field : handle.schema().fields()) {
    if (!field.is_searched()) continue;
    if (handle.meta->index_of_field(field.name) != nullptr) continue;
    return refuse(FaultCode::kIndexNotFound,
                  join_text("index not found[collection=", handle.name(),
                            "]: there is no vector index on field: [", field.name,
                            "], please create index firstly"));
  }
  return {};
}

namespace {

Answer<wire_common::Status> load_collection(CallContext& context,
                                            const wire::LoadCollectionRequest& request) {
  SIMILE_ASSIGN(const CollectionHandle handle, collection_of(context, request));
  SIMILE_TRY(need_indexes(handle));
  SIMILE_TRY(context.service.catalog().change(handle.database, handle.name(),
                                              [](CollectionMeta& meta) -> Answer<void> {
                                                meta.loaded = true;
                                                meta.loaded_partitions.clear();
                                                return {};
                                              }));
  return wire_common::Status();
}

Answer<wire_common::Status> release_collection(CallContext& context,
                                               const wire::ReleaseCollectionRequest& request) {
  SIMILE_ASSIGN(const CollectionHandle handle, collection_of(context, request));
  SIMILE_TRY(context.service.catalog().change(handle.database, handle.name(),
                                              [](CollectionMeta& meta) -> Answer<void> {
                                                meta.loaded = false;
                                                meta.loaded_partitions.clear();
                                                return {};
                                              }));
  return wire_common::Status();
}

Answer<wire::GetLoadingProgressResponse> get_loading_progress(
    CallContext& context, const wire::GetLoadingProgressRequest& request) {
  SIMILE_ASSIGN(const CollectionHandle handle, collection_of(context, request));
  if (!handle.meta->loaded) {
    return refuse(FaultCode::kCollectionNotLoaded,
                  join_text("collection not loaded[collection=", handle.name(), "]"));
  }
  wire::GetLoadingProgressResponse response;
  constexpr std::int64_t kDone = 100;
  response.set_progress(kDone);
  response.set_refresh_progress(kDone);
  return response;
}

Answer<wire::GetLoadStateResponse> get_load_state(CallContext& context,
                                                  const wire::GetLoadStateRequest& request) {
  wire::GetLoadStateResponse response;
  const auto handle = collection_of(context, request);
  if (!handle && handle.error().code != FaultCode::kCollectionNotFound) {
    return std::unexpected(handle.error());
  }
  if (!handle) {
    response.set_state(wire_common::LoadState::LoadStateNotExist);
    return response;
  }
  const auto& loaded = handle->meta->loaded_partitions;
  bool all = handle->meta->loaded;
  for (const std::string& name : request.partition_names()) {
    SIMILE_TRY(check_partition(*handle, name));
    all = all && (loaded.empty() || loaded.contains(name));
  }
  response.set_state(all ? wire_common::LoadState::LoadStateLoaded
                         : wire_common::LoadState::LoadStateNotLoad);
  return response;
}

}  // namespace

void add_load_calls(MethodTable& table) {
  table.add("LoadCollection", MethodKind::kAdmin, load_collection);
  table.add("ReleaseCollection", MethodKind::kAdmin, release_collection);
  table.add("GetLoadingProgress", MethodKind::kAdmin, get_loading_progress);
  table.add("GetLoadState", MethodKind::kAdmin, get_load_state);
}

}  // namespace simile::server
