#pragma once
/// find_nearest() for sparse fields: through the inverted indexes of segments, and by looking at
/// each row where there is none. Both are exact and give the same distances.

#include "simile/db/find_nearest.h"

namespace simile::db {

Status find_sparse(const CollectionView& view, const SearchRequest& request,
                   const BoundSearch& bound, const AllowedRows& allowed, NearestQueries queries,
                   const TakeHits& take);

}  // namespace simile::db
