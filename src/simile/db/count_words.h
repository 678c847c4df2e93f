#pragma once
/// What BM25 needs to know of a collection: how many rows there are, how long they are, and how
/// many have each word. Rows that were deleted do not count.

#include <span>

#include "simile/db/view.h"
#include "simile/error.h"
#include "simile/index/sparse/sparse_query.h"

namespace simile::db {

/// `position`: of a field with metric BM25 in the schema.
Result<index::Bm25Counts> count_words(const CollectionView& view, std::size_t position,
                                      std::span<const index::SparseQuery::Term> terms);

}  // namespace simile::db
