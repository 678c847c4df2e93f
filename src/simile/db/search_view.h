#pragma once
/// Search over all segments of a view.
///
///   1. bind: the field, the queries in its type, the filter
///   2. per segment: filter to bitmap, cardinality, plan_search(); what comes out is a list of
///      parts, each an index over consecutive rows of a segment
///   3. every part x every block of queries is a task of its own, spread over threads, so that one
///      query over many segments uses all cores, too
///   4. merge per query by (distance, segment, row), which is the order of insertion; fetch fields

#include "simile/collection.h"
#include "simile/db/view.h"

namespace simile::db {

Result<SearchResult> search_view(const CollectionView& view, const SearchRequest& request);

}  // namespace simile::db
