#pragma once

#include <cstdint>
#include <vector>

#include "simile/collection.h"
#include "simile/db/view.h"
#include "simile/error.h"
#include "simile/scalar/filter.h"

namespace simile::db {

/// Of the rows that match, in ascending order of their keys, those from the offset of the request
/// on, at most its limit. Keeps no more than offset + limit keys at a time, doubled;
/// kInvalidArgument where they take more than `call_bytes_max`.
Result<std::vector<RowAddress>> rows_by_key(const CollectionView& view,
                                            const scalar::Filter& filter,
                                            const QueryRequest& request);

}  // namespace simile::db
