#include "simile/server/ui/jobs.h"

#include <chrono>

namespace simile::server {

namespace {

constexpr std::size_t kKept = 30;
constexpr int kRunningMax = 4;
constexpr std::size_t kSkippedKept = 100;

}  // namespace

void Job::set_phase(const std::string& phase) {
  const std::scoped_lock lock(mutex_);
  phase_ = phase;
}

void Job::add_skipped(const std::string& name, const std::string& why) {
  const std::scoped_lock lock(mutex_);
  ++skipped_count_;
  if (skipped_.size() < kSkippedKept) skipped_.push_back({{"name", name}, {"why", why}});
}

void Job::set_result(nlohmann::json result) {
  const std::scoped_lock lock(mutex_);
  result_ = std::move(result);
}

nlohmann::json Job::describe() const {
  const std::scoped_lock lock(mutex_);
  return {{"number", number_},
          {"kind", kind_},
          {"subject", subject_},
          {"state", state_},
          {"phase", phase_},
          {"done", done_.load()},
          {"total", total_.load()},
          {"error", error_},
          {"result", result_},
          {"skipped", skipped_},
          {"skipped_count", skipped_count_},
          {"seconds", seconds_}};
}

Result<std::uint64_t> Jobs::start(const std::string& kind, const std::string& subject,
                                  std::function<Status(Job&)> work) {
  const std::scoped_lock lock(mutex_);
  if (stopped_) return fail(ErrorCode::kUnavailable, "the server is stopping");
  int running = 0;
  for (const auto& job : jobs_) {
    const std::scoped_lock job_lock(job->mutex_);
    running += job->state_ == "running" ? 1 : 0;
  }
  if (running >= kRunningMax) {
    return fail(ErrorCode::kResourceExhausted,
                "four jobs are running; wait for one of them, or stop it");
  }
  while (jobs_.size() >= kKept) jobs_.pop_back();  // the oldest ended long ago
  jobs_.push_front(std::make_unique<Job>(++last_, kind, subject));
  Job& job = *jobs_.front();
  job.thread_ = std::jthread([&job, work = std::move(work)] {
    const auto start = std::chrono::steady_clock::now();
    const Status done = work(job);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    const std::scoped_lock job_lock(job.mutex_);
    job.seconds_ = took.count();
    if (done) {
      job.state_ = "done";
    } else {
      job.state_ = done.error().code == ErrorCode::kCancelled ? "stopped" : "failed";
      job.error_ = done.error().message;
    }
  });
  return last_;
}

nlohmann::json Jobs::describe() const {
  const std::scoped_lock lock(mutex_);
  nlohmann::json list = nlohmann::json::array();
  for (const auto& job : jobs_) list.push_back(job->describe());
  return list;
}

bool Jobs::cancel(std::uint64_t number) {
  const std::scoped_lock lock(mutex_);
  for (const auto& job : jobs_) {
    if (job->number_ != number) continue;
    job->cancel_.cancel();
    const std::scoped_lock job_lock(job->mutex_);
    return job->state_ == "running";
  }
  return false;
}

void Jobs::stop() {
  std::list<std::unique_ptr<Job>> ending;
  {
    const std::scoped_lock lock(mutex_);
    stopped_ = true;
    for (const auto& job : jobs_) job->cancel_.cancel();
    ending = std::move(jobs_);
    jobs_.clear();
  }
  ending.clear();  // joins
}

}  // namespace simile::server
