#include "simile/db/maintenance.h"

#include <chrono>

#include "simile/db/engine.h"

namespace simile::db {

namespace {

/// A full disk may be emptied meanwhile.
constexpr std::chrono::seconds kRetry{5};
/// A token cannot wake anyone.
constexpr std::chrono::milliseconds kCancelPeriod{20};

}  // namespace

Maintenance::Maintenance(Engine& engine)
    : engine_(engine), sealer_([this] { seal_loop(); }), builder_([this] { build_loop(); }) {}

Maintenance::~Maintenance() { stop(false); }

void Maintenance::notify() {
  const std::scoped_lock lock(mutex_);
  ++news_;
  changed_.notify_all();
}

void Maintenance::stop(bool finish, const CancelToken* cancel) {
  if (!finish) cancel_.cancel();
  {
    std::unique_lock lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
    while (cancel != nullptr && ended_ < 2) {
      if (cancel->cancelled()) cancel_.cancel();
      changed_.wait_for(lock, kCancelPeriod, [&] { return ended_ == 2; });
    }
  }
  if (sealer_.joinable()) sealer_.join();
  if (builder_.joinable()) builder_.join();
}

bool Maintenance::wait_for_news(std::uint64_t& seen) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, kRetry, [&] { return stopping_ || news_ != seen; });
  seen = news_;
  return !stopping_;
}

void Maintenance::end() {
  const std::scoped_lock lock(mutex_);
  ++ended_;
  changed_.notify_all();
}

void Maintenance::seal_loop() {
  std::uint64_t seen = 0;
  while (wait_for_news(seen)) {
    const std::uint64_t files = engine_.next_file_.load();
    static_cast<void>(engine_.seal_where_due());  // writers that wait are told
    if (engine_.next_file_.load() != files) {
      const std::scoped_lock lock(mutex_);
      // For the builder. What came meanwhile is still news for this thread: a writer may wait.
      const bool is_first = news_ == seen;
      ++news_;
      if (is_first) seen = news_;
      changed_.notify_all();
    }
  }
  end();
}

void Maintenance::build_loop() {
  std::uint64_t seen = 0;
  while (wait_for_news(seen)) {
    const std::scoped_lock lock(engine_.build_mutex_);
    for (const auto& collection : engine_.all()) {
      // What fails is tried again; a search without an index is slower, not wrong.
      static_cast<void>(engine_.compact(*collection, false, &cancel_));
      static_cast<void>(engine_.repair(*collection, {}, &cancel_));
    }
  }
  end();
}

}  // namespace simile::db
