#pragma once
/// Threads that run calls, with a bounded queue: what does not fit is refused at once, so that a
/// server under too much load answers fewer calls instead of all of them late.

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace simile::server {

/// Thread rule: any call from any thread.
class WorkerPool {
 public:
  WorkerPool(std::size_t threads, std::size_t queue_max);
  ~WorkerPool() { drain(); }
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  /// False where the queue is full or the pool drains; then the task is not taken.
  [[nodiscard]] bool submit(std::function<void()> task);
  /// Takes no more tasks and returns when those that it has are done.
  void drain();
  /// Tasks that wait for a thread.
  std::size_t waiting() const;

 private:
  void work();

  const std::size_t queue_max_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> tasks_;
  bool draining_ = false;
  std::vector<std::jthread> threads_;
};

}  // namespace simile::server
