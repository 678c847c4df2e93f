#include "simile/server/network/http_origin.h"

#include <algorithm>

#include "simile/base/text.h"

namespace simile::server {

namespace {

/// Without the port, and without the brackets of an IPv6 address.
std::string_view without_port(std::string_view host) {
  if (host.starts_with('[')) return host.substr(1, std::min(host.find(']'), host.size()) - 1);
  return host.substr(0, host.find(':'));
}

}  // namespace

bool is_loopback(std::string_view host) {
  if (host == "localhost" || host == "::1") return true;
  const bool numbers = host.find_first_not_of("0123456789.") == std::string_view::npos;
  return numbers && host.starts_with("127.");
}

std::string refuse_origin(std::string_view host, std::string_view origin, bool loopback_only) {
  if (loopback_only && !is_loopback(without_port(host))) {
    return join_text("the host '", host, "' is not one of this machine, which this server is for");
  }
  if (origin.empty()) return {};
  const auto scheme = origin.find("://");
  if (scheme != std::string_view::npos && origin.substr(scheme + 3) == host) return {};
  return join_text("requests of pages of '", origin, "' are not served");
}

}  // namespace simile::server
