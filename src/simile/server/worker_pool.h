#pragma once
/// Threads that run tasks, with a bounded queue: what does not fit is refused at once, so that a
/// server under too much load answers fewer calls instead of all of them late.
///
/// Tasks that may run as one (`Together`) are handed out as one: a thread takes its share of those
/// that wait at the head of the queue, at most kTogetherMax. Nothing waits for company: a task that
/// finds a free thread runs alone, and groups form where tasks arrive faster than they are done.

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <span>
#include <thread>
#include <utility>
#include <vector>

namespace simile::server {

/// Thread rule: any call from any thread.
template <class Task>
class WorkerPool {
 public:
  using Run = std::function<void(std::span<Task>)>;
  using Together = std::function<bool(const Task&, const Task&)>;
  /// Beyond this a batch of searches is no faster a search (50,000 x 384: 1 at a time 24,300 a
  /// second and thread, 4 at a time 31,000, 16 at a time 30,000).
  static constexpr std::size_t kTogetherMax = 8;

  WorkerPool(std::size_t threads, std::size_t queue_max, Run run, Together together = {})
      : thread_count_(std::max<std::size_t>(threads, 1)),
        queue_max_(queue_max),
        run_(std::move(run)),
        together_(std::move(together)) {
    for (std::size_t i = 0; i < thread_count_; ++i) threads_.emplace_back([this] { work(); });
  }
  ~WorkerPool() { drain(); }
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  /// False where the queue is full or the pool drains; then the task is not taken.
  [[nodiscard]] bool submit(Task task) {
    {
      const std::scoped_lock lock(mutex_);
      if (draining_ || tasks_.size() >= queue_max_) return false;
      tasks_.push_back(std::move(task));
    }
    wake_.notify_one();
    return true;
  }

  /// Takes the first tasks of these, and says how many. Tasks that may run as one are not torn
  /// apart by threads that are faster than this call.
  [[nodiscard]] std::size_t submit_many(std::span<const Task> tasks) {
    std::size_t taken = 0;
    {
      const std::scoped_lock lock(mutex_);
      if (draining_) return 0;
      taken = std::min(tasks.size(), queue_max_ - std::min(tasks_.size(), queue_max_));
      tasks_.insert(tasks_.end(), tasks.begin(),
                    tasks.begin() + static_cast<std::ptrdiff_t>(taken));
    }
    for (std::size_t i = 0; i < taken; i += kTogetherMax) wake_.notify_one();
    return taken;
  }

  std::size_t threads() const { return thread_count_; }
  /// Takes no more tasks and returns when those that it has are done.
  void drain() {
    {
      const std::scoped_lock lock(mutex_);
      draining_ = true;
    }
    wake_.notify_all();
    threads_.clear();
  }

  /// Tasks that wait for a thread.
  std::size_t waiting() const {
    const std::scoped_lock lock(mutex_);
    return tasks_.size();
  }

 private:
  void work() {
    std::vector<Task> taken;
    for (;;) {
      {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [this] { return draining_ || !tasks_.empty(); });
        if (tasks_.empty()) return;
        take(taken);
      }
      run_(taken);
      taken.clear();
    }
  }

  void take(std::vector<Task>& taken) {
    const std::size_t share = (tasks_.size() + thread_count_ - 1) / thread_count_;
    const std::size_t most = together_ ? std::min(share, kTogetherMax) : 1;
    do {
      taken.push_back(std::move(tasks_.front()));
      tasks_.pop_front();
    } while (taken.size() < most && !tasks_.empty() && together_(taken.front(), tasks_.front()));
  }

  const std::size_t thread_count_;
  const std::size_t queue_max_;
  const Run run_;
  const Together together_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Task> tasks_;
  bool draining_ = false;
  std::vector<std::jthread> threads_;
};

}  // namespace simile::server
