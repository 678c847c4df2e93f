#include "simile/cli/interrupt.h"

#include <unistd.h>
#include <csignal>
#include <string_view>

namespace simile::cli {

namespace {

CancelToken* token_to_cancel = nullptr;
volatile std::sig_atomic_t received_signal = 0;

extern "C" void handle_interrupt(int signal) {
  received_signal = signal;
  token_to_cancel->cancel();
  constexpr std::string_view kNote = "\nsimile: stopping; once more stops at once\n";
  // Only write() may be called here; there is nothing to do where it fails.
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, kNote.data(), kNote.size());
}

}  // namespace

void cancel_on_interrupt(CancelToken& token) {
  token_to_cancel = &token;
  struct sigaction action {};
  action.sa_handler = handle_interrupt;
  // The handler goes after its first use, so that the second signal does what it does by default.
  action.sa_flags = static_cast<int>(SA_RESETHAND) | SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

int interrupt_exit_code() { return received_signal == 0 ? 0 : 128 + received_signal; }

}  // namespace simile::cli
