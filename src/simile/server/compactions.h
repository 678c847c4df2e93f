#pragma once
/// Compactions that clients have asked for: each runs on a thread of its own, and its state is
/// asked for by number.

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "simile/collection.h"

namespace simile::server {

enum class CompactionProgress : unsigned char { kRunning, kDone, kFailed };

struct CompactionState {
  CompactionProgress progress = CompactionProgress::kRunning;
  std::int64_t segment = 0;
};

/// Thread rule: any call from any thread.
class Compactions {
 public:
  ~Compactions() { stop(); }

  /// The number to ask for. One that runs for the collection already is not begun again. `segment`
  /// is what clients know the rows by that are compacted.
  std::int64_t start(std::shared_ptr<Collection> collection, std::int64_t segment);
  /// Nothing for a number that was never given out, or long ago.
  std::optional<CompactionState> state(std::int64_t number);
  /// Cancels those that run and waits for them.
  void stop();

 private:
  struct Job {
    std::int64_t number = 0;
    std::shared_ptr<Collection> collection;  // while it runs
    CancelToken cancel;
    CompactionState state;
    std::jthread thread;
  };

  /// The stacks of threads that are over are memory until they are joined, which takes no time:
  /// what a thread did last was to say so. Under the lock.
  void join_finished();

  std::mutex mutex_;
  std::int64_t last_ = 0;
  std::list<Job> jobs_;
};

}  // namespace simile::server
