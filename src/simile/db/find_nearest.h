#pragma once
/// The k nearest rows over all segments of a view.
///
///   1. per segment: filter to bitmap, cardinality, plan_search(); what comes out is a list of
///      parts, each an index over consecutive rows of a segment
///   2. every part x every block of queries is a task of its own, spread over threads, so that one
///      query over many segments uses all cores, too
///   3. merge per query by (distance, segment, row), which is the order of insertion

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <tuple>
#include <vector>

#include "simile/base/bitmap.h"
#include "simile/collection.h"
#include "simile/db/bind_search.h"
#include "simile/db/view.h"

namespace simile::db {

struct MergedHit {
  float distance = 0;
  RowAddress row;
  bool operator<(const MergedHit& other) const {
    return std::tie(distance, row) < std::tie(other.distance, other.row);
  }
};

/// Of each segment of a view the rows that may be returned; nothing: all.
struct AllowedRows {
  std::vector<std::optional<Bitmap>> rows;
  std::size_t count = 0;  ///< in all segments
};
/// Rows in sight that match the filter and have a vector.
Result<AllowedRows> allowed_rows(const CollectionView& view, const BoundSearch& bound);

struct NearestQueries {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::uint32_t k = 10;
};
/// Of query `query`, nearest first; may be moved from.
using TakeHits = std::function<Status(std::size_t query, std::vector<MergedHit>& hits)>;

/// Calls take() for each of the queries, in this order.
Status find_nearest(const CollectionView& view, const SearchRequest& request,
                    const BoundSearch& bound, const AllowedRows& allowed, NearestQueries queries,
                    const TakeHits& take);

}  // namespace simile::db
