#pragma once

#include "simile/cli/session.h"

namespace simile::cli {

/// key new, key rotate; encrypt, decrypt.
void add_encryption_commands(CLI::App& program, Invocation& invocation);

}  // namespace simile::cli
