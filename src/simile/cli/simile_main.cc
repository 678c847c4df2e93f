#include <string>
#include <vector>

#include "simile/cli/interrupt.h"
#include "simile/cli/program.h"

int main(int argc, char** argv) {
  static simile::CancelToken cancel;
  simile::cli::cancel_on_interrupt(cancel);
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const int code =
      simile::cli::run_program(arguments, simile::cli::ConsoleOptions::detect(), {}, cancel);
  const int interrupted = simile::cli::interrupt_exit_code();
  return code != 0 && interrupted != 0 ? interrupted : code;
}
