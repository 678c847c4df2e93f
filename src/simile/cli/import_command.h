#pragma once

#include "simile/cli/session.h"

namespace simile::cli {

/// simile import
void add_import_command(CLI::App& program, Invocation& invocation);

}  // namespace simile::cli
