#pragma once
/// `simile serve`: opens the databases, listens, waits, stops.

#include "simile/server/server_module.h"

namespace simile::server {

/// See ServerModule::serve.
Result<int> serve(const ServeArguments& arguments, const CancelToken& cancel);

}  // namespace simile::server
