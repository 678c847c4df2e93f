#pragma once
/// The threads that seal, merge and build indexes by themselves.

#include <condition_variable>
#include <mutex>
#include <thread>

#include "simile/progress.h"

namespace simile::db {

class Engine;

/// Two threads, because building an index may take minutes and sealing must not wait for it.
/// What fails is tried again when there is news, or after a while.
class Maintenance {
 public:
  explicit Maintenance(Engine& engine);
  ~Maintenance();

  /// Something was written, sealed or found damaged.
  void notify();
  /// Ends both threads; `finish`: not before what is begun is done, or `cancel` says so.
  void stop(bool finish, const CancelToken* cancel = nullptr);

 private:
  void seal_loop();
  void build_loop();
  /// False where it is time to end.
  bool wait_for_news(std::uint64_t& seen);
  void end();

  Engine& engine_;
  CancelToken cancel_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t news_ = 1;  // so that both look around once at the start
  bool stopping_ = false;
  int ended_ = 0;  // threads that have nothing more to do
  std::thread sealer_;
  std::thread builder_;
};

}  // namespace simile::db
