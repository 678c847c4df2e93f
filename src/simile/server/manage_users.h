#pragma once
/// What `simile user` and `simile audit` do, beside a server or without one.

#include <string>

#include "simile/error.h"
#include "simile/server/server_module.h"

namespace simile::server {

Result<std::string> manage_users(const UserArguments& arguments);
Result<std::string> audit_report(const std::string& path);

}  // namespace simile::server
