#pragma once
/// Parameters of Milvus' indexes in a search, checked as there and brought to what Simile has.

#include <cstdint>

#include "simile/server/catalog.h"
#include "simile/server/fault.h"
#include "simile/server/request_parameters.h"
#include "simile/server/time_zone.h"

namespace simile::server {

/// Milvus' breadth parameters to the one that Simile has: how many candidates a search keeps.
Answer<std::uint32_t> effort_of(const RequestParameters& parameters, std::int64_t k);

/// Those that change nothing here, but are refused out of their range: a value that is wrong is
/// more likely a mistake than meant.
Answer<void> check_index_parameters(const RequestParameters& parameters, std::int64_t k);

/// The zone that times are read and written in: of the call, else of the collection, else UTC.
Answer<TimeZone> zone_of(const CollectionHandle& handle, const RequestParameters& parameters);
/// time_fields, "year, month": what times are taken apart into; empty: they stay whole.
Answer<std::vector<std::string>> time_parts_of(const RequestParameters& parameters);

/// ignore_growing, which has no meaning where rows are visible when they are acknowledged.
Answer<void> check_ignore_growing(const RequestParameters& parameters);

}  // namespace simile::server
