#include "simile/db/search_view.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/db/bind_search.h"
#include "simile/db/fetch_rows.h"
#include "simile/db/find_nearest.h"
#include "simile/scalar/group_key.h"

namespace simile::db {

namespace {

bool is_bounded(const SearchRequest& request, float distance) {
  return (!request.distance_min || distance >= *request.distance_min) &&
         (!request.distance_max || distance < *request.distance_max);
}

class Answer {
 public:
  Answer(const CollectionView& view, const SearchRequest& request, BoundSearch bound,
         AllowedRows allowed)
      : view_(view), request_(request), bound_(std::move(bound)), allowed_(std::move(allowed)) {}

  Result<SearchResult> run() {
    result_.offsets.push_back(0);
    if (!request_.group_by.empty()) {
      SIMILE_ASSIGN(auto key, scalar::GroupKey::parse(request_.group_by, *view_.schema));
      group_key_.emplace(std::move(key));
    }
    const std::size_t queries = bound_.queries.rows;
    SIMILE_TRY(find_nearest(
        view_, request_, bound_, allowed_, {0, queries, first_k()},
        [&](std::size_t query, std::vector<MergedHit>& hits) { return answer(query, hits); }));
    SIMILE_ASSIGN(const auto fields, fields_to_fetch(*view_.schema, request_.fields));
    SIMILE_ASSIGN(result_.rows, fetch_rows(view_, rows_, fields, request_.call_bytes_max));
    return std::move(result_);
  }

 private:
  std::size_t wanted() const { return std::size_t{request_.offset} + request_.k; }

  std::uint32_t first_k() const {
    std::size_t k = wanted();
    if (group_key_) k *= std::size_t{request_.group_size} * 2;
    if (request_.distance_min) k *= 2;
    return static_cast<std::uint32_t>(std::clamp<std::size_t>(k, 1, kFirstMax));
  }

  /// Looks for more as long as that may help.
  Status answer(std::size_t query, std::vector<MergedHit>& hits) {
    std::size_t k = first_k();
    SIMILE_ASSIGN(bool enough, choose(hits, hits.size() < std::min(k, allowed_.count)));
    while (!enough && k < allowed_.count) {
      k = std::min(k * 4, allowed_.count);
      SIMILE_TRY(find_nearest(view_, request_, bound_, allowed_,
                              {query, query + 1, static_cast<std::uint32_t>(k)},
                              [&](std::size_t, std::vector<MergedHit>& found) -> Status {
                                SIMILE_ASSIGN(enough, choose(found, k == allowed_.count));
                                return {};
                              }));
    }
    for (const MergedHit& hit : chosen_) {
      result_.distances.push_back(hit.distance);
      rows_.push_back(hit.row);
    }
    result_.offsets.push_back(rows_.size());
    return {};
  }

  /// Sets chosen_; false where more hits could change it. `all`: there are no more.
  Result<bool> choose(const std::vector<MergedHit>& hits, bool all) {
    chosen_.clear();
    for (const MergedHit& hit : hits) {
      if (is_bounded(request_, hit.distance)) chosen_.push_back(hit);
    }
    const bool past_end =
        request_.distance_max && !hits.empty() && hits.back().distance >= *request_.distance_max;
    const bool last = all || past_end;
    if (group_key_) return choose_groups(last);
    const bool enough = last || chosen_.size() >= wanted();
    chosen_.resize(std::min(chosen_.size(), wanted()));
    const std::size_t skipped = std::min<std::size_t>(chosen_.size(), request_.offset);
    chosen_.erase(chosen_.begin(), chosen_.begin() + static_cast<std::ptrdiff_t>(skipped));
    return enough;
  }

  Result<bool> choose_groups(bool last) {
    std::vector<RowAddress> rows;
    for (const MergedHit& hit : chosen_) rows.push_back(hit.row);
    SIMILE_ASSIGN(const Table values,
                  fetch_rows(view_, rows, {&group_key_->field()}, request_.call_bytes_max));
    std::map<std::string, std::size_t> places;
    std::vector<std::vector<MergedHit>> groups;
    for (std::size_t i = 0; i < chosen_.size(); ++i) {
      std::string group = group_key_->of(values.columns[0], i);
      auto place = places.find(group);
      if (place == places.end()) {
        if (groups.size() == wanted()) continue;
        place = places.emplace(std::move(group), groups.size()).first;
        groups.emplace_back();
      }
      std::vector<MergedHit>& members = groups[place->second];
      if (members.size() < request_.group_size) members.push_back(chosen_[i]);
    }
    const bool all_full = std::ranges::all_of(
        groups, [&](const auto& members) { return members.size() == request_.group_size; });
    const bool enough = groups.size() == wanted() && (all_full || !request_.strict_groups);
    chosen_.clear();
    for (std::size_t g = request_.offset; g < groups.size(); ++g) {
      chosen_.insert(chosen_.end(), groups[g].begin(), groups[g].end());
    }
    return enough || last;
  }

