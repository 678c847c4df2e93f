#pragma once
/// simile backup, simile restore.

#include "simile/cli/session.h"

namespace simile::cli {

void add_backup_commands(CLI::App& program, Invocation& invocation);

}  // namespace simile::cli
