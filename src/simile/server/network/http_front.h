#pragma once
/// httplib's server with threads, timeouts and TLS of our own.
///
/// A connection has a thread as long as it lives. There are at most `connections_max`; one that
/// comes when all are taken ends the one that has kept its thread waiting for the longest, so that
/// peers that send slowly, or nothing, never keep others out. Where none waits, the newcomer is
/// closed. Beside its own port it serves connections that others have accepted.

#include <httplib.h>

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_set>
#include <vector>

#include "simile/server/network/http_connection.h"
#include "simile/server/network/tls.h"

namespace simile::server {

/// The connections that are open. Thread rule: any call from any thread.
class HttpConnections {
 public:
  explicit HttpConnections(std::size_t most) : most_(most) {}

  /// Makes room first; false where there is none.
  bool add(HttpConnection& connection);
  void remove(HttpConnection& connection);
  /// Ends those that wait for their peer, and from now on each that begins to.
  void cut_off_waiting();
  std::size_t size() const;
  std::size_t most() const { return most_; }

 private:
  const std::size_t most_;
  mutable std::mutex mutex_;
  std::unordered_set<HttpConnection*> open_;
};

class HttpFront final : public httplib::Server {
 public:
  HttpFront(const HttpLimits& limits, std::size_t connections_max, std::unique_ptr<TlsContext> tls);

  /// Serves a connected socket as one of its own, and closes it. Any thread, until the server
  /// stops.
  void take(int socket);
  /// Ends connections that wait for their peer.
  void end_waiting() { connections_.cut_off_waiting(); }
  /// In a handler: the whole request is there, and the peer waits for us from here on.
  static void begin_work();
  /// In a handler: the socket of the peer.
  static int socket_at_work();
  /// In a handler: the connection ends after this answer, for bytes of a request that was refused
  /// before its body was read must not be taken for a next one.
  static void close_after_answer();
  std::size_t connections() const { return connections_.size(); }

 private:
  bool process_and_close_socket(int socket) override;
  bool serve_one(HttpConnection& connection);

  const HttpLimits limits_;
  HttpConnections connections_;
  const std::unique_ptr<httplib::TaskQueue> threads_;
  const std::unique_ptr<TlsContext> tls_;  ///< null: plain
};

}  // namespace simile::server
