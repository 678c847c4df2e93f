#pragma once
/// simile serve

#include "simile/cli/session.h"

namespace simile::cli {

void add_serve_command(CLI::App& program, Invocation& invocation);

/// simile ui
void add_ui_command(CLI::App& program, Invocation& invocation);

}  // namespace simile::cli
