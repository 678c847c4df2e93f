/// A write is durable when it is acknowledged, so that a flush has nothing to wait for. It seals
/// what is growing all the same: clients flush when they are done with a load.

#include "simile/base/text.h"
#include "simile/server/calls/calls.h"

namespace simile::server {

namespace {

Answer<wire::FlushResponse> flush(CallContext& context, const wire::FlushRequest& request) {
  wire::FlushResponse response;
  const std::string_view database = database_of(context, request);
  if (request.collection_names().empty()) {
    return refuse_parameter("collection name should not be empty");
  }
  for (const std::string& name : request.collection_names()) {
    SIMILE_ASSIGN(const CollectionHandle handle, context.service.catalog().find(database, name));
    SIMILE_TRY(handle.collection->flush({}, context.cancel));
    const std::uint64_t now = next_timestamp();
    (*response.mutable_coll_segids())[name];
    (*response.mutable_flush_coll_segids())[name].add_data(1);
    (*response.mutable_coll_seal_times())[name] = static_cast<std::int64_t>(now >> 18U) / 1'000;
    (*response.mutable_coll_flush_ts())[name] = now;
  }
  response.set_db_name(std::string(database));
  return response;
}

Answer<wire::GetFlushStateResponse> get_flush_state(CallContext& /*context*/,
                                                    const wire::GetFlushStateRequest& /*request*/) {
  wire::GetFlushStateResponse response;
  response.set_flushed(true);
  return response;
}

Answer<wire::FlushAllResponse> flush_all(CallContext& context,
                                         const wire::FlushAllRequest& /*request*/) {
  Catalog& catalog = context.service.catalog();
  for (const DatabaseSummary& database : catalog.databases()) {
    const auto handles = catalog.collections(database.name);
    if (!handles) continue;  // dropped meanwhile
    for (const CollectionHandle& handle : *handles) {
      SIMILE_TRY(handle.collection->flush({}, context.cancel));
    }
  }
  wire::FlushAllResponse response;
  response.set_flush_all_ts(next_timestamp());
  return response;
}

Answer<wire::GetFlushAllStateResponse> get_flush_all_state(
    CallContext& /*context*/, const wire::GetFlushAllStateRequest& /*request*/) {
  wire::GetFlushAllStateResponse response;
  response.set_flushed(true);
  return response;
}

}  // namespace

void add_flush_calls(MethodTable& table) {
  table.add("Flush", MethodKind::kAdmin, flush);
  table.add("GetFlushState", MethodKind::kAdmin, get_flush_state);
  table.add("FlushAll", MethodKind::kAdmin, flush_all);
  table.add("GetFlushAllState", MethodKind::kAdmin, get_flush_all_state);
}

}  // namespace simile::server
