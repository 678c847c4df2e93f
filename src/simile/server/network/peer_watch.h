#pragma once
/// Cancels the work for peers that have gone: one thread waits for the end of every connection that
/// somebody works for. A peer that only ends its own sending counts as gone, too.

#include <cstdint>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "simile/server/cancel_group.h"

namespace simile::server {

/// Thread rule: any call from any thread.
class PeerWatch {
 public:
  PeerWatch();
  ~PeerWatch();
  PeerWatch(const PeerWatch&) = delete;
  PeerWatch& operator=(const PeerWatch&) = delete;

  /// Watches until it goes.
  class Guard {
   public:
    Guard(PeerWatch& watch, int socket) : watch_(watch), socket_(socket) {}
    ~Guard() { watch_.end(socket_); }
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;

   private:
    PeerWatch& watch_;
    const int socket_;
  };

  /// `cancel` outlives the guard. A socket is watched by one guard at a time; -1: nothing is.
  [[nodiscard]] Guard watch(int socket, CallCancel& cancel);

 private:
  struct Watched {
    std::uint32_t number = 0;  ///< tells this guard from an earlier one of the same socket
    CallCancel* cancel = nullptr;
  };

  void end(int socket);
  void run() const;
  void peer_gone(std::uint64_t event) const;

  const int poll_;
  const int stop_;
  mutable std::mutex mutex_;
  std::uint32_t next_ = 0;
  std::unordered_map<int, Watched> watched_;
  std::jthread thread_;
};

}  // namespace simile::server
