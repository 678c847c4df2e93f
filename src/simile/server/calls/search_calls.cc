#include "simile/server/calls/calls.h"
#include "simile/server/search_plan.h"

namespace simile::server {

namespace {

Answer<wire::SearchResults> search(CallContext& context, const wire::SearchRequest& request) {
  SIMILE_ASSIGN(const CollectionHandle handle, collection_of(context, request));
  SIMILE_TRY(need_loaded(handle));
  const auto snapshot = handle.collection->snapshot();
  SIMILE_ASSIGN(const SearchPlan plan, plan_search(context, handle, *snapshot, request));
  SIMILE_ASSIGN(const SearchResult found, snapshot->search(plan.request));
  wire::SearchResults response;
  write_hits(handle, plan, found, response);
  response.set_session_ts(next_timestamp());
  return response;
}

}  // namespace

void add_search_calls(MethodTable& table) { table.add("Search", MethodKind::kRead, search); }

}  // namespace simile::server
