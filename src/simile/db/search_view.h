#pragma once
/// Search over a view.
///
///   1. bind: the field, the queries in its type, the filter
///   2. find_nearest(): as many hits as an answer takes, and a few more where distances are bounded
///      from below or hits are grouped
///   3. choose among them what the request asks for; where that leaves too few, four times as many
///      are looked for, until it is enough or there are no more
///   4. fetch fields

#include <memory>

#include "simile/collection.h"
#include "simile/db/view.h"

namespace simile::db {

Result<SearchResult> search_view(const CollectionView& view, const SearchRequest& request);

Result<std::unique_ptr<SearchIterator>> iterate_view(std::shared_ptr<const CollectionView> view,
                                                     const SearchRequest& request);

}  // namespace simile::db
