#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "simile/base/text.h"
#include "simile/server/access/row_limits.h"
#include "simile/server/calls/calls.h"
#include "simile/server/column_message.h"
#include "simile/server/filter_message.h"
#include "simile/server/schema_message.h"
#include "simile/server/search_parameters.h"
#include "simile/server/search_plan.h"

namespace simile::server {

namespace {

constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

struct Window {
  std::uint64_t limit = kNoLimit;
  std::uint64_t offset = 0;
};

Answer<Window> window_of(const CallContext& context, const RequestParameters& parameters) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  constexpr std::string_view kWrong = "invalid max query result window, ";
  Window window;
  SIMILE_ASSIGN(const auto limit, parameters.number("limit", -kMost, kMost));
  SIMILE_ASSIGN(const auto offset, parameters.number("offset", -kMost, kMost));
  // -1 is no limit, as iterators write it.
  const bool unlimited = limit == -1 && parameters.flag("iterator");
  if (limit && !unlimited && *limit < (context.embedded ? 0 : 1)) {
    return refuse_parameter(
        join_text(kWrong, "limit [", *limit, "] is invalid, should be greater than 0"));
  }
  if (offset && *offset < 0) {
    return refuse_parameter(
        join_text(kWrong, "offset [", *offset, "] is invalid, should be gte than 0"));
  }
  if (limit && !unlimited) window.limit = static_cast<std::uint64_t>(*limit);
  window.offset = static_cast<std::uint64_t>(offset.value_or(0));
  // Without a limit nothing is paged, as with Milvus.
  if (!limit && !context.embedded && !parameters.flag("iterator")) window.offset = 0;
  const bool iterates = parameters.flag("iterator") || context.embedded;
  if (!iterates && window.limit != kNoLimit &&
      window.limit + window.offset > static_cast<std::uint64_t>(kHitsMax)) {
    return refuse_parameter(join_text(kWrong, "(offset+limit) should be in range [1, ", kHitsMax,
                                      "], but got ", window.limit + window.offset));
  }
  return window;
}

void write_count(std::uint64_t count, wire::QueryResults& response) {
  auto& data = *response.add_fields_data();
  data.set_type(wire_schema::DataType::Int64);
  data.set_field_name("count(*)");
  data.mutable_scalars()->mutable_long_data()->add_data(static_cast<std::int64_t>(count));
  response.add_output_fields("count(*)");
}

/// An iterator reads the snapshot that its first call took: the client sends the timestamp of that
/// answer with every later call.
Answer<std::shared_ptr<const Snapshot>> snapshot_for(CallContext& context,
                                                     const CollectionHandle& handle,
                                                     const wire::QueryRequest& request,
                                                     const RequestParameters& parameters,
                                                     wire::QueryResults& response) {
  SIMILE_ASSIGN(auto pinned, pinned_snapshot(context, handle, request.guarantee_timestamp()));
  if (pinned != nullptr) {
    response.set_session_ts(request.guarantee_timestamp());
    return pinned;
  }
  const std::uint64_t now = next_timestamp();
  response.set_session_ts(now);
  IterationState state;
  state.snapshot = handle.collection->snapshot();
  auto snapshot = state.snapshot;
  if (parameters.flag("iterator")) {
    context.service.sessions().put(join_text(handle.meta->id, "@", now), std::move(state));
  }
  if (context.embedded) {
    (*response.mutable_status()->mutable_extra_info())["simile_sequence"] =
        std::to_string(snapshot->sequence());
  }
  return snapshot;
}

/// Snapshot::explain(), for `simile.connect`.
void write_plan(const FilterPlan& plan, wire::QueryResults& response) {
  nlohmann::json indexes = nlohmann::json::array();
  for (const FilterPlan::Index& index : plan.indexes) {
    indexes.push_back({{"field", index.field},
                       {"kind", name_of(index.kind)},
                       {"segments", index.segments},
                       {"entries", index.entries}});
  }
  const nlohmann::json all = {{"rows", plan.rows},
                              {"selected", plan.selected},
                              {"looked_at", plan.looked_at},
                              {"segments", plan.segments},
                              {"indexes", std::move(indexes)}};
  (*response.mutable_status()->mutable_extra_info())["simile_plan"] = all.dump();
}

/// What Milvus does not answer.
Answer<void> check_asked(const wire::QueryRequest& request, const RequestParameters& parameters,
                         const Window& window, const OutputFields& output) {
  const bool unlimited = window.limit == kNoLimit;
  const bool empty = request.expr().find_first_not_of(" \t\r\n") == std::string::npos;
  if (empty && unlimited && !output.count && !parameters.flag("iterator")) {
    return refuse_parameter("empty expression should be used with limit: invalid parameter");
  }
  if (output.count && !unlimited) {
    return refuse_parameter("count entities with pagination is not allowed");
  }
  return {};
}

Answer<wire::QueryResults> query(CallContext& context, const wire::QueryRequest& request) {
  SIMILE_ASSIGN(const CollectionHandle handle, collection_of(context, request));
  SIMILE_ASSIGN(std::vector<std::string> partitions,
                read_partitions(handle, request.partition_names()));
  SIMILE_TRY(need_loaded(context, handle));
  SIMILE_ASSIGN(const RequestParameters parameters,
                RequestParameters::parse(request.query_params()));
  SIMILE_ASSIGN(const Window window, window_of(context, parameters));
  SIMILE_TRY(check_ignore_growing(parameters));
  SIMILE_ASSIGN(OutputFields output, parse_output_fields(handle, request.output_fields()));
  SIMILE_ASSIGN(output.zone, zone_of(handle, parameters));
  SIMILE_ASSIGN(output.time_parts, time_parts_of(parameters));
  if (!context.embedded) SIMILE_TRY(check_asked(request, parameters, window, output));
  wire::QueryResults response;
  SIMILE_ASSIGN(const auto snapshot, snapshot_for(context, handle, request, parameters, response));
  response.set_collection_name(handle.name());
  const std::string& key = handle.schema().primary_key().name;
  response.set_primary_field_name(key);
  // By key: clients page by asking for keys above the last one they got. Or as they were inserted.
  QueryRequest asked;
  asked.filter.where = output.zone.in_filter(request.expr());
  asked.filter.cancel = context.cancel;
  asked.call_bytes_max = context.service.limits().bytes_max;
  const std::string_view told =
      context.embedded ? std::string_view() : std::string_view(request.expr());
  asked.limit = window.limit;
  asked.offset = window.offset;
  asked.by_key = !context.embedded || parameters.flag("by_key");
  SIMILE_ASSIGN(asked.filter.values, parse_values(request.expr_template_values()));
  SIMILE_ASSIGN(asked.filter.where, limit_filter(handle, asked.filter.where, asked.filter.values,
                                                 rows_shown(context, "Query", handle)));
  asked.filter.partitions = std::move(partitions);
  if (context.embedded && parameters.flag("explain")) {
    SIMILE_ASSIGN(const FilterPlan plan, snapshot->explain(asked.filter));
    write_plan(plan, response);
    return response;
  }
  if (output.count) {
    SIMILE_ASSIGN(const std::uint64_t count, filtered(snapshot->count(asked.filter), told));
    write_count(count, response);
    return response;
  }
  if (std::ranges::find(output.columns, key) == output.columns.end()) {
    output.columns.insert(output.columns.begin(), key);
    output.named.insert(output.named.begin(), key);
  }
  asked.fields = output.columns;
  constexpr auto kRowsMax = static_cast<std::uint64_t>(kAnswerRowsMax);
  asked.limit = std::min(asked.limit, kRowsMax + 1);
  SIMILE_ASSIGN(const Table table, filtered(snapshot->query(asked), told));
  if (table.rows > kRowsMax) {
    return refuse_parameter(join_text("more than ", kRowsMax,
                                      " rows match, which is the most of one answer; give a "
                                      "limit, or use an iterator"));
  }
  const std::vector<std::size_t> rows = every_row(table.rows);
  for (const std::string& name : output.named) response.add_output_fields(name);
  for (const std::string& name : output.columns) {
    const Column* column = table.find(name);
    if (column == nullptr) continue;
    write_output(handle, output, *column, rows, *response.add_fields_data());
  }
  return response;
}

}  // namespace

Answer<std::shared_ptr<const Snapshot>> pinned_snapshot(CallContext& context,
                                                        const CollectionHandle& handle,
                                                        std::uint64_t timestamp) {
  const auto known = context.service.sessions().find(join_text(handle.meta->id, "@", timestamp));
  if (known != nullptr) return known->snapshot;
  if (!context.embedded || timestamp == 0) return nullptr;
  return refuse(Error{ErrorCode::kNotFound,
                      join_text("the snapshot of '", handle.name(),
                                "' is gone: the server was started again, or had many newer ones "
                                "to keep; take another one")});
}

void add_query_calls(MethodTable& table) { table.add("Query", MethodKind::kRead, query); }

}  // namespace simile::server
