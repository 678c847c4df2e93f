#pragma once
/// One accepted connection of the HTTP port as a stream of bytes, plain or TLS, with limits on how
/// long and how much its peer may send.
///
///   1. Between requests: nothing is owed; the peer has `idle_seconds`.
///   2. Line and headers of a request: all of them within `head_seconds` and `head_bytes_max`.
///   3. Its body: at most `body_bytes_max`, in `head_seconds` and then at `bytes_per_second` on
///      average, so that a slow link is served and a peer that drips bytes is not.
///   4. The answer: as the body.

#include <httplib.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "simile/server/network/tls.h"

namespace simile::server {

struct HttpLimits {
  double idle_seconds = 30;
  double head_seconds = 10;
  std::uint64_t head_bytes_max = 64 << 10;
  std::uint64_t body_bytes_max = 512ull << 20;
  double bytes_per_second = 64 << 10;
};

/// Thread rule: one thread, but for cut_off(), waiting_since() and the addresses.
class HttpConnection final : public httplib::Stream {
 public:
  using Clock = std::chrono::steady_clock;

  /// Takes the socket, which is closed with it.
  HttpConnection(int socket, const HttpLimits& limits);
  ~HttpConnection() override;
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  /// The handshake, within `head_seconds`.
  bool start_tls(ssl_ctx_st& context);
  /// True where bytes of a next request are there, false where the peer is gone or too late.
  bool wait_for_request();
  void begin_body();
  /// From here on the peer waits for us.
  void begin_work() { waiting_since_ = 0; }

  /// Ends every wait of the connection's thread.
  void cut_off() const;
  /// Since when the thread waits for the peer, in ticks of the clock; 0: it does not.
  std::int64_t waiting_since() const { return waiting_since_; }

  bool is_readable() const override { return true; }
  bool is_writable() const override { return true; }
  ssize_t read(char* to, std::size_t size) override;
  ssize_t write(const char* from, std::size_t size) override;
  void get_remote_ip_and_port(std::string& ip, int& port) const override;
  void get_local_ip_and_port(std::string& ip, int& port) const override;
  int socket() const override { return socket_; }

 private:
  bool wait(short events, Clock::time_point until) const;
  /// Bytes that are there now, or -1 and what to wait for.
  ssize_t read_some(char* to, std::size_t size, short& events);
  ssize_t write_some(const char* from, std::size_t size, short& events);
  ssize_t fill();
  void begin(double seconds, std::uint64_t bytes_max);
  Clock::time_point deadline(std::uint64_t bytes) const;

  const int socket_;
  const HttpLimits limits_;
  std::unique_ptr<struct ssl_st, void (*)(struct ssl_st*)> tls_;
  std::vector<char> buffer_;
  std::size_t at_ = 0;
  std::size_t end_ = 0;
  Clock::time_point begin_;     ///< of what the peer is sending now
  double seconds_ = 0;          ///< that it may take, beside its bytes
  bool paced_ = false;          ///< bytes give it more time
  std::uint64_t received_ = 0;  ///< of what it is sending now
  std::uint64_t bytes_max_ = 0;
  std::atomic<std::int64_t> waiting_since_ = 0;
};

}  // namespace simile::server
