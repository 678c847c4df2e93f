#pragma once
/// REST v2: each path is a function from a JSON object to a JSON value, made of calls of the
/// protocol.

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "simile/server/calls/calls.h"
#include "simile/server/method_table.h"

namespace simile::server {

using Json = nlohmann::json;

/// One request. Members that are absent are empty, false or 0; a member of the wrong type is a
/// fault that names it.
class RestCall {
 public:
  RestCall(CallContext& context, const MethodTable& methods, const Json& body)
      : context_(context), methods_(methods), body_(body) {}

  const Json& body() const { return body_; }
  CallContext& context() { return context_; }
  std::string text(const char* name) const;
  /// Refuses an absent or empty one.
  Answer<std::string> needed(const char* name) const;
  std::vector<std::string> texts(const char* name) const;
  const Json& member(const char* name) const;

  template <class Response, class Request>
  Answer<Response> call(const char* method, const Request& request) {
    return methods_.call<Response>(context_, method, request);
  }

  /// A request about the collection that the body names.
  template <class Request>
  Answer<Request> request() const {
    Request request;
    SIMILE_ASSIGN(*request.mutable_collection_name(), needed("collectionName"));
    request.set_db_name(text("dbName"));
    return request;
  }

 private:
  CallContext& context_;
  const MethodTable& methods_;
  const Json& body_;
};

/// The value is the member "data" of the answer, unless it has one: then it is the whole answer.
using RestHandler = Answer<Json> (*)(RestCall&);
using RestTable = std::map<std::string, RestHandler, std::less<>>;

void add_rest_access(RestTable& table);
void add_rest_collections(RestTable& table);
void add_rest_entities(RestTable& table);
void add_rest_functions(RestTable& table);
void add_rest_metadata(RestTable& table);
/// What is missing in a request.
std::unexpected<Fault> refuse_missing(std::string_view name);
/// Rows that do not fit, with REST's own code for them.
std::unexpected<Fault> refuse_rows(const Fault& reason);
/// All paths below /v2/vectordb/, "collections/create" for example.
RestTable make_rest_table();

/// The members of an object as key-value pairs; members that are no text are written as JSON.
void add_pairs(const Json& object,
               google::protobuf::RepeatedPtrField<wire_common::KeyValuePair>& to);

/// A body that is no object, and what fails in the handlers, as an answer.
Json run_rest(const RestTable& table, std::string_view path, const std::string& body,
              CallContext& context, const MethodTable& methods);

/// The description of every path, OpenAPI 3.
Json openapi(const RestTable& table);

}  // namespace simile::server
