#include "simile/base/text.h"
#include "simile/server/access/caller.h"
#include "simile/server/calls/calls.h"
#include "simile/text/analyzer.h"

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

/// The parameters that the request gives, or those of the field that it names.
Answer<std::string> analyzer_of(CallContext& context, const wire::RunAnalyzerRequest& request) {
  if (request.analyzer_names_size() > 0) {
    return refuse_parameter("analyzer_names are not supported: a field has one analyzer");
  }
  if (request.collection_name().empty()) return request.analyzer_params();
  SIMILE_ASSIGN(const CollectionHandle handle, collection_of(context, request));
  const Field* field = handle.schema().find(request.field_name());
  if (field == nullptr) {
    return refuse(FaultCode::kFieldNotFound,
                  join_text("field not found[field=", request.field_name(), "]"));
  }
  if (field->analyzer.empty()) {
    return refuse_parameter(join_text("field ", field->name, " has no analyzer"));
  }
  return field->analyzer;
}

void add_word(const text::Token& word, const wire::RunAnalyzerRequest& request,
              wire::AnalyzerToken& token) {
  token.set_token(word.text);
  if (request.with_detail()) {
    token.set_start_offset(static_cast<std::int64_t>(word.begin));
    token.set_end_offset(static_cast<std::int64_t>(word.end));
    token.set_position(static_cast<std::int64_t>(word.position));
    token.set_position_length(1);
  }
  if (!request.with_hash()) return;
  token.set_hash(text::term_number(word.text));
}

Answer<wire::RunAnalyzerResponse> run_analyzer(CallContext& context,
                                               const wire::RunAnalyzerRequest& request) {
  SIMILE_ASSIGN(const std::string analyzer, analyzer_of(context, request));
  wire::RunAnalyzerResponse response;
  const auto made = text::Analyzer::make(analyzer);
  if (!made) return refuse_parameter(made.error().message);
  for (const std::string& each : request.placeholder()) {
    if (!is_utf8(each)) return refuse_parameter("a text is not UTF-8");
    auto& result = *response.add_results();
    for (const text::Token& word : (*made)->analyze(each)) {
      add_word(word, request, *result.add_tokens());
    }
  }
  return response;
}

}  // namespace

void add_system_calls(MethodTable& table) {
  table.add("RunAnalyzer", MethodKind::kRead, run_analyzer);
  table.add("Connect", MethodKind::kAdmin, connect);
  table.add("GetVersion", MethodKind::kAdmin, get_version);
  table.add("CheckHealth", MethodKind::kAdmin, check_health);
  table.add("AllocTimestamp", MethodKind::kAdmin, alloc_timestamp);
  table.add("GetComponentStates", MethodKind::kAdmin, get_component_states);
}

}  // namespace simile::server
