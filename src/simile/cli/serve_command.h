#pragma once
/// simile serve

#include "simile/cli/session.h"

namespace simile::server {
class ServerModule;
}

namespace simile::cli {

/// Loads libsimile_server.so, once.
Result<const server::ServerModule*> load_server();

void add_serve_command(CLI::App& program, Invocation& invocation);

/// simile ui
void add_ui_command(CLI::App& program, Invocation& invocation);

}  // namespace simile::cli
