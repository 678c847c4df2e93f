#pragma once

#include "simile/cli/session.h"

namespace simile::cli {

/// simile eval
void add_eval_command(CLI::App& program, Invocation& invocation);

}  // namespace simile::cli
