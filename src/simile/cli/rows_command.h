#pragma once

#include "simile/cli/session.h"

namespace simile::cli {

/// simile get, simile delete, simile count: rows by key or by filter
void add_rows_commands(CLI::App& program, Invocation& invocation);

}  // namespace simile::cli
