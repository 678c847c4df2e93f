#include "simile/db/find_nearest.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "simile/base/check.h"
#include "simile/base/parallel.h"
#include "simile/base/text.h"
#include "simile/db/find_sparse.h"
#include "simile/db/matching_rows.h"
#include "simile/db/plan_search.h"

namespace simile::db {

namespace {

/// Hits of all parts that are held at once: 16 MB.
constexpr std::size_t kHitsMax = std::size_t{1} << 21;
/// Queries of one task: enough for the matrix-product speed of a scan.
constexpr std::size_t kQueriesMax = 256;
/// A scan is split among threads down to slices of this many rows.
constexpr std::size_t kSliceRows = 16'384;

/// An index over consecutive rows of a segment.
struct SearchPart {
  std::uint32_t segment = 0;
  std::uint32_t first_row = 0;
  const index::VectorIndex* index = nullptr;
  std::unique_ptr<index::VectorIndex> scan;  // what index points to, where it was made for this
  const Bitmap* allowed = nullptr;           // null: all rows
  std::optional<Bitmap> slice;               // what allowed points to, where it was made for this
  std::uint32_t effort = 0;                  // of a graph
};

/// Bits [first, first + count); first is a multiple of 64.
Bitmap slice_of(const Bitmap& all, std::size_t first, std::size_t count) {
  Bitmap slice(count);
  const auto words = slice.words();
  std::ranges::copy(all.words().subspan(first / 64, words.size()), words.begin());
  if (count % 64 != 0) words.back() &= (std::uint64_t{1} << (count % 64)) - 1;
  return slice;
}

/// The k nearest of each query, without a look at anything but the distance.
class Search {
 public:
  Search(const CollectionView& view, const SearchRequest& request, const BoundSearch& bound,
         const AllowedRows& allowed, std::uint32_t k)
      : view_(view),
        request_(request),
        bound_(bound),
        allowed_(allowed),
        k_(k),
        threads_(resolve_threads(request.threads)) {
    for (std::uint32_t s = 0; s < view_.segments.size(); ++s) add_segment(s);
  }

  /// Calls take(query, hits) for queries [begin, end), in this order.
  Status run(std::size_t begin, std::size_t end, const TakeHits& take) {
    const std::size_t hits_per_query = std::max<std::size_t>(parts_.size(), 1) * k_;
    const std::size_t chunk = std::max<std::size_t>(kHitsMax / hits_per_query, 1);
    for (std::size_t first = begin; first < end; first += chunk) {
      const std::size_t count = std::min(chunk, end - first);
      search_queries(first, count);
      if (cancelled()) return fail(ErrorCode::kCancelled, "the search was cancelled");
      for (std::size_t i = 0; i < count; ++i) SIMILE_TRY(take(first + i, merged_[i]));
    }
    return {};
  }

 private:
  bool cancelled() const { return request_.cancel != nullptr && request_.cancel->cancelled(); }

  // Calibrated for the k of the request; more hits than that are wanted at times, of groups.
  std::uint32_t effort_in(const index::VectorIndex& index) const {
    if (request_.effort != 0 || request_.recall == 0) return request_.effort;
    const std::uint64_t effort = index.effort_for(bound_.queries, request_.k, request_.recall);
    return static_cast<std::uint32_t>(std::max<std::uint64_t>(effort, effort * k_ / request_.k));
  }

  void add_segment(std::uint32_t s) {
    const SegmentView& segment = view_.segments[s];
    const Bitmap* allowed = allowed_.rows[s] ? &*allowed_.rows[s] : nullptr;
    const index::VectorIndex* index =
        request_.exact ? nullptr : segment.segment->index(bound_.position);
    const std::uint32_t effort = index == nullptr ? request_.effort : effort_in(*index);
    SearchConditions conditions{segment.rows, segment.rows, k_, effort, false, request_.exact};
    if (allowed != nullptr) conditions.allowed = allowed->count();
    conditions.has_index = index != nullptr;
    switch (plan_search(conditions)) {
      case SearchPath::kNone: return;
      case SearchPath::kScan: add_scan(s, allowed); return;
      case SearchPath::kGraph:
      case SearchPath::kGraphAmong: {
        SearchPart& part = parts_.emplace_back();
        part.segment = s;
        part.index = index;
        part.effort = effort;
        part.allowed = conditions.allowed == segment.rows ? nullptr : allowed;
        return;
      }
    }
  }

  void add_scan(std::uint32_t s, const Bitmap* allowed) {
    const SegmentView& segment = view_.segments[s];
    std::size_t part_begin = 0;
    for (const index::Rows& rows : segment.segment->vectors(bound_.position, segment.rows)) {
      const std::size_t all = rows.vectors.rows;
      // With fewer queries than threads there is work for all of them in the rows only.
      const std::size_t slices = bound_.queries.rows < threads_ ? threads_ : 1;
      const std::size_t step = std::max(kSliceRows, (all / slices + 63) / 64 * 64);
      for (std::size_t first = 0; first < all; first += step) {
        const std::size_t count = slices == 1 ? all : std::min(step, all - first);
        add_slice(s, part_begin, first, count, rows, allowed);
        if (slices == 1) break;
      }
      part_begin += all;
    }
  }

