#pragma once

#include "simile/cli/session.h"

namespace simile::cli {

/// simile info
void add_info_command(CLI::App& program, Invocation& invocation);

}  // namespace simile::cli
