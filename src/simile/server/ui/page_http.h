#pragma once
/// The page and its calls over HTTP.

#include "simile/server/network/http_routes.h"
#include "simile/server/service.h"
#include "simile/server/ui/page_call.h"
#include "simile/server/ui/page_state.h"

namespace simile::server {

/// Adds `/`, its files and every route of page_routes().
void add_page(HttpRoutes& routes, Service& service, PageState& state);

}  // namespace simile::server
