#include "simile/server/http_server.h"

#include <httplib.h>

#include <chrono>
#include <thread>

#include "simile/base/text.h"
#include "simile/server/collection_metrics.h"
#include "simile/server/rest/rest_call.h"

namespace simile::server {

namespace {

class RunningHttp final : public HttpServer {
 public:
  RunningHttp(Service& service, const MethodTable& methods)
      : service_(service), methods_(methods) {}
  ~RunningHttp() override { stop(); }

  Status listen(const HttpOptions& options) {
    server_.set_tcp_nodelay(true);  // else 43 ms a request
    server_.set_payload_max_length(options.body_bytes_max);
    server_.new_task_queue = [threads = options.threads] {
      return new httplib::ThreadPool(threads);
    };
    add_routes();
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

  void stop() override {
    server_.stop();
    if (thread_.joinable()) thread_.join();
  }

 private:
  void add_routes() {
    server_.Get("/healthz", [](const httplib::Request&, httplib::Response& response) {
      response.set_content("OK", "text/plain");
    });
    server_.Post("/v2/vectordb/(.+?)/?",
                 [this](const httplib::Request& request, httplib::Response& response) {
                   answer(request, response);
                 });
    server_.Get("/openapi.json", [this](const httplib::Request&, httplib::Response& response) {
      response.set_content(openapi(table_).dump(2), "application/json");
    });
    server_.Get("/metrics", [this](const httplib::Request&, httplib::Response& response) {
      response.set_content(service_.metrics().to_text() + collection_metrics(service_.catalog()),
                           "text/plain; version=0.0.4");
    });
  }

  void answer(const httplib::Request& request, httplib::Response& response) {
    const auto begin = std::chrono::steady_clock::now();
    service_.metrics().add_in_flight(1);
    CallContext context{.service = service_, .database = {}, .user = {}, .cancel = nullptr};
    const std::string path = request.matches[1];
    const Json result = run_rest(table_, path, request.body, context, methods_);
    const auto replace = Json::error_handler_t::replace;
    response.set_content(result.dump(-1, ' ', false, replace), "application/json");
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    if (table_.contains(path)) {
      service_.metrics().observe("rest/" + path, took.count(), context.code);
    }
    service_.metrics().add_in_flight(-1);
  }

  Service& service_;
  const MethodTable& methods_;
  const RestTable table_ = make_rest_table();
  httplib::Server server_;
  int port_ = 0;
  std::jthread thread_;
};

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::start(const HttpOptions& options, Service& service,
                                                      const MethodTable& methods) {
  auto server = std::make_unique<RunningHttp>(service, methods);
  SIMILE_TRY(server->listen(options));
  return server;
}

}  // namespace simile::server
