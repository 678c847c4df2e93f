#pragma once

#include "simile/cli/session.h"

namespace simile::cli {

/// simile pictures
void add_pictures_command(CLI::App& program, Invocation& invocation);

}  // namespace simile::cli
