#pragma once

#include <cstdint>
#include <vector>

#include "simile/db/view.h"
#include "simile/error.h"
#include "simile/scalar/filter.h"

namespace simile::db {

/// Of the rows that match, in ascending order of their keys, those from `offset` on, at most
/// `limit`. Keeps no more than offset + limit keys at a time, doubled.
Result<std::vector<RowAddress>> rows_by_key(const CollectionView& view,
                                            const scalar::Filter& filter, std::uint64_t offset,
                                            std::uint64_t limit);

}  // namespace simile::db
