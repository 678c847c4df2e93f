#pragma once
/// Ctrl-C and SIGTERM: the first asks the running call to finish cleanly, the second kills.

#include "simile/progress.h"

namespace simile::cli {

/// Installs the handlers; once a process. `token` outlives it.
void cancel_on_interrupt(CancelToken& token);

/// 130 after Ctrl-C, 143 after SIGTERM, else 0.
int interrupt_exit_code();

}  // namespace simile::cli
