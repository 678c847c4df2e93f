#pragma once

#include "simile/cli/session.h"

namespace simile::cli {

/// simile search
void add_search_command(CLI::App& program, Invocation& invocation);

}  // namespace simile::cli
