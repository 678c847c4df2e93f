#pragma once

#include "simile/cli/session.h"

namespace simile::cli {

/// simile verify
void add_verify_command(CLI::App& program, Invocation& invocation);

}  // namespace simile::cli
