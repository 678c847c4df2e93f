#pragma once
/// HTTP: REST, the page, /healthz, /metrics.

#include <memory>
#include <string>

#include "simile/error.h"
#include "simile/server/access/gate.h"
#include "simile/server/method_table.h"
#include "simile/server/network/tls.h"
#include "simile/server/rest/rest_backup.h"
#include "simile/server/service.h"
#include "simile/server/ui/page_state.h"

namespace simile::server {

struct HttpOptions {
  BackupPlaces backups;
  std::string host = "127.0.0.1";
  int port = 9091;  ///< 0: a free one
  std::uint64_t body_bytes_max = 512ull << 20;
  std::size_t connections_max = 256;
  double receive_seconds = 10;  ///< for the head of a request, and beside the bytes of its body
  std::size_t threads = 16;     ///< handlers that run at once
  TlsFiles tls;
  bool local_only = false;  ///< serve only requests that name this machine, see http_origin.h
};

class HttpServer {
 public:
  /// `service`, `methods`, `gate` and `page` outlive the server. Fails where the port is taken.
  static Result<std::unique_ptr<HttpServer>> start(const HttpOptions& options, Service& service,
                                                   const MethodTable& methods, Gate& gate,
                                                   PageState& page);
  virtual ~HttpServer() = default;
  virtual int port() const = 0;
  /// Serves a connection that another port has accepted, and closes it; until stop().
  virtual void take(int socket) = 0;
  /// Lines "METHOD PATH SCOPE PRIVILEGE" of everything that is served.
  virtual std::string describe_routes() const = 0;
  /// Lets running requests finish.
  virtual void stop() = 0;
};

}  // namespace simile::server
