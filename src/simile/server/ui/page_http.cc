// What guards the page beside the server's gate:
//   - its files are in the program; no address leads to a file of this machine;
//   - the content security policy allows nothing but these files: no inline script or style, no
//     other server, no frame;
//   - calls that a page of another site makes a browser send are refused: by Origin, as every
//     request is (network/http_origin.h), and since a POST must bear a header that forms cannot
//     send.

#include "simile/server/ui/page_http.h"

#include <httplib.h>

#include <chrono>

#include "simile/base/check.h"
#include "simile/base/checksum.h"
#include "simile/base/text.h"
#include "simile/server/access/authorize.h"
#include "simile/server/access/caller.h"
#include "simile/server/access/row_limits.h"
#include "simile/server/method_table.h"
#include "simile/server/rest/parse_body.h"
#include "simile/server/ui/page_files.h"

namespace simile::server {

namespace {

constexpr const char* kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'";
constexpr const char* kMark = "X-Simile-Page";

void add_guards(httplib::Response& response) {
  response.set_header("Content-Security-Policy", kPolicy);
  response.set_header("X-Content-Type-Options", "nosniff");
  response.set_header("Referrer-Policy", "no-referrer");
  response.set_header("Cross-Origin-Opener-Policy", "same-origin");
  response.set_header("Cross-Origin-Resource-Policy", "same-origin");
}

std::string etag_of(const PageAsset& asset) {
  return join_text("\"", checksum64(std::as_bytes(std::span(asset.bytes))), "\"");
}

void answer_file(const PageAsset& asset, const std::string& etag, const httplib::Request& request,
                 httplib::Response& response) {
  add_guards(response);
  response.set_header("ETag", etag);
  response.set_header("Cache-Control", "no-cache");  // asked again each time, answered by 304
  if (request.get_header_value("If-None-Match") == etag) {
    response.status = 304;
    return;
  }
  response.set_content(asset.bytes.data(), asset.bytes.size(), std::string(asset.type));
}

Json refusal(const Fault& fault) {
  return {{"error", {{"code", static_cast<int>(fault.code)}, {"message", fault.message}}}};
}

/// The route for which a request is, run.
class PageCaller {
 public:
  PageCaller(Service& service, PageState& state) : service_(service), state_(state) {}

  void answer(const PageRoute& route, const httplib::Request& request,
              httplib::Response& response) const {
    const auto begin = std::chrono::steady_clock::now();
    service_.metrics().add_in_flight(1);
    CallContext context{.service = service_,
                        .database = {},
                        .caller = http_caller(),
                        .from = request.remote_addr,
                        .cancel = &http_cancel()->token(),
                        .call_cancel = http_cancel()};
    PageCall call{.context = context, .state = state_, .parameters = {}};
    Answer<PageReply> reply = run(route, request, call);
    add_guards(response);
    std::string detail = call.text("collection");
    if (!reply) {
      tell_why(context, reply.error());
      context.code = static_cast<int>(reply.error().code);
      detail = reply.error().message;
      response.status = http_status(reply.error());
      reply = refusal(reply.error());
    }
    if (const auto* bytes = std::get_if<PageBytes>(&*reply)) {
      response.set_header("Cache-Control", "private, max-age=300");
      response.set_content(bytes->bytes, bytes->type);
    } else {
      response.set_header("Cache-Control", "no-store");
      const auto replace = Json::error_handler_t::replace;
      response.set_content(std::get<Json>(*reply).dump(-1, ' ', false, replace),
                           "application/json");
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    service_.metrics().observe(route.path.substr(1), took.count(), context.code, detail);
    service_.metrics().add_in_flight(-1);
  }

 private:
  /// What the body names is known now.
  static Answer<void> admit(const PageRoute& route, const PageCall& call) {
    const CallContext& context = call.context;
    const std::string database = call.database();
    const std::string collection = call.text("collection");
    const std::string_view name =
        route.right.privilege.empty() ? route.path : route.right.privilege;
    TargetNames names{.database = database, .collections = {}};
    if (!collection.empty()) names.collections.push_back(collection);
    Answer<void> allowed = authorize(context, name, route.right, names);
    if (allowed) allowed = check_rows(context, name, database, collection);
    record_call(context, name, names, allowed ? 0 : static_cast<int>(allowed.error().code));
    return allowed;
  }

  /// The page works on whole collections; who sees some of the rows only uses the other calls.
  static Answer<void> check_rows(const CallContext& context, std::string_view name,
                                 const std::string& database, const std::string& collection) {
    if (collection.empty() || context.caller->may_everything()) return {};
    const auto handle = context.service.catalog().find(database, collection);
    if (!handle) return {};
    for (const char* action : {"Search", "Query", "Insert", "Upsert", "Delete"}) {
      if (rows_shown(context, action, *handle).empty()) continue;
      return refuse(
          FaultCode::kNotPermitted,
          join_text(name, ": a row policy limits what ", context.caller->user(), " sees of '",
                    collection, "', which the page does not apply; use ", "the calls of Milvus"));
    }
    return {};
  }

  Answer<PageReply> run(const PageRoute& route, const httplib::Request& request,
                        PageCall& call) const {
    if (route.method == "POST" && !request.has_header(kMark)) {
      return refuse_parameter(
          join_text("this call is for the page that this server gives out; other programs send "
                    "the header ",
                    kMark, ": 1, or use REST"));
    }
    for (const auto& [name, value] : request.params) call.parameters[name] = value;
    if (request.is_multipart_form_data()) {
      for (const auto& [name, file] : request.files) {
        call.files.push_back({file.filename, file.content});
      }
    } else if (request.get_header_value("Content-Type").starts_with("application/json")) {
      SIMILE_TRY(check_json_size(request.body, service_.limits().bytes_max));
      call.body = Json::parse(request.body, nullptr, false);
      if (!call.body.is_object()) {
        call.body = Json::object();
        return refuse_parameter("the body is no JSON object");
      }
    } else {
      call.bytes = request.body;
    }
    SIMILE_TRY(admit(route, call));
    try {
      return route.run(call);
    } catch (const Json::exception& error) {  // a member of another type than it must have
      return refuse_parameter(join_text("the request has a value of a wrong type: ", error.what()));
    }
  }

  Service& service_;
  PageState& state_;
};

}  // namespace

void add_page(HttpRoutes& routes, Service& service, PageState& state) {
  for (const PageAsset& asset : page_files()) {
    const auto give = [&asset, etag = etag_of(asset)](const httplib::Request& request,
                                                      httplib::Response& response) {
      answer_file(asset, etag, request, response);
    };
    routes.add("GET", asset.path == "/ui/index.html" ? "/" : asset.path, kOpen, give);
  }
  const auto caller = std::make_shared<const PageCaller>(service, state);
  for (const PageRoute& route : page_routes()) {
    routes.add(route.method, route.path, route.right,
               [caller, route](const httplib::Request& request, httplib::Response& response) {
                 caller->answer(route, request, response);
               });
  }
}

}  // namespace simile::server
