#include "simile/server/http_server.h"

#include <httplib.h>

#include <thread>

#include "simile/base/text.h"
#include "simile/server/collection_metrics.h"

namespace simile::server {

namespace {

class RunningHttp final : public HttpServer {
 public:
  explicit RunningHttp(Service& service) : service_(service) {}
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
    server_.Get("/metrics", [this](const httplib::Request&, httplib::Response& response) {
      response.set_content(service_.metrics().to_text() + collection_metrics(service_.catalog()),
                           "text/plain; version=0.0.4");
    });
  }

  Service& service_;
  httplib::Server server_;
  int port_ = 0;
  std::jthread thread_;
};

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::start(const HttpOptions& options,
                                                      Service& service) {
  auto server = std::make_unique<RunningHttp>(service);
  SIMILE_TRY(server->listen(options));
  return server;
}

}  // namespace simile::server
