#include "simile/db/snapshot.h"

#include <algorithm>
#include <utility>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/db/fetch_rows.h"
#include "simile/db/matching_rows.h"
#include "simile/db/rows_by_key.h"
#include "simile/db/search_view.h"
#include "simile/segment/key.h"

namespace simile::db {

namespace {

class ViewSnapshot final : public Snapshot {
 public:
  explicit ViewSnapshot(std::shared_ptr<const CollectionView> view) : view_(std::move(view)) {}

  const Schema& schema() const override { return *view_->schema; }
  std::uint64_t sequence() const override { return view_->sequence; }

  Result<SearchResult> search(const SearchRequest& request) const override {
    return search_view(*view_, request);
  }

  Result<std::unique_ptr<SearchIterator>> iterate(const SearchRequest& request) const override {
    return iterate_view(view_, request);
  }

  Result<Table> get(const KeysView& keys, const std::vector<std::string>& fields,
                    std::uint64_t call_bytes_max) const override {
    SIMILE_ASSIGN(const auto fetched, fetched_fields(fields));
    const segment::KeyList list(keys);
    SIMILE_TRY(check_key_type(schema(), list));
    std::vector<RowAddress> rows;
    for (std::size_t i = 0; i < list.size(); ++i) {
      SIMILE_ASSIGN(const RowAddress row, find(list.at(i), list.is_text()));
      if (row.row != kNoRow) rows.push_back(row);
    }
    return fetch_rows(*view_, rows, fetched, call_bytes_max);
  }

  Result<Table> query(const QueryRequest& request) const override {
    SIMILE_ASSIGN(const auto fetched, fetched_fields(request.fields));
    SIMILE_ASSIGN(const scalar::Filter filter, compile_filter(request.filter, *view_));
    if (request.by_key) {
      SIMILE_ASSIGN(const auto rows, rows_by_key(*view_, filter, request));
      return fetch_rows(*view_, rows, fetched, request.call_bytes_max);
    }
    std::vector<RowAddress> rows;
    std::uint64_t skipped = 0;
    for (std::uint32_t s = 0; s < view_->segments.size() && rows.size() < request.limit; ++s) {
      SIMILE_ASSIGN(const Bitmap matching, matching_rows(view_->segments[s], filter));
      matching.for_each([&](std::size_t row) {
        if (skipped < request.offset) {
          ++skipped;
        } else if (rows.size() < request.limit) {
          rows.push_back({s, RowId{static_cast<std::uint32_t>(row)}});
        }
      });
    }
    return fetch_rows(*view_, rows, fetched, request.call_bytes_max);
  }

  Result<std::uint64_t> count(const RowFilter& where) const override {
    SIMILE_ASSIGN(const scalar::Filter filter, compile_filter(where, *view_));
    std::uint64_t rows = 0;
    for (const SegmentView& segment : view_->segments) {
      if (filter.selects_all()) {
        rows += segment.live_count();
        continue;
      }
      SIMILE_ASSIGN(const Bitmap matching, matching_rows(segment, filter));
      rows += matching.count();
    }
    return rows;
  }

  Result<FilterPlan> explain(const RowFilter& where) const override {
    SIMILE_ASSIGN(const scalar::Filter filter, compile_filter(where, *view_));
    FilterPlan plan;
    for (const SegmentView& segment : view_->segments) {
      scalar::FilterUsage usage;
      SIMILE_ASSIGN(const Bitmap matching, matching_rows(segment, filter, &usage));
      ++plan.segments;
      plan.rows += segment.live_count();
      plan.selected += matching.count();
      plan.looked_at += usage.looked_at;
      for (const scalar::FilterUsage::Index& used : usage.indexes) add_use(used, plan.indexes);
    }
    return plan;
  }

 private:
  static void add_use(const scalar::FilterUsage::Index& used,
                      std::vector<FilterPlan::Index>& indexes) {
    auto known = std::ranges::find(indexes, used.field, &FilterPlan::Index::field);
    if (known == indexes.end()) known = indexes.insert(known, {used.field, used.kind, 0, 0});
    ++known->segments;
    known->entries += used.entries;
  }

  Result<std::vector<const Field*>> fetched_fields(const std::vector<std::string>& names) const {
    if (names.empty()) return every_field(schema());
    return fields_to_fetch(schema(), names);
  }

  Result<RowAddress> find(const segment::Key& key, bool is_text) const {
    const std::uint64_t hash = hash_of(key, is_text);
    for (std::size_t s = view_->segments.size(); s-- > 0;) {
      const SegmentView& segment = view_->segments[s];
      SIMILE_ASSIGN(const RowId row, segment.segment->find(key, hash, segment.sight()));
      if (row != kNoRow) return RowAddress{static_cast<std::uint32_t>(s), row};
    }
    return RowAddress{};
  }

  std::shared_ptr<const CollectionView> view_;
};

}  // namespace

std::shared_ptr<const Snapshot> make_snapshot(std::shared_ptr<const CollectionView> view) {
  return std::make_shared<ViewSnapshot>(std::move(view));
}

}  // namespace simile::db
