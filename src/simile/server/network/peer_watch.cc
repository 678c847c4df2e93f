#include "simile/server/network/peer_watch.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <limits>

#include "simile/base/check.h"

namespace simile::server {

namespace {

constexpr std::uint64_t kStop = std::numeric_limits<std::uint64_t>::max();

}  // namespace

PeerWatch::PeerWatch() : poll_(epoll_create1(EPOLL_CLOEXEC)), stop_(eventfd(0, EFD_CLOEXEC)) {
  SIMILE_CHECK(poll_ >= 0 && stop_ >= 0);
  epoll_event event{.events = EPOLLIN, .data = {.u64 = kStop}};
  SIMILE_CHECK(epoll_ctl(poll_, EPOLL_CTL_ADD, stop_, &event) == 0);
  thread_ = std::jthread([this] { run(); });
}

PeerWatch::~PeerWatch() {
  eventfd_write(stop_, 1);
  thread_.join();
  close(stop_);
  close(poll_);
}

PeerWatch::Guard PeerWatch::watch(int socket, CallCancel& cancel) {
  if (socket >= 0) {
    const std::scoped_lock lock(mutex_);
    const std::uint32_t number = next_++;
    watched_[socket] = {number, &cancel};
    constexpr unsigned kNumberBits = 32;
    epoll_event event{.events = EPOLLRDHUP | EPOLLONESHOT, .data = {}};
    event.data.u64 = (std::uint64_t{number} << kNumberBits) | static_cast<std::uint32_t>(socket);
    // Where the system refuses, the work is done for nobody, as it would be without this.
    epoll_ctl(poll_, EPOLL_CTL_ADD, socket, &event);
  }
  return {*this, socket};
}

void PeerWatch::end(int socket) {
  if (socket < 0) return;
  const std::scoped_lock lock(mutex_);
  watched_.erase(socket);
  epoll_ctl(poll_, EPOLL_CTL_DEL, socket, nullptr);
}

void PeerWatch::run() const {
  for (;;) {
    epoll_event event{};
    const int count = epoll_wait(poll_, &event, 1, -1);
    if (count < 0 && errno != EINTR) return;
    if (count <= 0) continue;
    if (event.data.u64 == kStop) return;
    peer_gone(event.data.u64);
  }
}

void PeerWatch::peer_gone(std::uint64_t event) const {
  constexpr unsigned kNumberBits = 32;
  const std::scoped_lock lock(mutex_);
  const auto found = watched_.find(static_cast<int>(event & 0xffff'ffffU));
  if (found == watched_.end() || found->second.number != event >> kNumberBits) return;
  found->second.cancel->cancel();
}

}  // namespace simile::server
