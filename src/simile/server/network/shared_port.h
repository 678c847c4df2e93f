#pragma once
/// One port that speaks gRPC and HTTP/1.1: connections are given to the server whose protocol their
/// first bytes are. Those bytes stay in the connection.

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "simile/error.h"

namespace simile::server {

struct SharedPortOptions {
  std::string host = "127.0.0.1";  ///< every address of a name; 0.0.0.0 and :: are all there are
  int port = 0;                    ///< 0: a free one
  bool tls = false;
  double receive_seconds = 10;        ///< for the first bytes of a connection
  std::size_t undecided_max = 1'024;  ///< that have sent nothing; one more ends the oldest
};

class SharedPort {
 public:
  /// Takes a connected socket, which does not block, and closes it.
  using Taker = std::function<void(int socket)>;

  /// From here on connections wait in the queue of the system. Fails where the port is taken.
  static Result<std::unique_ptr<SharedPort>> listen(const SharedPortOptions& options);
  virtual ~SharedPort() = default;
  virtual int port() const = 0;
  /// Takes connections from now on, on a thread of its own.
  virtual void start(Taker grpc, Taker http) = 0;
  /// Takes no more; the takers are not called again.
  virtual void stop() = 0;
};

}  // namespace simile::server