  void add_slice(std::uint32_t s, std::size_t part_begin, std::size_t first, std::size_t count,
                 const index::Rows& rows, const Bitmap* allowed) {
    index::Rows slice{rows.vectors.slice(first, count), {}};
    if (!rows.inverse_lengths.empty()) {
      slice.inverse_lengths = rows.inverse_lengths.subspan(first, count);
    }
    SearchPart& part = parts_.emplace_back();
    part.segment = s;
    part.first_row = static_cast<std::uint32_t>(part_begin + first);
    part.scan = index::make_flat(slice, bound_.field->metric);
    part.index = part.scan.get();
    if (allowed == nullptr) return;
    part.slice = slice_of(*allowed, part.first_row, count);
  }

  /// Fills merged_ for queries [first, first + count).
  void search_queries(std::size_t first, std::size_t count) {
    const std::size_t k = k_;
    const std::size_t block =
        std::clamp((count + threads_ - 1) / threads_, std::size_t{1}, kQueriesMax);
    const std::size_t blocks = (count + block - 1) / block;
    hits_.resize(parts_.size() * count * k);
    parallel_for(threads_, parts_.size() * blocks, 1,
                 [&](std::size_t begin, std::size_t end, std::uint32_t) {
                   for (std::size_t task = begin; task < end && !cancelled(); ++task) {
                     const std::size_t part = task / blocks;
                     const std::size_t query = task % blocks * block;
                     const std::size_t queries = std::min(block, count - query);
                     search_part(parts_[part], bound_.queries.slice(first + query, queries),
                                 hits_.data() + (part * count + query) * k);
                   }
                 });
    if (cancelled()) return;
    merged_.resize(count);
    parallel_for(threads_, count, 64, [&](std::size_t begin, std::size_t end, std::uint32_t) {
      for (std::size_t query = begin; query < end; ++query) merge(query, count);
    });
  }

  void search_part(const SearchPart& part, const MatrixView& queries, index::Hit* hits) const {
    index::SearchOptions options;
    options.k = k_;
    options.effort = part.effort;
    options.allowed = part.slice ? &*part.slice : part.allowed;
    options.cancel = request_.cancel;
    part.index->search(queries, options, hits);
  }

  void merge(std::size_t query, std::size_t count) {
    std::vector<MergedHit>& merged = merged_[query];
    merged.clear();
    for (std::size_t p = 0; p < parts_.size(); ++p) {
      const index::Hit* hits = hits_.data() + (p * count + query) * k_;
      for (std::size_t i = 0; i < k_ && hits[i].row != kNoRow; ++i) {
        const RowId row{parts_[p].first_row + value_of(hits[i].row)};
        merged.push_back({hits[i].distance, {parts_[p].segment, row}});
      }
    }
    const std::size_t k = std::min<std::size_t>(k_, merged.size());
    std::partial_sort(merged.begin(), merged.begin() + static_cast<std::ptrdiff_t>(k),
                      merged.end());
    merged.resize(k);
  }

  const CollectionView& view_;
  const SearchRequest& request_;
  const BoundSearch& bound_;
  const AllowedRows& allowed_;
  const std::uint32_t k_;
  const std::uint32_t threads_;
  std::vector<SearchPart> parts_;
  std::vector<index::Hit> hits_;
  std::vector<std::vector<MergedHit>> merged_;  // of the queries at hand
};

}  // namespace

Result<AllowedRows> allowed_rows(const CollectionView& view, const BoundSearch& bound) {
  AllowedRows allowed;
  for (const SegmentView& segment : view.segments) {
    std::optional<Bitmap>& rows = allowed.rows.emplace_back();
    if (!bound.filter.selects_all() || segment.deleted_count() != 0) {
      SIMILE_ASSIGN(rows, matching_rows(segment, bound.filter));
    }
    if (bound.field->nullable) {
      SIMILE_ASSIGN(Bitmap present, rows_with_vector(segment, bound.field->name));
      if (rows) present &= *rows;
      rows = std::move(present);
    }
    allowed.count += rows ? rows->count() : segment.rows;
  }
  return allowed;
}

Status find_nearest(const CollectionView& view, const SearchRequest& request,
                    const BoundSearch& bound, const AllowedRows& allowed, NearestQueries queries,
                    const TakeHits& take) {
  if (bound.field->type == FieldType::kSparse) {
    return find_sparse(view, request, bound, allowed, queries, take);
  }
  return Search(view, request, bound, allowed, queries.k).run(queries.begin, queries.end, take);
}

}  // namespace simile::db
