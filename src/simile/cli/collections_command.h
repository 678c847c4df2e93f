#pragma once

#include "simile/cli/session.h"

namespace simile::cli {

/// simile collections
void add_collections_command(CLI::App& program, Invocation& invocation);

}  // namespace simile::cli
