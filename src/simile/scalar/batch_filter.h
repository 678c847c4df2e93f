#pragma once
/// A filter over rows that are not written yet.

#include <string_view>

#include "simile/batch.h"
#include "simile/error.h"
#include "simile/schema.h"

namespace simile::scalar {

/// True where the expression is true for every row of the batch, which validate_batch() must
/// accept; fields that the batch leaves out have their default, or are null.
Result<bool> every_row_matches(const Schema& schema, const Batch& batch,
                               std::string_view expression);

}  // namespace simile::scalar
