#include "simile/db/find_sparse.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "simile/base/check.h"
#include "simile/base/parallel.h"
#include "simile/index/top_k.h"
#include "simile/scalar/column.h"

namespace simile::db {

namespace {

/// Hits of all segments that are held at once: 16 MB.
constexpr std::size_t kHitsMax = std::size_t{1} << 21;

class SparseSearcher {
 public:
  SparseSearcher(const CollectionView& view, const SearchRequest& request, const BoundSearch& bound,
                 const AllowedRows& allowed, std::uint32_t k)
      : view_(view), request_(request), bound_(bound), allowed_(allowed), k_(k) {}

  Status run(std::size_t begin, std::size_t end, const TakeHits& take) {
    const std::size_t segments = view_.segments.size();
    const std::size_t chunk = std::max<std::size_t>(kHitsMax / (segments * k_ + 1), 1);
    for (const SegmentView& segment : view_.segments) {
      SIMILE_TRY(segment.segment->column(bound_.field->name)->check());
    }
    for (std::size_t first = begin; first < end; first += chunk) {
      const std::size_t count = std::min(chunk, end - first);
      found_.assign(segments * count, {});
      parallel_for(resolve_threads(request_.threads), segments * count, 1,
                   [&](std::size_t from, std::size_t to, std::uint32_t) {
                     for (std::size_t task = from; task < to && !cancelled(); ++task) {
                       search_segment(task / count, bound_.sparse[first + task % count],
                                      found_[task]);
                     }
                   });
      if (cancelled()) return fail(ErrorCode::kCancelled, "the search was cancelled");
      for (std::size_t i = 0; i < count; ++i) {
        std::vector<MergedHit> merged = merge(i, count);
        SIMILE_TRY(take(first + i, merged));
      }
    }
    return {};
  }

 private:
  bool cancelled() const { return request_.cancel != nullptr && request_.cancel->cancelled(); }

  void search_segment(std::size_t s, const index::SparseQuery& query,
                      std::vector<index::Hit>& hits) const {
    const SegmentView& segment = view_.segments[s];
    const Bitmap* allowed = allowed_.rows[s] ? &*allowed_.rows[s] : nullptr;
    const std::size_t k = std::min<std::size_t>(k_, segment.rows);
    if (k == 0) return;
    const index::SparseIndex* index =
        request_.exact ? nullptr : segment.segment->sparse_index(bound_.position);
    if (index == nullptr) {
      scan(segment, allowed, query, k, hits);
      return;
    }
    hits.resize(k);
    index::SearchOptions options;
    options.k = static_cast<std::uint32_t>(k);
    options.allowed = allowed;
    options.cancel = request_.cancel;
    index->search(query, options, hits.data());
    const auto end = std::ranges::find(hits, kNoRow, &index::Hit::row);
    hits.erase(end, hits.end());
  }

  void scan(const SegmentView& segment, const Bitmap* allowed, const index::SparseQuery& query,
            std::size_t k, std::vector<index::Hit>& hits) const {
    const scalar::ColumnReader* column = segment.segment->column(bound_.field->name);
    const auto scratch = std::make_unique<scalar::BlockScratch>();
    index::TopK top(k);
    for (std::size_t first = 0; first < segment.rows && !cancelled(); first += scalar::kBlockRows) {
      const std::size_t count = std::min(scalar::kBlockRows, segment.rows - first);
      const scalar::Block block = column->block(first, count, *scratch);
      for (std::size_t i = 0; i < count; ++i) {
        if (allowed != nullptr && !allowed->test(first + i)) continue;
        index::scan_sparse_row(query, index::SparseRow(block.strings[i]),
                               RowId{static_cast<std::uint32_t>(first + i)}, top);
      }
    }
    const auto sorted = top.take_sorted();
    hits.assign(sorted.begin(), sorted.end());
  }

  std::vector<MergedHit> merge(std::size_t query, std::size_t count) const {
    std::vector<MergedHit> merged;
    for (std::uint32_t s = 0; s < view_.segments.size(); ++s) {
      for (const index::Hit& hit : found_[s * count + query]) {
        merged.push_back({hit.distance, {s, hit.row}});
      }
    }
    const std::size_t k = std::min<std::size_t>(k_, merged.size());
    std::partial_sort(merged.begin(), merged.begin() + static_cast<std::ptrdiff_t>(k),
                      merged.end());
    merged.resize(k);
    return merged;
  }

  const CollectionView& view_;
  const SearchRequest& request_;
  const BoundSearch& bound_;
  const AllowedRows& allowed_;
  const std::uint32_t k_;
  std::vector<std::vector<index::Hit>> found_;  // of the queries at hand, by segment and query
};

}  // namespace

Status find_sparse(const CollectionView& view, const SearchRequest& request,
                   const BoundSearch& bound, const AllowedRows& allowed, NearestQueries queries,
                   const TakeHits& take) {
  return SparseSearcher(view, request, bound, allowed, queries.k)
      .run(queries.begin, queries.end, take);
}

}  // namespace simile::db
