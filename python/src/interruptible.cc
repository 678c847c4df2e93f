#include "interruptible.h"

#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>

namespace simile::python {
namespace {

/// Short enough that Ctrl-C feels immediate, long enough to cost nothing.
constexpr auto kSignalPeriod = std::chrono::milliseconds(50);

/// What the two threads share.
struct Shared {
  std::mutex mutex;
  std::condition_variable finished;
  bool done = false;
  std::exception_ptr failure;              ///< of the engine: out of memory
  std::optional<nb::python_error> raised;  ///< by a signal handler or by progress; under the GIL
};

Progress reporting_to(nb::handle function, LongCall& call, Shared& shared) {
  if (function.is_none()) return {};
  return [function, &call, &shared](std::uint64_t done, std::uint64_t total) {
    const nb::gil_scoped_acquire gil;
    if (shared.raised) return;
    try {
      function(done, total);
    } catch (nb::python_error& error) {
      shared.raised.emplace(std::move(error));
      call.cancel.cancel();
    }
  };
}

}  // namespace

void check_signals() {
  if (PyErr_CheckSignals() != 0) throw nb::python_error();
}

void run_interruptibly(nb::handle progress, const std::function<void(const LongCall&)>& work) {
  LongCall call;
  Shared shared;
  call.progress = reporting_to(progress, call, shared);
  {
    const nb::gil_scoped_release no_gil;
    std::thread worker([&] {
      try {
        work(call);
      } catch (...) {
        shared.failure = std::current_exception();
      }
      const std::lock_guard lock(shared.mutex);
      shared.done = true;
      shared.finished.notify_one();
    });
    std::unique_lock lock(shared.mutex);
    while (!shared.finished.wait_for(lock, kSignalPeriod, [&] { return shared.done; })) {
      lock.unlock();
      {
        const nb::gil_scoped_acquire gil;
        if (!shared.raised && PyErr_CheckSignals() != 0) {
          shared.raised.emplace();
          call.cancel.cancel();
        }
      }
      lock.lock();
    }
    lock.unlock();
    worker.join();
  }
  if (shared.raised) throw nb::python_error(std::move(*shared.raised));
  if (shared.failure) std::rethrow_exception(shared.failure);
}

}  // namespace simile::python
