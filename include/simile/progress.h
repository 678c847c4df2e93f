#pragma once
/// How long calls report what they have done and learn that they should stop.

#include <atomic>
#include <cstdint>
#include <functional>

namespace simile {

/// Set from any thread, also from a signal handler; polled by long calls, which then return
/// ErrorCode::kCancelled and leave nothing half-done behind.
class CancelToken {
 public:
  void cancel() noexcept { cancelled_.store(true, std::memory_order_relaxed); }
  bool cancelled() const noexcept { return cancelled_.load(std::memory_order_relaxed); }

 private:
  std::atomic<bool> cancelled_{false};
};

/// Called now and then from one thread at a time; `total` may be 0 while it is unknown.
using Progress = std::function<void(std::uint64_t done, std::uint64_t total)>;

}  // namespace simile
