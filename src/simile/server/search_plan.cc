#include "simile/server/search_plan.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstring>
#include <limits>
#include <thread>

#include "simile/base/text.h"
#include "simile/scalar/group_key.h"
#include "simile/server/access/row_limits.h"
#include "simile/server/column_message.h"
#include "simile/server/filter_message.h"
#include "simile/server/index_names.h"
#include "simile/server/placeholder_group.h"
#include "simile/server/schema_message.h"
#include "simile/server/search_parameters.h"
#include "simile/server/service.h"

namespace simile::server {

namespace {

/// The field to search: named, or the only one.
Answer<const Field*> searched_field(const CollectionHandle& handle,
                                    const RequestParameters& parameters) {
  const std::string_view name = parameters.text("anns_field");
  const Field* field = name.empty() ? nullptr : handle.schema().find(name);
  if (name.empty()) {
    for (const Field& each : handle.schema().fields()) {
      if (!each.is_searched()) continue;
      if (field != nullptr) {
        return refuse_parameter(
            "multiple anns_fields exist, please specify a anns_field in "
            "search_params");
      }
      field = &each;
    }
  }
  if (field == nullptr || !field->is_searched()) {
    return refuse_parameter(
        join_text("failed to create query plan: failed to get field schema by "
                  "name: fieldName(",
                  name, ") not found: invalid parameter; collection '", handle.name(),
                  "' has no vector field of that name"));
  }
  return field;
}

Answer<void> check_wire_metric(const RequestParameters& parameters, Metric metric) {
  const std::string_view name = parameters.text("metric_type");
  if (name.empty()) return {};
  SIMILE_ASSIGN(const Metric asked, parse_wire_metric(name));
  if (asked == metric) return {};
  return refuse_parameter(join_text("metric type not match: invalid parameter[expected=",
                                    wire_name(metric), "][actual=", wire_name(asked), "]"));
}

/// Rows that the caller does not see are not there for them.
Answer<void> check_shown(const CallContext& context, const CollectionHandle& handle,
                         const Snapshot& snapshot, const wire_schema::IDs& ids,
                         const std::string& shown) {
  if (shown.empty()) return {};
  std::vector<FilterValue> keys;
  for (const std::int64_t id : ids.int_id().data()) keys.push_back({id});
  for (const std::string& id : ids.str_id().data()) keys.push_back({id});
  const std::size_t wanted = keys.size();
  RowFilter filter;
  filter.cancel = context.cancel;
  filter.where = join_text(handle.schema().primary_key().name, " in {keys}");
  filter.values["keys"] = {std::move(keys)};
  SIMILE_ASSIGN(filter.where, limit_filter(handle, filter.where, filter.values, shown));
  SIMILE_ASSIGN(const std::uint64_t there, snapshot.count(filter));
  if (there == wanted) return {};
  return refuse_parameter(join_text("some of the provided primary key IDs do not exist: ", wanted,
                                    " were given, ", there, " are there"));
}

/// Vectors of stored rows as queries, in the order of their keys; of the words of texts the texts.
Answer<void> take_queries_by_keys(const Snapshot& snapshot, const Field& field,
                                  const wire_schema::IDs& ids, SearchPlan& plan) {
  std::vector<std::string_view> texts(ids.str_id().data().begin(), ids.str_id().data().end());
  const auto& numbers = ids.int_id().data();
  const auto count = static_cast<std::size_t>(numbers.size());
  KeysView keys = std::span<const std::int64_t>(numbers.data(), count);
  if (ids.has_str_id()) keys = std::span<const std::string_view>(texts);
  const std::size_t wanted = ids.has_str_id() ? texts.size() : count;
  const bool words = field.metric == Metric::kBm25;
  const std::string& wanted_field = words ? field.source : field.name;
  SIMILE_ASSIGN(Table table, snapshot.get(keys, {wanted_field}, plan.request.call_bytes_max));
  Column* column = nullptr;
  for (Column& each : table.columns) {
    if (each.field == wanted_field) column = &each;
  }
  if (column == nullptr || table.rows != wanted) {
    return refuse_parameter(join_text("some of the provided primary key IDs do not exist: ", wanted,
                                      " were given, ", table.rows, " are there"));
  }
  if (field.type == FieldType::kSparse) {
    plan.stored_texts = std::move(column->strings);
    (words ? plan.texts : plan.sparse).assign(plan.stored_texts.begin(), plan.stored_texts.end());
    return {};
  }
  plan.stored = std::move(column->fixed);
  plan.request.queries = MatrixView(plan.stored.data(), wanted, field.vector);
  return {};
}

/// How many queries the plan now has.
Answer<std::size_t> read_all_queries(const Snapshot& snapshot, const Field& field,
                                     const wire::SearchRequest& request, SearchPlan& plan) {
  if (field.metric == Metric::kBm25) {
    if (request.has_ids()) {
      SIMILE_TRY(take_queries_by_keys(snapshot, field, request.ids(), plan));
    } else {
      SIMILE_ASSIGN(plan.texts, read_text_queries(request.placeholder_group(), field.name));
    }
  } else if (request.has_ids()) {
    SIMILE_TRY(take_queries_by_keys(snapshot, field, request.ids(), plan));
  } else if (field.type == FieldType::kSparse) {
    SIMILE_ASSIGN(plan.sparse, read_sparse_queries(request.placeholder_group(), field.name));
  } else {
    SIMILE_ASSIGN(plan.request.queries,
                  read_queries(request.placeholder_group(), field.vector, field.name));
  }
  return plan.request.queries.rows + plan.sparse.size() + plan.texts.size();
}

/// A part of a hybrid search has the limit of the whole where it has none, and no offset.
Answer<void> read_limits(const RequestParameters& parameters, std::int64_t whole,
                         SearchPlan& plan) {
  constexpr std::int64_t kOffsetMost = std::numeric_limits<std::int64_t>::max();
  SIMILE_ASSIGN(auto limit, parameters.number("topk", 1, kHitsMax));
  if (!limit) {
    SIMILE_ASSIGN(limit, parameters.number("limit", 1, kHitsMax));
  }
  if (!limit && whole == 0) return refuse_parameter("topk not found in search_params");
  SIMILE_ASSIGN(const auto offset, parameters.number("offset", -kOffsetMost, kOffsetMost));
  if (offset && (*offset < 0 || *offset > kHitsMax)) {
    return refuse_parameter(join_text("offset [", *offset, "] is invalid, it should be in range ",
                                      "[1, ", kHitsMax, "], or 0"));
  }
  plan.limit = limit.value_or(whole);
  plan.offset = whole == 0 ? offset.value_or(0) : 0;
  if (plan.limit + plan.offset > kHitsMax) {
    return refuse_parameter(
        join_text("invalid max query result window, (offset+limit) should be in "
                  "range [1, ",
                  kHitsMax, "], but got ", plan.limit + plan.offset));
  }
  SIMILE_ASSIGN(const auto decimals, parameters.number("round_decimal", -1, 6));
  plan.round_decimal = static_cast<int>(decimals.value_or(-1));
  return {};
}

/// A second order is one of all hits up to the last that is wanted.
Answer<void> read_reranker(const CollectionHandle& handle, const wire::SearchRequest& request,
                           SearchPlan& plan) {
  SIMILE_ASSIGN(plan.reranker, parse_reranker(handle, request.function_score()));
  if (!plan.reranker.is_set()) return {};
  if (plan.iterates) return refuse_parameter("a ranker cannot be used together with an iterator");
  if (plan.request.group_size > 1 && !plan.request.group_by.empty()) {
    return refuse_parameter("a ranker cannot be used together with a group_size above 1");
  }
  plan.request.k = static_cast<std::uint32_t>(plan.limit + plan.offset);
  if (plan.reranker.field() == nullptr) return {};
  auto& fields = plan.request.fields;
  const std::string& field = *plan.reranker.field();
  if (std::ranges::find(fields, field) == fields.end()) fields.push_back(field);
  return {};
}

/// radius and range_filter, in Milvus' sign, as distances.
Answer<void> read_range(const RequestParameters& parameters, SearchPlan& plan) {
  SIMILE_ASSIGN(const auto radius, parameters.real("radius"));
  SIMILE_ASSIGN(const auto range_filter, parameters.real("range_filter"));
  if (range_filter && !radius) {
    return refuse_parameter("range_filter is given without a radius");
  }
  std::optional<float>& below = plan.request.distance_max;
  std::optional<float>& least = plan.request.distance_min;
  if (radius) below = distance_of(plan.metric, static_cast<float>(*radius));
  if (!range_filter) return {};
  least = distance_of(plan.metric, static_cast<float>(*range_filter));
  if (*least < *below) return {};
  return refuse_parameter(join_text("range_filter(", *range_filter, ") must be ",
                                    larger_is_nearer(plan.metric) ? "greater" : "less",
                                    " than radius(", *radius, ") for ", wire_name(plan.metric)));
}

Answer<void> check_queries(std::int64_t queries) {
  if (queries > kQueriesMax) {
    return refuse_parameter(join_text("nq [", queries, "] is invalid, nq (number of search vector ",
                                      "per search request) should be in range [1, ", kQueriesMax,
                                      "], but got ", queries));
  }
  return {};
}

}  // namespace

std::size_t processors() {
  static const std::size_t count = std::max(1U, std::thread::hardware_concurrency());
  return count;
}

float rounded(float score, int decimals) {
  if (decimals < 0) return score;
  const double factor = std::pow(10.0, decimals);
  return static_cast<float>(std::round(score * factor) / factor);
}

Answer<void> need_loaded(const CallContext& context, const CollectionHandle& handle) {
  if (handle.meta->loaded || context.embedded) return {};
  return refuse(FaultCode::kCollectionNotLoaded,
                join_text("collection not loaded[collection=", handle.name(),
                          "]: load it before it is searched"));
}

Answer<void> read_groups(const CollectionHandle& handle, const RequestParameters& parameters,
                         SearchPlan& plan) {
  const std::string name(parameters.text("group_by_field"));
  if (name.empty()) return {};
  if (plan.iterates) return refuse_parameter("Not allowed to do groupBy when doing iteration");
  const auto key = scalar::GroupKey::parse(name, handle.schema());
  if (!key) {
    const Field* field = handle.schema().find(name);
    if (field == nullptr) {
      return refuse(FaultCode::kFieldNotFound,
                    join_text("groupBy field not found in schema: field not found[field=", name,
                              "]: ", key.error().message));
    }
    const bool floats =
        field->type == FieldType::kVector && field->vector.element == ElementType::kFloat32;
    return refuse_parameter(join_text("unsupported data type ",
                                      floats ? "VECTOR_FLOAT" : name_of(field->type),
                                      " for group by operator: ", key.error().message));
  }
  const std::string_view given = parameters.text("group_size");
  if (given.starts_with('-') || given == "0") {
    return refuse_parameter(join_text("input group size:", given,
                                      " is negative: it should be in range [1, ", kHitsMax, "]"));
  }
  SIMILE_ASSIGN(const auto size, parameters.number("group_size", 1, kHitsMax));
  plan.request.group_by = name;
  plan.request.group_size = static_cast<std::uint32_t>(size.value_or(1));
  plan.request.strict_groups = parameters.flag("strict_group_size");
  const std::string& field = key->field().name;
  if (std::ranges::find(plan.request.fields, field) == plan.request.fields.end()) {
    plan.request.fields.push_back(field);
  }
  return {};
}

Answer<OutputFields> parse_output_fields(
    const CollectionHandle& handle, const google::protobuf::RepeatedPtrField<std::string>& names) {
  OutputFields output;
  const Schema& schema = handle.schema();
  const bool dynamic = schema.find(kDynamicField) != nullptr;
  const auto add = [](std::vector<std::string>& to, const std::string& name) {
    if (std::ranges::find(to, name) == to.end()) to.push_back(name);
  };
  bool whole_dynamic = false;
  for (const std::string& name : names) {
    if (name == "count(*)") {
      output.count = true;
    } else if (name.starts_with("count(") && name.ends_with(')') && !schema.find(name)) {
      return refuse_parameter(join_text("target field ", name.substr(6, name.size() - 7),
                                        " for aggregation:count does not exist; only count(*) is "
                                        "known"));
    } else if (name == "*") {
      for (const Field& field : schema.fields()) {
        // Words are kept as numbers, which mean nothing to a client.
        if (field.name == kPartitionField || !field.source.empty()) continue;
        add(output.columns, field.name);
        add(output.named, field.name);
      }
      whole_dynamic = whole_dynamic || dynamic;
    } else if (const Field* field = schema.find(name)) {
      if (!field->source.empty()) {
        return refuse_parameter(join_text("not allowed to retrieve raw data of field ", name,
                                          ": it holds counts of words; ask for ", field->source));
      }
      add(output.columns, name);
      add(output.named, name);
      whole_dynamic = whole_dynamic || name == kDynamicField;
    } else if (dynamic) {
      const auto is_sign = [](char c) { return std::ispunct(static_cast<unsigned char>(c)) != 0; };
      if (name.empty() || name.contains('*') ||
          (is_sign(name[0]) && name[0] != '_' && name[0] != '$')) {
        return refuse_parameter(
            join_text("parse output field name failed: ", name, ": '*' alone is every field"));
      }
      // `$meta["k"]` says the same as `k`.
      std::string key = name;
      if (key.starts_with("$meta[") && key.size() > 9) key = key.substr(7, key.size() - 9);
      add(output.columns, std::string(kDynamicField));
      add(output.dynamic_keys, key);
      add(output.named, key);
    } else {
      return refuse(FaultCode::kFieldNotFound,
                    join_text("field ", name, " not exist: collection '", handle.name(),
                              "' has no such field, and its dynamic field is not enabled"));
    }
  }
  if (whole_dynamic) output.dynamic_keys.clear();
  return output;
}

void write_output(const CollectionHandle& handle, const OutputFields& output, const Column& column,
                  std::span<const std::size_t> rows, wire_schema::FieldData& message) {
  write_column(column, handle.meta->find_field(column.field), rows, output.dynamic_keys, message);
  show_times(output.zone, output.time_parts, message);
}

Answer<SearchPlan> plan_shape(const CollectionHandle& handle, const wire::SearchRequest& request,
                              std::int64_t whole_limit) {
  SearchPlan plan;
  SIMILE_TRY(check_queries(request.nq()));
  SIMILE_ASSIGN(const RequestParameters parameters,
                RequestParameters::parse(request.search_params()));
  SIMILE_ASSIGN(const Field* field, searched_field(handle, parameters));
  SIMILE_TRY(read_limits(parameters, whole_limit, plan));
  SIMILE_TRY(check_index_parameters(parameters, plan.limit));
  SIMILE_TRY(check_wire_metric(parameters, field->metric));
  plan.metric = field->metric;
  SIMILE_TRY(read_range(parameters, plan));
  plan.iterates = parameters.flag("search_iter_v2");
  plan.request.field = field->name;
  plan.request.k = static_cast<std::uint32_t>(plan.limit);
  SIMILE_ASSIGN(plan.request.values, parse_values(request.expr_template_values()));
  SIMILE_ASSIGN(plan.request.partitions, read_partitions(handle, request.partition_names()));
  // Groups are looked for beyond the breadth.
  const bool grouped = !parameters.text("group_by_field").empty();
  SIMILE_ASSIGN(plan.request.effort, effort_of(parameters, grouped ? 0 : plan.limit));
  plan.request.exact = parameters.flag("exact");
  SIMILE_ASSIGN(const auto recall, parameters.real("recall"));
  plan.request.recall = static_cast<float>(recall.value_or(0));
  SIMILE_ASSIGN(plan.output, parse_output_fields(handle, request.output_fields()));
  SIMILE_ASSIGN(plan.output.zone, zone_of(handle, parameters));
  SIMILE_ASSIGN(plan.output.time_parts, time_parts_of(parameters));
  plan.request.where = plan.output.zone.in_filter(request.dsl());
  plan.request.fields = plan.output.columns;
  SIMILE_TRY(read_groups(handle, parameters, plan));
  SIMILE_TRY(read_reranker(handle, request, plan));
  std::erase(plan.request.fields, handle.schema().primary_key().name);
  return plan;
}

Answer<SearchPlan> plan_search(CallContext& context, const CollectionHandle& handle,
                               const Snapshot& snapshot, const wire::SearchRequest& request,
                               std::int64_t whole_limit) {
  SIMILE_ASSIGN(SearchPlan plan, plan_shape(handle, request, whole_limit));
  if (!context.embedded) plan.told = request.dsl();
  const std::string shown = rows_shown(context, "Search", handle);
  SIMILE_ASSIGN(plan.request.where,
                limit_filter(handle, plan.request.where, plan.request.values, shown));
  if (request.has_ids()) SIMILE_TRY(check_shown(context, handle, snapshot, request.ids(), shown));
  plan.request.call_bytes_max = context.service.limits().bytes_max;
  const Field& field = *handle.schema().find(plan.request.field);
  SIMILE_ASSIGN(const std::size_t count, read_all_queries(snapshot, field, request, plan));
  SIMILE_TRY(check_hits(plan, count));
  plan.request.cancel = context.cancel;
  if (plan.reranker.model) {
    SIMILE_TRY(
        check_model_ranker(*plan.reranker.model, context.service.limits().rerank_endpoints, count));
  }
  if (plan.reranker.boost) plan.reranker.boost->cancel = context.cancel;
  if (plan.reranker.model) plan.reranker.model->cancel = context.cancel;
  plan.request.threads = static_cast<std::uint32_t>(std::min(count, processors()));
  return plan;
}

Answer<void> check_hits(const SearchPlan& plan, std::size_t count) {
  const auto queries = static_cast<std::int64_t>(count);
  SIMILE_TRY(check_queries(queries));
  const std::int64_t hits = queries * (plan.limit + plan.offset) * plan.request.group_size;
  if (hits > kAnswerRowsMax) {
    return refuse_parameter(join_text("nq * (offset + limit) * group_size is ", hits,
                                      ", and at most ", kAnswerRowsMax,
                                      " hits are searched by one call; split it"));
  }
  return {};
}

Answer<SearchResult> run_search(const Snapshot& snapshot, const SearchPlan& plan,
                                std::size_t skip) {
  SearchRequest request = plan.request;
  request.sparse = plan.sparse;
  request.texts = plan.texts;
  const auto offset = plan.reranker.is_set() ? 0 : static_cast<std::uint64_t>(plan.offset);
  request.offset =
      static_cast<std::uint32_t>(std::min<std::uint64_t>(offset + skip, kMaxK - request.k));
  SIMILE_ASSIGN(SearchResult found, filtered(snapshot.search(request), plan.told));
  return found;
}

RankedHits ranked_hits(const SearchResult& found, Metric metric) {
  RankedHits hits;
  hits.offsets.assign(found.offsets.begin(), found.offsets.end());
  hits.rows = every_row(found.distances.size());
  hits.scores.reserve(found.distances.size());
  for (const float distance : found.distances) hits.scores.push_back(score_of(metric, distance));
  return hits;
}

Answer<RankedHits> rerank_hits(const Snapshot& snapshot, const SearchPlan& plan,
                               const SearchResult& found) {
  RankedHits hits = ranked_hits(found, plan.metric);
  SIMILE_TRY(rerank(plan.reranker, snapshot, found.rows, plan.metric, hits));
  cut_hits(hits, static_cast<std::size_t>(plan.offset), static_cast<std::size_t>(plan.limit));
  return hits;
}

namespace {

/// Keys and fields of these rows; topks and scores are there.
void write_rows(const CollectionHandle& handle, const SearchPlan& plan, const Table& table,
                const std::vector<std::size_t>& rows, wire::SearchResults& response) {
  auto& results = *response.mutable_results();
  results.set_num_queries(results.topks_size());
  results.set_top_k(plan.limit);
  results.set_primary_field_name(handle.schema().primary_key().name);
  write_keys(table.columns[0], rows, *results.mutable_ids());
  for (const std::string& name : plan.output.named) results.add_output_fields(name);
  for (const std::string& name : plan.output.columns) {
    const Column* column = table.find(name);
    if (column == nullptr) continue;
    write_output(handle, plan.output, *column, rows, *results.add_fields_data());
  }
  if (const Column* group = table.find(plan.request.group_by)) {
    write_output(handle, plan.output, *group, rows, *results.mutable_group_by_field_value());
  }
  response.set_collection_name(handle.name());
}

}  // namespace

void write_ranked(const CollectionHandle& handle, const SearchPlan& plan, const Table& table,
                  const RankedHits& hits, wire::SearchResults& response) {
  auto& results = *response.mutable_results();
  for (std::size_t i = 0; i + 1 < hits.offsets.size(); ++i) {
    results.add_topks(static_cast<std::int64_t>(hits.offsets[i + 1] - hits.offsets[i]));
  }
  for (const float score : hits.scores) results.add_scores(rounded(score, plan.round_decimal));
  write_rows(handle, plan, table, hits.rows, response);
}

void write_hits(const CollectionHandle& handle, const SearchPlan& plan, const SearchResult& found,
                QueryRange queries, wire::SearchResults& response) {
  auto& results = *response.mutable_results();
  for (std::size_t i = queries.begin; i < queries.end; ++i) {
    results.add_topks(static_cast<std::int64_t>(found.offsets[i + 1] - found.offsets[i]));
  }
  const std::size_t first = found.offsets[queries.begin];
  const std::size_t hits = found.offsets[queries.end] - first;
  results.mutable_scores()->Reserve(static_cast<int>(hits));
  std::vector<std::size_t> rows(hits);
  for (std::size_t i = 0; i < hits; ++i) {
    rows[i] = first + i;
    results.add_scores(
        rounded(score_of(plan.metric, found.distances[first + i]), plan.round_decimal));
  }
  write_rows(handle, plan, found.rows, rows, response);
}

}  // namespace simile::server
