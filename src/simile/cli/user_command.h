#pragma once

#include "simile/cli/session.h"

namespace simile::cli {

void add_user_command(CLI::App& program, Invocation& invocation);
void add_audit_command(CLI::App& program, Invocation& invocation);

}  // namespace simile::cli
