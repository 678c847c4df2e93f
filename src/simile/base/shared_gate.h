#pragma once
/// A lock that many may hold together, or one alone, where neither kind waits for long: one who
/// wants it alone goes before those who come after, and they before the next who wants it alone.
/// (std::shared_mutex lets readers that overlap keep a writer out for ever.)
///
/// Taking it together costs what std::shared_mutex costs, and a read of a flag.

#include <atomic>
#include <mutex>
#include <shared_mutex>

namespace simile {

class SharedGate {
 public:
  void lock_shared() {
    // Who comes while another waits to be alone queues up behind.
    if (wanted()) const std::lock_guard behind(turn_);
    mutex_.lock_shared();
  }
  void unlock_shared() { mutex_.unlock_shared(); }

  void lock() {
    const std::lock_guard first(turn_);
    wanted_.store(true, std::memory_order_relaxed);
    mutex_.lock();
    wanted_.store(false, std::memory_order_relaxed);
  }
  void unlock() { mutex_.unlock(); }

  /// Someone waits to be alone; long work under lock_shared() should let go for a moment.
  bool wanted() const { return wanted_.load(std::memory_order_relaxed); }

 private:
  std::shared_mutex mutex_;
  std::mutex turn_;
  std::atomic<bool> wanted_{false};
};

}  // namespace simile
