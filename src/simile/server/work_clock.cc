#include "simile/server/work_clock.h"

#include <iterator>

namespace simile::server {

WorkClock::WorkClock(Clock::duration most) : most_(most) {
  if (most_ > Clock::duration::zero()) thread_ = std::jthread([this] { run(); });
}

WorkClock::~WorkClock() {
  {
    const std::scoped_lock lock(mutex_);
    stop_ = true;
  }
  wake_.notify_one();
}

WorkClock::Guard WorkClock::begin(CallCancel* call) {
  if (call == nullptr || most_ == Clock::duration::zero()) return {nullptr, {}};
  const std::scoped_lock lock(mutex_);
  works_.push_back({call, Clock::now() + most_});
  // Once in the time that a call may take, not with every call: else the thread would wake as often
  // as calls come.
  if (idle_) wake_.notify_one();
  return {this, std::prev(works_.end())};
}

void WorkClock::end(std::list<Work>::iterator work) {
  const std::scoped_lock lock(mutex_);
  (work->is_told ? told_ : works_).erase(work);
}

void WorkClock::run() {
  std::unique_lock lock(mutex_);
  while (!stop_) {
    idle_ = true;
    wake_.wait(lock, [this] { return stop_ || !works_.empty(); });
    idle_ = false;
    const auto until = works_.empty() ? Clock::now() : works_.front().end;
    wake_.wait_until(lock, until, [this] { return stop_; });
    while (!works_.empty() && works_.front().end <= Clock::now()) {
      works_.front().call->run_out();
      works_.front().is_told = true;
      told_.splice(told_.end(), works_, works_.begin());
    }
  }
}

}  // namespace simile::server
