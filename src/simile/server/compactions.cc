#include "simile/server/compactions.h"

namespace simile::server {

std::int64_t Compactions::start(std::shared_ptr<Collection> collection, std::int64_t segment) {
  constexpr std::size_t kRemembered = 256;
  const std::scoped_lock lock(mutex_);
  join_finished();
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
    // What is dropped meanwhile goes when the lock is open again.
    std::shared_ptr<Collection> released;
    const std::scoped_lock finished(mutex_);
    job.state.progress = done ? CompactionProgress::kDone : CompactionProgress::kFailed;
    released = std::move(job.collection);
  });
  return job.number;
}

void Compactions::join_finished() {
  for (Job& job : jobs_) {
    const bool finished = job.state.progress != CompactionProgress::kRunning;
    if (finished && job.thread.joinable()) job.thread.join();
  }
}

std::optional<CompactionState> Compactions::state(std::int64_t number) {
  const std::scoped_lock lock(mutex_);
  join_finished();
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
