#pragma once

#include <string>

namespace simile::server {

/// Opens the address in the browser of whoever sits here; nothing where there is no screen or no
/// browser. Does not wait.
void show_in_browser(const std::string& address);

}  // namespace simile::server
