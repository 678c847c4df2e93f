#pragma once
/// Gauges of databases and collections, in the text form of Prometheus.

#include <string>

#include "simile/server/catalog.h"

namespace simile::server {

std::string collection_metrics(const Catalog& catalog);

}  // namespace simile::server
