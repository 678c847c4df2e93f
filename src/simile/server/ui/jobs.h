#pragma once
/// Work that outlives the request that began it: imports, folders of pictures, compactions. Each
/// runs on a thread of its own; the page asks how far it is.

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "simile/error.h"
#include "simile/progress.h"

namespace simile::server {

class Job {
 public:
  Job(std::uint64_t number, std::string kind, std::string subject)
      : number_(number), kind_(std::move(kind)), subject_(std::move(subject)) {}

  /// For the work itself, from its thread.
  const CancelToken& cancel() const { return cancel_; }
  void set_phase(const std::string& phase);
  void set_progress(std::uint64_t done, std::uint64_t total) {
    done_ = done;
    total_ = total;
  }
  /// Remembers a file that was passed over; the first 100 are kept.
  void add_skipped(const std::string& name, const std::string& why);
  void set_result(nlohmann::json result);

  nlohmann::json describe() const;

 private:
  friend class Jobs;
  const std::uint64_t number_;
  const std::string kind_;
  const std::string subject_;
  CancelToken cancel_;
  std::atomic<std::uint64_t> done_ = 0;
  std::atomic<std::uint64_t> total_ = 0;
  mutable std::mutex mutex_;  ///< what follows
  std::string state_ = "running";
  std::string phase_;
  std::string error_;
  nlohmann::json result_;
  nlohmann::json skipped_ = nlohmann::json::array();
  std::uint64_t skipped_count_ = 0;
  double seconds_ = 0;
  std::jthread thread_;
};

/// Thread rule: any call from any thread.
class Jobs {
 public:
  ~Jobs() { stop(); }

  /// Begins `work`; gives the number to ask for. kResourceExhausted where too many run.
  Result<std::uint64_t> start(const std::string& kind, const std::string& subject,
                              std::function<Status(Job&)> work);
  /// The newest first; finished ones are kept for a while.
  nlohmann::json describe() const;
  /// False where there is none that runs.
  bool cancel(std::uint64_t number);
  /// Cancels those that run and waits for them.
  void stop();

 private:
  mutable std::mutex mutex_;
  std::uint64_t last_ = 0;
  bool stopped_ = false;
  std::list<std::unique_ptr<Job>> jobs_;  ///< newest first
};

}  // namespace simile::server
