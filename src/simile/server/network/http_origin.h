#pragma once
/// Protection of a server without users from pages of other sites in a browser on the same machine.

#include <string>
#include <string_view>

namespace simile::server {

/// True where the address is of this machine only: localhost, 127.0.0.0/8, ::1.
bool is_loopback(std::string_view host);

/// What is wrong with these headers, or nothing. `host` must name the address that was asked (else
/// a page of another site has had its name pointed here) and `origin`, which only browsers send,
/// must be the same place. `loopback_only`: the host must be one of this machine.
std::string refuse_origin(std::string_view host, std::string_view origin, bool loopback_only);

}  // namespace simile::server
