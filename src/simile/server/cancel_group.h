#pragma once
/// Calls that are given up, alone or where several are done as one.

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>

#include "simile/progress.h"

namespace simile::server {

/// Work for several calls, which stops when every one of them was given up.
class CancelGroup {
 public:
  explicit CancelGroup(std::size_t calls) : left_(calls) {}
  const CancelToken& token() const { return token_; }
  void leave() {
    if (--left_ == 0) token_.cancel();
  }

 private:
  std::atomic<std::size_t> left_;
  CancelToken token_;
};

/// One call. Thread rule: any call from any thread.
class CallCancel {
 public:
  const CancelToken& token() const { return token_; }

  /// Its work has taken longer than one call's may.
  void run_out() {
    out_of_time_.store(true, std::memory_order_relaxed);
    cancel();
  }
  bool is_out_of_time() const { return out_of_time_.load(std::memory_order_relaxed); }

  void cancel() {
    const std::scoped_lock lock(mutex_);
    if (token_.cancelled()) return;
    token_.cancel();
    if (group_ != nullptr) group_->leave();
  }

  /// The call is done as one of the group from now on; at most once.
  void join(std::shared_ptr<CancelGroup> group) {
    const std::scoped_lock lock(mutex_);
    group_ = std::move(group);
    if (token_.cancelled()) group_->leave();
  }

 private:
  std::mutex mutex_;
  std::atomic<bool> out_of_time_{false};
  CancelToken token_;
  std::shared_ptr<CancelGroup> group_;
};

/// Of the request of HTTP that this thread answers; null where it answers none.
inline CallCancel*& http_cancel() {
  static thread_local CallCancel* current = nullptr;
  return current;
}

}  // namespace simile::server