  static constexpr std::size_t kFirstMax = std::size_t{kMaxK} * 4;

  const CollectionView& view_;
  const SearchRequest& request_;
  const BoundSearch bound_;
  const AllowedRows allowed_;
  std::optional<scalar::GroupKey> group_key_;
  std::vector<MergedHit> chosen_;  // of the query at hand
  std::vector<RowAddress> rows_;
  SearchResult result_;
};

/// Takes away what it has returned: then the nearest of the rest come next.
class ViewIterator final : public SearchIterator {
 public:
  ViewIterator(std::shared_ptr<const CollectionView> view, const SearchRequest& request)
      : view_(std::move(view)), request_(request) {
    request_.cancel = nullptr;
    if (request.queries.rows != 0) {
      const auto* first = reinterpret_cast<const char*>(request.queries.data);
      query_.assign(first, first + request.queries.type.bytes());
      request_.queries.data = reinterpret_cast<const std::byte*>(query_.data());
      return;
    }
    query_ = request.sparse.empty() ? request.texts[0] : request.sparse[0];
    text_ = query_;
    auto& texts = request.sparse.empty() ? request_.texts : request_.sparse;
    texts = {&text_, 1};
  }

  Status start() {
    SIMILE_ASSIGN(BoundSearch bound, bind_search(*view_, request_));
    bound_.emplace(std::move(bound));
    SIMILE_ASSIGN(allowed_, allowed_rows(*view_, *bound_));
    for (std::size_t s = 0; s < allowed_.rows.size(); ++s) {
      if (!allowed_.rows[s]) allowed_.rows[s].emplace(view_->segments[s].rows, true);
    }
    return {};
  }

  Result<SearchResult> next(std::uint32_t count) override {
    if (count == 0 || count > kMaxK) {
      return fail(ErrorCode::kInvalidArgument,
                  join_text("count is ", count, "; it must be from 1 to ", kMaxK));
    }
    std::vector<MergedHit> chosen;
    while (chosen.size() < count && !ended_) SIMILE_TRY(look_for(count, chosen));
    SearchResult result;
    std::vector<RowAddress> rows;
    for (const MergedHit& hit : chosen) {
      result.distances.push_back(hit.distance);
      rows.push_back(hit.row);
    }
    result.offsets = {0, rows.size()};
    SIMILE_ASSIGN(const auto fields, fields_to_fetch(*view_->schema, request_.fields));
    SIMILE_ASSIGN(result.rows, fetch_rows(*view_, rows, fields, request_.call_bytes_max));
    return result;
  }

 private:
  Status look_for(std::uint32_t count, std::vector<MergedHit>& chosen) {
    const auto take = [&](std::size_t, std::vector<MergedHit>& hits) -> Status {
      ended_ = hits.size() < count;
      for (const MergedHit& hit : hits) {
        if (chosen.size() == count) {
          ended_ = false;
          break;
        }
        if (request_.distance_max && hit.distance >= *request_.distance_max) ended_ = true;
        if (ended_ && request_.distance_max && hit.distance >= *request_.distance_max) break;
        allowed_.rows[hit.row.segment]->reset(value_of(hit.row.row));
        --allowed_.count;
        if (is_bounded(request_, hit.distance)) chosen.push_back(hit);
      }
      return {};
    };
    return find_nearest(*view_, request_, *bound_, allowed_, {0, 1, count}, take);
  }

  const std::shared_ptr<const CollectionView> view_;
  SearchRequest request_;
  std::string query_;  // what request_ borrows
  std::string_view text_;
  std::optional<BoundSearch> bound_;
  AllowedRows allowed_;
  bool ended_ = false;
};

}  // namespace

Result<SearchResult> search_view(const CollectionView& view, const SearchRequest& request) {
  SIMILE_ASSIGN(BoundSearch bound, bind_search(view, request));
  SIMILE_TRY(check_choice(*view.schema, request));
  // Unknown names are refused before the work, not after.
  SIMILE_TRY(fields_to_fetch(*view.schema, request.fields));
  SIMILE_ASSIGN(AllowedRows allowed, allowed_rows(view, bound));
  return Answer(view, request, std::move(bound), std::move(allowed)).run();
}

Result<std::unique_ptr<SearchIterator>> iterate_view(std::shared_ptr<const CollectionView> view,
                                                     const SearchRequest& request) {
  const std::size_t queries = request.queries.rows + request.sparse.size() + request.texts.size();
  if (queries != 1) {
    return fail(ErrorCode::kInvalidArgument,
                join_text("an iterator takes one query, not ", queries));
  }
  SearchRequest plain = request;
  plain.k = 1;
  plain.offset = 0;
  plain.group_by.clear();
  SIMILE_TRY(check_choice(*view->schema, plain));
  SIMILE_TRY(fields_to_fetch(*view->schema, request.fields));
  auto iterator = std::make_unique<ViewIterator>(std::move(view), plain);
  SIMILE_TRY(iterator->start());
  return iterator;
}

}  // namespace simile::db
