#include "simile/server/http_server.h"

#include <httplib.h>

#include <chrono>
#include <semaphore>
#include <thread>

#include "simile/base/text.h"
#include "simile/server/access/audit_log.h"
#include "simile/server/collection_metrics.h"
#include "simile/server/network/http_front.h"
#include "simile/server/network/http_origin.h"
#include "simile/server/network/http_routes.h"
#include "simile/server/network/peer_watch.h"
#include "simile/server/rest/rest_call.h"
#include "simile/server/tracing/call_span.h"
#include "simile/server/ui/page_http.h"

namespace simile::server {

namespace {

using httplib::Request;
using httplib::Response;

constexpr std::string_view kRestPrefix = "/v2/vectordb/";

HttpLimits limits_of(const HttpOptions& options) {
  HttpLimits limits;
  limits.body_bytes_max = options.body_bytes_max;
  limits.head_seconds = options.receive_seconds;
  return limits;
}

std::string text_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

class RunningHttp final : public HttpServer {
 public:
  RunningHttp(const HttpOptions& options, Service& service, const MethodTable& methods, Gate& gate,
              PageState& page, std::unique_ptr<TlsContext> tls)
      : service_(service),
        methods_(methods),
        gate_(gate),
        page_(page),
        local_only_(options.local_only),
        backups_(options.backups),
        slots_(static_cast<std::ptrdiff_t>(options.threads)),
        server_(limits_of(options), options.connections_max, std::move(tls)) {}
  ~RunningHttp() override { stop(); }

  Status listen(const HttpOptions& options) {
    add_routes();
    server_.set_pre_routing_handler([this](const Request& request, Response& response) {
      return begin(request, response) ? httplib::Server::HandlerResponse::Unhandled
                                      : httplib::Server::HandlerResponse::Handled;
    });
    const auto handle = [this](const Request& request, Response& response) {
      run(request, response);
    };
    server_.Get("/.*", handle);
    server_.Post("/.*", handle);
    const bool bound = options.port == 0 ? (port_ = server_.bind_to_any_port(options.host)) > 0
                                         : server_.bind_to_port(options.host, port_ = options.port);
    if (!bound) {
      return fail(ErrorCode::kUnavailable,
                  join_text(options.host, ":", options.port,
                            " cannot be listened on; is another server running there? Choose "
                            "another port with --http-port"));
    }
    // The socket listens already; connections wait in its queue until the thread takes them.
    thread_ = std::jthread([this] { server_.listen_after_bind(); });
    while (!server_.is_running()) std::this_thread::yield();
    return {};
  }

  int port() const override { return port_; }

  void take(int socket) override { server_.take(socket); }

  std::string describe_routes() const override {
    std::string text;
    for (const auto& [key, route] : routes_.all()) {
      text += join_text(key.first, " ", key.second, " ", describe(route.right), "\n");
    }
    return text;
  }

  void stop() override {
    server_.stop();
    server_.end_waiting();
    if (thread_.joinable()) thread_.join();
  }

 private:
  void add_routes() {
    routes_.add("GET", "/healthz", kOpen, [](const Request&, Response& response) {
      response.set_content("OK", "text/plain");
    });
    routes_.add("GET", "/openapi.json", kSignedIn, [this](const Request&, Response& response) {
      response.set_content(openapi(table_).dump(2), "application/json");
    });
    routes_.add("GET", "/metrics", on_cluster("GetMetrics"),
                [this](const Request&, Response& response) {
                  response.set_content(service_.metrics().to_text() +
                                           collection_metrics(service_.catalog()) +
                                           trace_metrics(service_.tracer()),
                                       "text/plain; version=0.0.4");
                });
    routes_.add("POST", "/v2/simile/backup", on_cluster("Backup"),
                [this](const Request& request, Response& response) {
                  response.set_content(text_of(run_backup(backups_, request.body)),
                                       "application/json");
                });
    add_page(routes_, service_, page_);
    for (const auto& [path, handler] : table_) {
      routes_.add("POST", join_text(kRestPrefix, path), right_of_call(call_of_path(path)),
                  [this, path](const Request& request, Response& response) {
                    answer(path, request, response);
                  });
    }
  }

  /// Looks at line and headers, before the body is read; false where the answer is made.
  bool begin(const Request& request, Response& response) {
    constexpr std::size_t kPathMax = 1'024;
    if (request.path.size() > kPathMax) {
      return refuse(response, 414, join_text("the path is longer than ", kPathMax, " bytes"));
    }
    if (request.has_header("Content-Encoding")) {  // a few bytes may unpack to any number
      return refuse(response, 415, "Content-Encoding is not taken; send the body as it is");
    }
    const std::string refused = refuse_origin(request.get_header_value("Host"),
                                              request.get_header_value("Origin"), local_only_);
    if (!refused.empty()) return refuse(response, 403, refused);
    const HttpRoute* route = routes_.find(request.method, request.path);
    if (!admit(request, response, route)) return false;
    if (route != nullptr) {
      take_for_json(request);
      return true;
    }
    const bool other = routes_.find("GET", request.path) != nullptr ||
                       routes_.find("POST", request.path) != nullptr;
    if (other) return refuse(response, 405, join_text(request.path, " takes another method"));
    return refuse(response, 404, join_text("there is no ", request.path));
  }

