#include "simile/base/text.h"
#include "simile/server/access/caller.h"
#include "simile/server/calls/calls.h"

namespace simile::server {

namespace {

Answer<wire::ConnectResponse> connect(CallContext& context,
                                      const wire::ConnectRequest& /*request*/) {
  // Whether a database is there is told to those who may use it.
  if (!context.database.empty() && context.database != kDefaultDatabase &&
      !context.caller->sees_database(context.database)) {
    return refuse(FaultCode::kDatabaseNotFound,
                  join_text("database not found[database=", context.database, "]"));
  }
  SIMILE_TRY(context.service.catalog().describe_database(context.database));
  wire::ConnectResponse response;
  response.mutable_server_info()->set_build_tags(kProtocolVersion);
  response.mutable_server_info()->set_deploy_mode("STANDALONE");
  response.set_identifier(static_cast<std::int64_t>(next_timestamp()));
  return response;
}

Answer<wire::GetVersionResponse> get_version(CallContext& /*context*/,
                                             const wire::GetVersionRequest& /*request*/) {
  wire::GetVersionResponse response;
  response.set_version(kProtocolVersion);
  return response;
}

Answer<wire::CheckHealthResponse> check_health(CallContext& /*context*/,
                                               const wire::CheckHealthRequest& /*request*/) {
  wire::CheckHealthResponse response;
  response.set_ishealthy(true);
  return response;
}

Answer<wire::AllocTimestampResponse> alloc_timestamp(
    CallContext& /*context*/, const wire::AllocTimestampRequest& /*request*/) {
  wire::AllocTimestampResponse response;
  response.set_timestamp(next_timestamp());
  return response;
}

Answer<wire::ComponentStates> get_component_states(
    CallContext& /*context*/, const wire::GetComponentStatesRequest& /*request*/) {
  wire::ComponentStates response;
  auto& state = *response.mutable_state();
  state.set_nodeid(1);
  state.set_role("standalone");
  state.set_state_code(wire_common::StateCode::Healthy);
  return response;
}

}  // namespace

void add_system_calls(MethodTable& table) {
  table.add("Connect", MethodKind::kAdmin, connect);
  table.add("GetVersion", MethodKind::kAdmin, get_version);
  table.add("CheckHealth", MethodKind::kAdmin, check_health);
  table.add("AllocTimestamp", MethodKind::kAdmin, alloc_timestamp);
  table.add("GetComponentStates", MethodKind::kAdmin, get_component_states);
}

}  // namespace simile::server
