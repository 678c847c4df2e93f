#include "simile/server/rest/rest_functions.h"

#include "simile/base/text.h"
#include "simile/server/schema_message.h"

namespace simile::server {

namespace {

using Names = google::protobuf::RepeatedPtrField<std::string>;

Answer<void> add_names(const Json& body, const char* key, Names& names) {
  for (const Json& name : body.value(key, Json::array())) {
    if (!name.is_string()) return refuse_parameter(join_text(key, " must be a list of names"));
    names.Add(name.get<std::string>());
  }
  return {};
}

Json tokens_json(const wire::AnalyzerResult& result, const wire::RunAnalyzerRequest& request) {
  Json tokens = Json::array();
  for (const auto& each : result.tokens()) {
    Json token = {{"token", each.token()}};
    if (request.with_detail()) {
      token["startOffset"] = each.start_offset();
      token["endOffset"] = each.end_offset();
      token["position"] = each.position();
      token["positionLength"] = each.position_length();
    }
    if (request.with_hash()) token["hash"] = each.hash();
    tokens.push_back(std::move(token));
  }
  return tokens;
}

Answer<Json> run_analyzer(RestCall& call) {
  wire::RunAnalyzerRequest request;
  request.set_db_name(call.text("dbName"));
  request.set_collection_name(call.text("collectionName"));
  request.set_field_name(call.text("fieldName"));
  const Json& params = call.member("analyzerParams");
  if (!params.is_null()) {
    request.set_analyzer_params(params.is_string() ? params.get<std::string>() : params.dump());
  }
  request.set_with_detail(call.body().value("withDetail", false));
  request.set_with_hash(call.body().value("withHash", false));
  for (const std::string& name : call.texts("analyzerNames")) request.add_analyzer_names(name);
  for (const std::string& text : call.texts("text")) request.add_placeholder(text);
  SIMILE_ASSIGN(const auto answer, call.call<wire::RunAnalyzerResponse>("RunAnalyzer", request));
  Json results = Json::array();
  for (const auto& result : answer.results()) {
    results.push_back({{"tokens", tokens_json(result, request)}});
  }
  return results;
}

}  // namespace

Answer<void> parse_rest_function(const Json& body, wire_schema::FunctionSchema& function) {
  if (!body.is_object()) return refuse_parameter("a function must be an object with a type");
  function.set_name(body.value("name", ""));
  function.set_description(body.value("description", ""));
  const std::string type = body.value("type", "");
  wire_schema::FunctionType parsed{};
  if (!FunctionType_Parse(type, &parsed)) {
    return refuse_parameter(
        join_text("function type ", type, " is invalid (case sensitive); known: BM25, Rerank"));
  }
  function.set_type(parsed);
  SIMILE_TRY(add_names(body, "inputFieldNames", *function.mutable_input_field_names()));
  SIMILE_TRY(add_names(body, "outputFieldNames", *function.mutable_output_field_names()));
  if (const auto params = body.find("params"); params != body.end()) {
    add_pairs(*params, *function.mutable_params());
  }
  return {};
}

Answer<void> parse_rest_rankers(const Json& body, wire_schema::FunctionScore& rankers) {
  if (body.is_null()) return {};
  if (!body.is_object() || !body.contains("functions") || !body["functions"].is_array()) {
    return refuse_parameter("functionScore must be an object with a list of functions");
  }
  for (const Json& function : body["functions"]) {
    SIMILE_TRY(parse_rest_function(function, *rankers.add_functions()));
  }
  if (const auto params = body.find("params"); params != body.end()) {
    add_pairs(*params, *rankers.mutable_params());
  }
  return {};
}

Json functions_json(const wire_schema::CollectionSchema& schema) {
  Json functions = Json::array();
  for (const auto& each : schema.functions()) {
    const auto list = [](const Names& names) {
      return std::vector<std::string>(names.begin(), names.end());
    };
    functions.push_back({{"name", each.name()},
                         {"id", each.id()},
                         {"description", each.description()},
                         {"type", FunctionType_Name(each.type())},
                         {"inputFieldNames", list(each.input_field_names())},
                         {"outputFieldNames", list(each.output_field_names())},
                         {"params", Json::array()}});
  }
  return functions;
}

void add_rest_functions(RestTable& table) { table["common/run_analyzer"] = run_analyzer; }

}  // namespace simile::server
