#include "simile/server/network/shared_port.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <list>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/server/network/spoken.h"

namespace simile::server {

namespace {

using Clock = std::chrono::steady_clock;

/// A descriptor that is closed with its owner.
class Descriptor {
 public:
  explicit Descriptor(int value = -1) : value_(value) {}
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  Descriptor(Descriptor&& other) noexcept : value_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }
  int get() const { return value_; }
  int release() { return std::exchange(value_, -1); }

 private:
  int value_;
};

void set_option(int socket, int level, int name, int value) {
  ::setsockopt(socket, level, name, &value, sizeof value);
}

int port_of(int socket) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &length) != 0) return 0;
  return ntohs(address.ss_family == AF_INET6
                   ? reinterpret_cast<const sockaddr_in6*>(&address)->sin6_port
                   : reinterpret_cast<const sockaddr_in*>(&address)->sin_port);
}

/// A socket that listens on this address, or none and errno.
Descriptor listen_on(const addrinfo& address, int port) {
  Descriptor socket(
      ::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
  if (socket.get() < 0) return socket;
  // No SO_REUSEPORT: a second server on the port must fail, not take half of the connections.
  set_option(socket.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (address.ai_family == AF_INET6) {
    auto* v6 = reinterpret_cast<sockaddr_in6*>(address.ai_addr);
    v6->sin6_port = htons(static_cast<std::uint16_t>(port));
    const bool every = IN6_IS_ADDR_UNSPECIFIED(&v6->sin6_addr);
    set_option(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, every ? 0 : 1);
  } else {
    auto* v4 = reinterpret_cast<sockaddr_in*>(address.ai_addr);
    v4->sin_port = htons(static_cast<std::uint16_t>(port));
  }
  const bool listens = ::bind(socket.get(), address.ai_addr, address.ai_addrlen) == 0 &&
                       ::listen(socket.get(), SOMAXCONN) == 0;
  if (!listens) socket = Descriptor();
  return socket;
}

/// Sockets for every address of the host, all on one port; none where any of them is taken.
std::vector<Descriptor> listen_on_all(const std::string& host, int port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) return {};
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, ::freeaddrinfo);
  std::vector<Descriptor> sockets;
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    if (each->ai_family != AF_INET && each->ai_family != AF_INET6) continue;
    Descriptor socket = listen_on(*each, sockets.empty() ? port : port_of(sockets[0].get()));
    if (socket.get() < 0) {
      if (errno == EADDRINUSE || errno == EACCES) return {};
      continue;  // a name's IPv6 address on a machine that has none
    }
    sockets.push_back(std::move(socket));
  }
  return sockets;
}

/// 0.0.0.0 means every address, those of IPv6 too, as it does to gRPC.
std::vector<Descriptor> open_sockets(const std::string& host, int port) {
  if (host != "0.0.0.0") return listen_on_all(host, port);
  auto sockets = listen_on_all("::", port);
  return sockets.empty() ? listen_on_all(host, port) : std::move(sockets);
}

class RunningPort final : public SharedPort {
 public:
  RunningPort(const SharedPortOptions& options, std::vector<Descriptor> sockets)
      : options_(options),
        sockets_(std::move(sockets)),
        poll_(::epoll_create1(EPOLL_CLOEXEC)),
        wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
        port_(port_of(sockets_[0].get())) {}

  ~RunningPort() override { stop(); }

  int port() const override { return port_; }

  void start(Taker grpc, Taker http) override {
    grpc_ = std::move(grpc);
    http_ = std::move(http);
    add(wake_.get(), EPOLLIN);
    for (const Descriptor& socket : sockets_) add(socket.get(), EPOLLIN);
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  }

  void stop() override {
    if (thread_.joinable()) {
      thread_.request_stop();
      ::eventfd_write(wake_.get(), 1);
      thread_.join();
    }
    undecided_.clear();
    sockets_.clear();
  }

 private:
  struct Undecided {
    Descriptor socket;
    Clock::time_point until;
  };
  using Waiting = std::list<Undecided>;  // in the order of their arrival

