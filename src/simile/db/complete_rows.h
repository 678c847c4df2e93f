#pragma once

#include <span>

#include "simile/db/write_request.h"
#include "simile/error.h"

namespace simile::db {

/// Adds the columns that are not the writer's business, under the commit lock: the number of the
/// partition, keys that are given out as text, and for an update what the rows hold in the fields
/// that it leaves alone. kNotFound names a partition, or the key of a row that an update cannot
/// make, since it is not there and a field is missing.
Status complete_rows(RequestedOperation& operation);

/// Before fields are added: what they are analyzed by is known, and can be loaded.
Status check_analyzers(std::span<const Field> fields);

/// Fills the fields that hold the words of others, as far as these are given. Before the commit,
/// since it may take a while.
Status add_words(RequestedOperation& operation);

}  // namespace simile::db
