#include <algorithm>

#include "simile/base/text.h"
#include "simile/server/access/caller.h"
#include "simile/server/calls/calls.h"
#include "simile/server/filter_message.h"
#include "simile/server/index_names.h"
#include "simile/server/search_plan.h"

namespace simile::server {

namespace {

/// The rows as they are, or those of the snapshot that `simile.connect` asks for.
Answer<std::shared_ptr<const Snapshot>> snapshot_for(CallContext& context,
                                                     const CollectionHandle& handle,
                                                     const wire::SearchRequest& request) {
  const std::uint64_t timestamp = context.embedded ? request.guarantee_timestamp() : 0;
  SIMILE_ASSIGN(auto pinned, pinned_snapshot(context, handle, timestamp));
  return pinned != nullptr ? pinned : handle.collection->snapshot();
}

/// One step of a client's search iterator. What comes next begins at the distance of the last hit;
/// those that were given out at that very distance are skipped, so that ties are not lost.
Answer<wire::SearchResults> iterate(CallContext& context, const CollectionHandle& handle,
                                    const wire::SearchRequest& request,
                                    const RequestParameters& parameters) {
  Sessions& sessions = context.service.sessions();
  std::string token(parameters.text("search_iter_id"));
  // A token is one of this collection and this caller: it names a snapshot that is read.
  const auto place = [&] {
    return join_text(handle.meta->id, "/", context.caller->user(), "/", token);
  };
  const auto known = token.empty() ? nullptr : sessions.find(place());
  IterationState state;
  if (known != nullptr) state = *known;
  if (state.snapshot == nullptr) {
    SIMILE_ASSIGN(state.snapshot, snapshot_for(context, handle, request));
  }
  if (token.empty()) token = std::to_string(next_timestamp());

  SIMILE_ASSIGN(SearchPlan plan, plan_search(context, handle, *state.snapshot, request));
  SIMILE_ASSIGN(const auto bound, parameters.real("search_iter_last_bound"));
  std::size_t skip = 0;
  if (bound) {
    // A server that was started again, or a call that is repeated, knows the bound only.
    const bool exact = state.started && state.score == static_cast<float>(*bound);
    plan.request.distance_min =
        exact ? state.distance : distance_of(plan.metric, static_cast<float>(*bound));
    skip = exact ? state.at_bound : 1;
  }
  SIMILE_ASSIGN(const SearchResult found, run_search(*state.snapshot, plan, skip));
  wire::SearchResults response;
  write_hits(handle, plan, found, response);

  if (!found.distances.empty()) {
    const float distance = found.distances.back();
    const auto same = static_cast<std::size_t>(std::ranges::count(found.distances, distance));
    const bool no_progress = bound && plan.request.distance_min == distance;
    state.at_bound = no_progress ? skip + same : same;
    state.distance = distance;
    state.score = score_of(plan.metric, distance);
    state.started = true;
  }
  auto& info = *response.mutable_results()->mutable_search_iterator_v2_results();
  info.set_token(token);
  info.set_last_bound(state.score);
  response.set_session_ts(next_timestamp());
  sessions.put(place(), std::move(state));
  return response;
}

Answer<wire::SearchResults> search(CallContext& context, const wire::SearchRequest& request) {
  SIMILE_ASSIGN(const CollectionHandle handle, collection_of(context, request));
  SIMILE_TRY(read_partitions(handle, request.partition_names()));
  SIMILE_TRY(need_loaded(context, handle));
  SIMILE_ASSIGN(const RequestParameters parameters,
                RequestParameters::parse(request.search_params()));
  if (parameters.flag("search_iter_v2")) return iterate(context, handle, request, parameters);
  SIMILE_ASSIGN(const auto snapshot, snapshot_for(context, handle, request));
  SIMILE_ASSIGN(const SearchPlan plan, plan_search(context, handle, *snapshot, request));
  SIMILE_ASSIGN(const SearchResult found, run_search(*snapshot, plan));
  wire::SearchResults response;
  if (plan.reranker.is_set()) {
    SIMILE_ASSIGN(const RankedHits hits, rerank_hits(*snapshot, plan, found));
    write_ranked(handle, plan, found.rows, hits, response);
  } else {
    write_hits(handle, plan, found, response);
  }
  response.set_session_ts(next_timestamp());
  return response;
}

}  // namespace

void add_search_calls(MethodTable& table) {
  table.add("Search", MethodKind::kRead, search);
  table.add_many("Search", search_many, is_quick_search);
}

}  // namespace simile::server
