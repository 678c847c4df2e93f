#pragma once

#include "simile/cli/session.h"

namespace simile::cli {

/// simile decode-worker, which no help names: a server starts it for itself.
void add_decode_command(CLI::App& program, Invocation& invocation);

}  // namespace simile::cli
