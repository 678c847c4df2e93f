#pragma once
/// Step 1 of a search: the request checked against the schema.

#include <cstddef>
#include <vector>

#include "simile/base/aligned_buffer.h"
#include "simile/collection.h"
#include "simile/db/view.h"
#include "simile/index/sparse/sparse_query.h"
#include "simile/scalar/filter.h"

namespace simile::db {

struct BoundSearch {
  const Field* field = nullptr;
  std::size_t position = 0;  ///< of the field in the schema
  MatrixView queries;        ///< float32 for every float type, else of the field's type
  /// Of a sparse field, instead; `queries` then has their number and nothing else.
  std::vector<index::SparseQuery> sparse;
  AlignedBuffer converted;  ///< what queries may borrow from, beside the request
  scalar::Filter filter;
};

/// kInvalidArgument names what does not fit: k, field, dimension, type, values, filter;
/// kFailedPrecondition where the queries come from another model, naming both.
Result<BoundSearch> bind_search(const CollectionView& view, const SearchRequest& request);

/// Distance bounds, offset and groups: kInvalidArgument says which does not fit.
Status check_choice(const Schema& schema, const SearchRequest& request);

}  // namespace simile::db