  void add(int descriptor, std::uint32_t events) const {
    epoll_event event{};
    event.events = events;
    event.data.fd = descriptor;
    ::epoll_ctl(poll_.get(), EPOLL_CTL_ADD, descriptor, &event);
  }

  void run(const std::stop_token& stop) {
    constexpr int kEvents = 64;
    std::array<epoll_event, kEvents> events{};
    while (!stop.stop_requested()) {
      const int count = ::epoll_wait(poll_.get(), events.data(), kEvents, patience());
      for (int i = 0; i < count && !stop.stop_requested(); ++i) look_at(events[i].data.fd);
      const auto now = Clock::now();
      while (!undecided_.empty() && undecided_.front().until <= now) drop_oldest();
    }
  }

  /// Milliseconds until the oldest of the undecided has waited long enough.
  int patience() const {
    if (undecided_.empty()) return -1;
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(undecided_.front().until - Clock::now());
    return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000));
  }

  void look_at(int descriptor) {
    if (descriptor == wake_.get()) return;
    const auto found = places_.find(descriptor);
    if (found != places_.end()) return decide(found->second);
    const bool listens = std::ranges::any_of(
        sockets_, [&](const Descriptor& socket) { return socket.get() == descriptor; });
    if (listens) accept_from(descriptor);
  }

  void accept_from(int listener) {
    const int socket = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (socket < 0) {
      if (errno == EMFILE || errno == ENFILE) make_room();
      return;
    }
    set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1);
    if (undecided_.size() >= options_.undecided_max) drop_oldest();
    const auto wait = std::chrono::duration_cast<Clock::duration>(
        std::chrono::duration<double>(options_.receive_seconds));
    undecided_.push_back({Descriptor(socket), Clock::now() + wait});
    places_[socket] = std::prev(undecided_.end());
    // By edges: bytes that are not enough yet stay where they are and must not wake it again.
    add(socket, EPOLLIN | EPOLLRDHUP | EPOLLET);
  }

  /// No descriptor is left for a connection that waits in the system's queue.
  void make_room() {
    constexpr std::chrono::milliseconds kPause{20};
    if (undecided_.empty()) {
      std::this_thread::sleep_for(kPause);
    } else {
      drop_oldest();
    }
  }

  void drop_oldest() {
    places_.erase(undecided_.front().socket.get());
    undecided_.pop_front();
  }

  void decide(Waiting::iterator place) {
    const int socket = place->socket.get();
    const ssize_t size = ::recv(socket, begin_.data(), begin_.size(), MSG_PEEK);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
    Spoken spoken = Spoken::kUnknown;
    if (size > 0) {
      const std::string_view begin(begin_.data(), static_cast<std::size_t>(size));
      spoken = options_.tls ? spoken_tls(begin) : spoken_plain(begin);
      if (spoken == Spoken::kUnknown) return;
    }
    ::epoll_ctl(poll_.get(), EPOLL_CTL_DEL, socket, nullptr);
    Descriptor taken = std::move(place->socket);
    places_.erase(socket);
    undecided_.erase(place);
    if (spoken != Spoken::kUnknown) (spoken == Spoken::kGrpc ? grpc_ : http_)(taken.release());
  }

  const SharedPortOptions options_;
  std::vector<Descriptor> sockets_;
  const Descriptor poll_;
  const Descriptor wake_;
  const int port_;
  Taker grpc_;
  Taker http_;
  Waiting undecided_;
  std::unordered_map<int, Waiting::iterator> places_;  ///< by socket
  std::vector<char> begin_ = std::vector<char>(kSpokenBytesMax);
  std::jthread thread_;
};

}  // namespace

Result<std::unique_ptr<SharedPort>> SharedPort::listen(const SharedPortOptions& options) {
  auto sockets = open_sockets(options.host, options.port);
  if (sockets.empty()) {
    return fail(ErrorCode::kUnavailable,
                join_text(options.host, ":", options.port,
                          " cannot be listened on; is another server running there? Choose another "
                          "port with --port"));
  }
  return std::make_unique<RunningPort>(options, std::move(sockets));
}

}  // namespace simile::server
