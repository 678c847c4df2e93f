#pragma once
/// Long calls that Ctrl-C stops and that report their progress to Python.

#include <functional>

#include "error.h"
#include "simile/progress.h"

namespace simile::python {

/// What a long call gets: hand both on to the engine.
struct LongCall {
  CancelToken cancel;
  Progress progress;  ///< empty where Python gave none
};

/// Runs `work` on a thread of its own without the GIL, while this thread listens for signals: only
/// the main thread of Python receives them, and only when it asks.
///   1. A signal handler that raises, as that of Ctrl-C does, cancels the call. So does an
///      exception in `progress`, which is None or a function (done, total).
///   2. The exception is raised when `work` has returned; what it had finished is kept.
/// `work` must not touch Python objects. The caller holds the GIL.
void run_interruptibly(nb::handle progress, const std::function<void(const LongCall&)>& work);

/// Raises where a signal handler did. For loops that release the GIL in between.
void check_signals();

}  // namespace simile::python
