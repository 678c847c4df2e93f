#pragma once
/// The program `simile` without its main().

#include <cstdio>
#include <string>
#include <vector>

#include "simile/cli/console.h"
#include "simile/progress.h"

namespace simile::cli {

/// Exit codes, as docs/cli.md promises them; interrupted runs exit with 128 + signal.
inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;

struct Streams {
  std::FILE* out = stdout;
  std::FILE* err = stderr;
};

/// Parses and runs one command line, without the program's name. Returns the exit code.
int run_program(const std::vector<std::string>& arguments, ConsoleOptions console,
                const Streams& streams, const CancelToken& cancel);

}  // namespace simile::cli
