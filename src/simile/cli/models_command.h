#pragma once

#include "simile/cli/session.h"

namespace simile::cli {

/// simile models
void add_models_command(CLI::App& program, Invocation& invocation);

}  // namespace simile::cli
