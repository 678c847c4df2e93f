#pragma once
/// gRPC without generated stubs: every call arrives at one generic service, is found by its name in
/// a MethodTable and runs on a WorkerPool, never on the threads that read from the network.

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "simile/error.h"
#include "simile/server/access/gate.h"
#include "simile/server/method_table.h"
#include "simile/server/metrics.h"
#include "simile/server/network/tls.h"

namespace simile::server {

struct GrpcOptions {
  std::uint64_t message_bytes_max = 512ull << 20;
  std::size_t read_threads = 2;
  std::size_t write_threads = 16;
  std::size_t queue_max = 4'096;  ///< calls that may wait in each pool
  TlsFiles tls;
  int streams_max = 1'000;      ///< calls of one connection at once
  double receive_seconds = 10;  ///< for the handshake of a connection
};

class GrpcServer {
 public:
  /// It has no port of its own. `service`, `methods`, `gate` and `metrics` outlive the server.
  static Result<std::unique_ptr<GrpcServer>> start(const GrpcOptions& options, Service& service,
                                                   const MethodTable& methods, Gate& gate,
                                                   Metrics& metrics);
  virtual ~GrpcServer() = default;
  /// Serves a connected socket, and closes it. Any thread, until stop().
  virtual void take(int socket) = 0;
  /// Takes no new calls, lets those that run finish for at most `grace_seconds`, then cancels them.
  virtual void stop(double grace_seconds) = 0;
};

}  // namespace simile::server
