#include "simile/server/rest/rest_call.h"

#include "simile/base/text.h"
#include "simile/server/rest/parse_body.h"

namespace simile::server {

namespace {

// The codes of Milvus' REST interface.
constexpr int kOnlyJson = 1801;
constexpr int kMissing = 1802;
constexpr int kWrongRows = 1804;

Json refusal(int code, std::string message) {
  return {{"code", code}, {"message", std::move(message)}};
}

}  // namespace

const Json& RestCall::member(const char* name) const {
  static const Json nothing;
  const auto found = body_.find(name);
  return found == body_.end() ? nothing : *found;
}

std::string RestCall::text(const char* name) const {
  const Json& value = member(name);
  if (value.is_string()) return value.get<std::string>();
  return value.is_null() ? std::string() : value.dump();
}

Answer<std::string> RestCall::needed(const char* name) const {
  std::string value = text(name);
  if (!value.empty()) return value;
  return refuse_missing(name);
}

std::vector<std::string> RestCall::texts(const char* name) const {
  std::vector<std::string> list;
  const Json& value = member(name);
  if (value.is_string()) list.push_back(value.get<std::string>());
  if (!value.is_array()) return list;
  for (const Json& each : value) {
    if (each.is_string()) list.push_back(each.get<std::string>());
  }
  return list;
}

void add_pairs(const Json& object,
               google::protobuf::RepeatedPtrField<wire_common::KeyValuePair>& to) {
  if (!object.is_object()) return;
  for (const auto& [key, value] : object.items()) {
    auto& pair = *to.Add();
    pair.set_key(key);
    pair.set_value(value.is_string() ? value.get<std::string>() : value.dump());
  }
}

std::unexpected<Fault> refuse_missing(std::string_view name) {
  return refuse(static_cast<FaultCode>(kMissing),
                join_text("missing required parameters, error: ", name, " is required"));
}

std::unexpected<Fault> refuse_rows(const Fault& reason) {
  return refuse(static_cast<FaultCode>(kWrongRows),
                join_text("fail to deal the insert data, error: ", reason.message));
}

RestTable make_rest_table() {
  RestTable table;
  add_rest_access(table);
  add_rest_collections(table);
  add_rest_entities(table);
  add_rest_functions(table);
  add_rest_metadata(table);
  return table;
}

Json run_rest(const RestTable& table, std::string_view path, const std::string& body,
              CallContext& context, const MethodTable& methods) {
  const auto found = table.find(path);
  if (found == table.end()) return refusal(404, join_text("there is no ", path));
  const Answer<Json> read =
      parse_body(body, context.service.catalog(), context.service.limits().bytes_max);
  if (!read) {
    return refusal(kOnlyJson,
                   join_text("can only accept json format request, error: ", read.error().message));
  }
  const Json& parsed = *read;
  context.database = parsed.contains("dbName") && parsed["dbName"].is_string()
                         ? parsed["dbName"].get<std::string>()
                         : std::string();
  // Before anything is looked up by the names in the body.
  const std::string_view call_name = call_of_path(path);
  TargetNames names{.database = context.database, .collections = {}};
  if (const auto named = parsed.find("collectionName"); named != parsed.end()) {
    if (named->is_string()) {
      names.collections.push_back(named->get_ref<const std::string&>());
    }
  }
  const Answer<void> allowed = authorize(context, call_name, right_of_call(call_name), names);
  if (!allowed) {
    context.code = static_cast<int>(allowed.error().code);
    record_call(context, call_name, names, context.code);
    return refusal(context.code, allowed.error().message);
  }
  RestCall call(context, methods, parsed);
  Answer<Json> answer = Json();
  try {
    answer = found->second(call);
  } catch (const Json::exception& error) {  // a member of another type than it must have
    const std::string_view what = error.what();
    answer = refuse(static_cast<FaultCode>(kOnlyJson),
                    join_text("can only accept json format request, error: invalid value: ",
                              what.substr(what.find(']') + 1)));
  }
  if (!answer) {
    context.code = static_cast<int>(answer.error().code);
    return refusal(context.code, answer.error().message);
  }
  if (answer->is_object() && answer->contains("data")) {
    (*answer)["code"] = 0;
    return *std::move(answer);
  }
  return {{"code", 0}, {"data", *std::move(answer)}};
}

Json openapi(const RestTable& table) {
  Json paths = Json::object();
  const Json body = {{"content", {{"application/json", {{"schema", {{"type", "object"}}}}}}},
                     {"required", true}};
  const Json answer = {
      {"description", "code 0 and data, or another code and a message"},
      {"content",
       {{"application/json",
         {{"schema",
           {{"type", "object"},
            {"properties",
             {{"code", {{"type", "integer"}}}, {"message", {{"type", "string"}}}, {"data", {}}}},
            {"required", {"code"}}}}}}}}};
  for (const auto& [path, handler] : table) {
    const std::string tag = path.substr(0, path.find('/'));
    paths["/v2/vectordb/" + path] = {{"post",
                                      {{"operationId", path},
                                       {"tags", {tag}},
                                       {"requestBody", body},
                                       {"responses", {{"200", answer}}}}}};
  }
  return {{"openapi", "3.0.3"},
          {"info",
           {{"title", "Simile: REST v2 of Milvus"},
            {"version", SIMILE_VERSION},
            {"description", "Every path takes and gives JSON; see docs/server.md."}}},
          {"paths", paths}};
}

}  // namespace simile::server
