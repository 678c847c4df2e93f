#pragma once

#include "simile/cli/session.h"

namespace simile::cli {

/// simile index
void add_index_command(CLI::App& program, Invocation& invocation);

}  // namespace simile::cli
