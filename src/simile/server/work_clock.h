#pragma once
/// Ends the work of calls that takes too long: one thread sleeps until the one that began first has
/// used up its time, and sets its token.

#include <chrono>
#include <condition_variable>
#include <list>
#include <mutex>
#include <thread>
#include <utility>

#include "simile/server/cancel_group.h"

namespace simile::server {

/// Thread rule: any call from any thread.
class WorkClock {
  using Clock = std::chrono::steady_clock;
  struct Work {
    CallCancel* call = nullptr;
    Clock::time_point end;
    bool is_told = false;
  };

 public:
  /// `most` 0: work may take any time.
  explicit WorkClock(Clock::duration most);
  ~WorkClock();
  WorkClock(const WorkClock&) = delete;
  WorkClock& operator=(const WorkClock&) = delete;

  /// The work lasts until it goes.
  class Guard {
   public:
    Guard(WorkClock* clock, std::list<Work>::iterator work) : clock_(clock), work_(work) {}
    Guard(Guard&& other) noexcept
        : clock_(std::exchange(other.clock_, nullptr)), work_(other.work_) {}
    ~Guard() {
      if (clock_ != nullptr) clock_->end(work_);
    }
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;

   private:
    WorkClock* clock_;
    std::list<Work>::iterator work_;
  };

  /// `call` outlives the guard; null: nothing is timed.
  [[nodiscard]] Guard begin(CallCancel* call);

 private:
  void end(std::list<Work>::iterator work);
  void run();

  const Clock::duration most_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::list<Work> works_;  // all may take as long, so that the first ends first
  std::list<Work> told_;   // what their guards have not taken away yet
  bool idle_ = false;      // the thread waits for work; else for a time
  bool stop_ = false;
  std::jthread thread_;  // last, for it uses the others
};

}  // namespace simile::server
