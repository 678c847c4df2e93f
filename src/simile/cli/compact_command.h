#pragma once

#include "simile/cli/session.h"

namespace simile::cli {

/// simile compact
void add_compact_command(CLI::App& program, Invocation& invocation);

}  // namespace simile::cli
