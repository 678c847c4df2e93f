#include "simile/server/network/http_connection.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>

namespace simile::server {

namespace {

constexpr std::size_t kBufferBytes = 16 << 10;

std::chrono::steady_clock::duration seconds_of(double seconds) {
  return std::chrono::duration_cast<std::chrono::steady_clock::duration>(
      std::chrono::duration<double>(seconds));
}

using NameCall = int (*)(int, sockaddr*, socklen_t*);

void address_of(int socket, NameCall call, std::string& ip, int& port) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  char host[NI_MAXHOST];
  char service[NI_MAXSERV];
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (call(socket, generic, &length) != 0 ||
      ::getnameinfo(generic, length, host, sizeof host, service, sizeof service,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
    return;
  }
  ip = host;
  port = static_cast<int>(std::strtol(service, nullptr, 10));
}

}  // namespace

HttpConnection::HttpConnection(int socket, const HttpLimits& limits)
    : socket_(socket), limits_(limits), tls_(nullptr, SSL_free), buffer_(kBufferBytes) {
  ::fcntl(socket_, F_SETFL, ::fcntl(socket_, F_GETFL, 0) | O_NONBLOCK);
  begin(limits_.head_seconds, limits_.head_bytes_max);
}

HttpConnection::~HttpConnection() {
  if (tls_ != nullptr) SSL_shutdown(tls_.get());  // says goodbye, and does not wait for an answer
  ::shutdown(socket_, SHUT_RDWR);
  ::close(socket_);
}

void HttpConnection::begin(double seconds, std::uint64_t bytes_max) {
  begin_ = Clock::now();
  seconds_ = seconds;
  bytes_max_ = bytes_max;
  received_ = 0;
  paced_ = false;
  waiting_since_ = begin_.time_since_epoch().count();
}

HttpConnection::Clock::time_point HttpConnection::deadline(std::uint64_t bytes) const {
  const double earned = paced_ ? static_cast<double>(bytes) / limits_.bytes_per_second : 0;
  return begin_ + seconds_of(seconds_ + earned);
}

bool HttpConnection::wait(short events, Clock::time_point until) const {
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
    if (left <= 0) return false;
    pollfd entry{.fd = socket_, .events = events, .revents = 0};
    const int ready = ::poll(&entry, 1, static_cast<int>(std::min<std::int64_t>(left, INT_MAX)));
    if (ready > 0) return (entry.revents & (events | POLLHUP)) != 0;
    if (ready == 0 || errno != EINTR) return false;
  }
}

bool HttpConnection::start_tls(ssl_ctx_st& context) {
  tls_.reset(SSL_new(&context));
  if (tls_ == nullptr || SSL_set_fd(tls_.get(), socket_) != 1) return false;
  SSL_set_mode(tls_.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  for (;;) {
    ERR_clear_error();
    const int done = SSL_accept(tls_.get());
    if (done == 1) return true;
    const int why = SSL_get_error(tls_.get(), done);
    if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE) break;
    if (!wait(why == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, deadline(0))) break;
  }
  ERR_clear_error();
  tls_.reset();  // no goodbye before a greeting
  return false;
}

ssize_t HttpConnection::read_some(char* to, std::size_t size, short& events) {
  events = POLLIN;
  if (tls_ == nullptr) {
    const ssize_t got = ::recv(socket_, to, size, 0);
    if (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) return 0;
    return got;
  }
  ERR_clear_error();
  const int got = SSL_read(tls_.get(), to, static_cast<int>(std::min<std::size_t>(size, INT_MAX)));
  if (got > 0) return got;
  const int why = SSL_get_error(tls_.get(), got);
  if (why == SSL_ERROR_WANT_WRITE) events = POLLOUT;
  return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? -1 : 0;
}

ssize_t HttpConnection::write_some(const char* from, std::size_t size, short& events) {
  events = POLLOUT;
  if (tls_ == nullptr) {
    const ssize_t sent = ::send(socket_, from, size, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) return 0;
    return sent;
  }
  ERR_clear_error();
  const int sent =
      SSL_write(tls_.get(), from, static_cast<int>(std::min<std::size_t>(size, INT_MAX)));
  if (sent > 0) return sent;
  const int why = SSL_get_error(tls_.get(), sent);
  if (why == SSL_ERROR_WANT_READ) events = POLLIN;
  return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? -1 : 0;
}

ssize_t HttpConnection::fill() {
  for (;;) {
    if (Clock::now() >= deadline(received_)) return -1;
    short events = POLLIN;
    const ssize_t got = read_some(buffer_.data(), buffer_.size(), events);
    if (got >= 0) {
      at_ = 0;
      end_ = static_cast<std::size_t>(got);
      return got;
    }
    if (!wait(events, deadline(received_))) return -1;
  }
}

ssize_t HttpConnection::read(char* to, std::size_t size) {
  if (received_ >= bytes_max_) return -1;
  if (at_ == end_) {
    const ssize_t got = fill();
    if (got <= 0) return got;
  }
  const std::size_t count = std::min(size, end_ - at_);
  std::memcpy(to, buffer_.data() + at_, count);
  at_ += count;
  received_ += count;
  return static_cast<ssize_t>(count);
}

ssize_t HttpConnection::write(const char* from, std::size_t size) {
  // Each piece has its own time: an answer may be made while it is sent.
  const auto begin = Clock::now();
  std::size_t sent = 0;
  while (sent < size) {
    short events = POLLOUT;
    const ssize_t some = write_some(from + sent, size - sent, events);
    if (some == 0) return -1;
    if (some > 0) {
      sent += static_cast<std::size_t>(some);
      continue;
    }
    const double earned = static_cast<double>(sent) / limits_.bytes_per_second;
    waiting_since_ = begin.time_since_epoch().count();
    if (!wait(events, begin + seconds_of(limits_.head_seconds + earned))) return -1;
  }
  return static_cast<ssize_t>(sent);
}

bool HttpConnection::wait_for_request() {
  begin(limits_.idle_seconds, limits_.head_bytes_max);
  if (at_ == end_ && fill() <= 0) return false;
  begin(limits_.head_seconds, limits_.head_bytes_max);
  return true;
}

void HttpConnection::begin_body() {
  // Chunks have frames of their own around the bytes that count.
  begin(limits_.head_seconds, limits_.body_bytes_max + limits_.body_bytes_max / 8 + kBufferBytes);
  paced_ = true;
}

void HttpConnection::cut_off() const { ::shutdown(socket_, SHUT_RDWR); }

void HttpConnection::get_remote_ip_and_port(std::string& ip, int& port) const {
  address_of(socket_, ::getpeername, ip, port);
}

void HttpConnection::get_local_ip_and_port(std::string& ip, int& port) const {
  address_of(socket_, ::getsockname, ip, port);
}

}  // namespace simile::server
