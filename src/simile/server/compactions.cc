#include "simile/server/compactions.h"

namespace simile::server {

std::int64_t Compactions::start(std::shared_ptr<Collection> collection, std::int64_t segment) {
  constexpr std::size_t kRemembered = 256;
  const std::scoped_lock lock(mutex_);
  for (const Job& job : jobs_) {
    if (job.state.progress == CompactionProgress::kRunning && job.collection == collection) {
      return job.number;
    }
  }
  if (jobs_.size() >= kRemembered && jobs_.front().state.progress != CompactionProgress::kRunning) {
    jobs_.pop_front();
  }
  Job& job = jobs_.emplace_back();
  job.number = ++last_;
  job.state.segment = segment;
  job.collection = std::move(collection);
  job.thread = std::jthread([this, &job] {
    const Status done = job.collection->compact({}, &job.cancel);
    const std::scoped_lock finished(mutex_);
    job.state.progress = done ? CompactionProgress::kDone : CompactionProgress::kFailed;
  });
  return job.number;
}

std::optional<CompactionState> Compactions::state(std::int64_t number) const {
  const std::scoped_lock lock(mutex_);
  for (const Job& job : jobs_) {
    if (job.number == number) return job.state;
  }
  return std::nullopt;
}

void Compactions::stop() {
  std::list<Job> jobs;
  {
    const std::scoped_lock lock(mutex_);
    for (Job& job : jobs_) job.cancel.cancel();
    for (Job& job : jobs_) jobs.emplace_back().thread = std::move(job.thread);
  }
  // Waits for the threads, which still use their jobs in the list.
  jobs.clear();
  const std::scoped_lock lock(mutex_);
  jobs_.clear();
}

}  // namespace simile::server
