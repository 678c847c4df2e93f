#pragma once

#include "simile/db/write_request.h"
#include "simile/error.h"

namespace simile::db {

/// Adds the columns that are not the writer's business, under the commit lock: the number of the
/// partition, keys that are given out as text, and for an update what the rows hold in the fields
/// that it leaves alone. kNotFound names a partition, or the key of a row that an update cannot
/// make, since it is not there and a field is missing.
Status complete_rows(RequestedOperation& operation);

}  // namespace simile::db