  /// curl -d says that its body is a form, of which httplib takes 8 KiB; there are no forms here.
  static void take_for_json(const Request& request) {
    constexpr const char* kForm = "application/x-www-form-urlencoded";
    const bool is_rest = request.path.starts_with("/v2/");
    if (!is_rest || !request.get_header_value("Content-Type").starts_with(kForm)) return;
    auto& headers = const_cast<Request&>(request).headers;  // httplib's own, which it reads later
    headers.erase("Content-Type");
    headers.emplace("Content-Type", "application/json");
  }

  /// Who asks, and whether they may; an open route is for everybody, and what is no route is for
  /// nobody who may not come in.
  bool admit(const Request& request, Response& response, const HttpRoute* route) {
    std::shared_ptr<const Caller>& calling = http_caller();
    calling = Caller::unrestricted();
    const Right right = route == nullptr ? kSignedIn : route->right;
    if (gate_.is_open() || right.scope == Scope::kOpen) return true;
    calling = nullptr;
    Admission admission = gate_.admit(
        credential_of_header(request.get_header_value("Authorization")), request.remote_addr);
    if (!admission) return refuse(request, response, admission.error());
    calling = *std::move(admission);
    const auto refusal = gate_.look(*calling, right, request.path);
    return !refusal || refuse(request, response, *refusal);
  }

  bool refuse(const Request& request, Response& response, const Refusal& refusal) {
    if (AuditLog* audit = service_.audit()) {
      audit->record({.user = refusal.user,
                     .from = request.remote_addr,
                     .call = request.path,
                     .outcome = "refused",
                     .code = static_cast<int>(FaultCode::kNotPermitted)});
    }
    switch (refusal.kind) {
      case Refusal::Kind::kForbidden: return refuse(response, 403, refusal.message);
      case Refusal::Kind::kTooOften: return refuse(response, 429, refusal.message);
      case Refusal::Kind::kNotSignedIn: break;
    }
    // A browser then asks for user and password.
    response.set_header("WWW-Authenticate", "Basic realm=\"simile\", charset=\"UTF-8\"");
    constexpr int kNotAuthenticated = 1800;  // the code that REST has for it
    return refuse(response, 401, refusal.message, kNotAuthenticated);
  }

  static bool refuse(Response& response, int status, const std::string& message, int code = 0) {
    response.status = status;
    response.set_content(text_of({{"code", code == 0 ? status : code}, {"message", message}}),
                         "application/json");
    response.set_header("Connection", "close");
    HttpFront::close_after_answer();
    return false;
  }

  /// The body is there.
  void run(const Request& request, Response& response) {
    HttpFront::begin_work();
    arrived_ = std::chrono::steady_clock::now();
    const HttpRoute* route = routes_.find(request.method, request.path);
    // So many connections may be open that all of them together would starve each other.
    slots_.acquire();
    {
      CallCancel cancel;
      http_cancel() = &cancel;
      const PeerWatch::Guard guard = watch_.watch(HttpFront::socket_at_work(), cancel);
      const WorkClock::Guard timed =
          service_.work_clock().begin(is_timed(request.path) ? &cancel : nullptr);
      route->handler(request, response);
      http_cancel() = nullptr;
    }
    slots_.release();
  }

  /// What waits for the disk is not, a flush for example.
  bool is_timed(std::string_view path) const {
    if (!path.starts_with(kRestPrefix)) return true;
    const Method* method = methods_.find(call_of_path(path.substr(kRestPrefix.size())));
    return method != nullptr && method->kind != MethodKind::kAdmin;
  }

  void answer(const std::string& path, const Request& request, Response& response) {
    const auto begin = std::chrono::steady_clock::now();
    service_.metrics().add_in_flight(1);
    std::optional<Span> span;
    if (Tracer* tracer = service_.tracer()) {
      span = begin_span(*tracer, "http", "rest/" + path, request.get_header_value("traceparent"));
    }
    CallContext context{.service = service_,
                        .database = {},
                        .caller = http_caller(),
                        .from = request.remote_addr,
                        .cancel = &http_cancel()->token(),
                        .call_cancel = http_cancel()};
    response.set_content(text_of(run_rest(table_, path, request.body, context, methods_)),
                         "application/json");
    if (context.code == static_cast<int>(FaultCode::kNotPermitted)) response.status = 403;
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    service_.metrics().observe("rest/" + path, took.count(), context.code);
    service_.metrics().add_in_flight(-1);
    if (!span) return;
    const std::chrono::duration<double> queue = begin - arrived_;
    note_call(*span, context, {queue.count(), took.count()});
    end_span(*span, context.code);
    service_.tracer()->record(*std::move(span));
  }

  // Of the request that this thread answers; it may wait for one of the slots since.
  static inline thread_local std::chrono::steady_clock::time_point arrived_;
  Service& service_;
  const MethodTable& methods_;
  Gate& gate_;
  PageState& page_;
  const bool local_only_;
  const BackupPlaces backups_;
  const RestTable table_ = make_rest_table();
  HttpRoutes routes_;
  std::counting_semaphore<> slots_;
  PeerWatch watch_;
  HttpFront server_;
  int port_ = 0;
  std::jthread thread_;
};

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::start(const HttpOptions& options, Service& service,
                                                      const MethodTable& methods, Gate& gate,
                                                      PageState& page) {
  std::unique_ptr<TlsContext> tls;
  if (options.tls.enabled()) {
    SIMILE_ASSIGN(tls, TlsContext::open(options.tls));
  }
  auto server =
      std::make_unique<RunningHttp>(options, service, methods, gate, page, std::move(tls));
  SIMILE_TRY(server->listen(options));
  return server;
}

}  // namespace simile::server
