#include "simile/base/text.h"
#include "simile/server/rest/json_columns.h"
#include "simile/server/rest/rest_functions.h"

namespace simile::server {

namespace {

Answer<CollectionHandle> collection_of(RestCall& call) {
  SIMILE_ASSIGN(const std::string name, call.needed("collectionName"));
  return call.context().service.catalog().find(call.text("dbName"), name);
}

Json ids_json(const wire_schema::IDs& ids) {
  if (ids.has_str_id()) {
    return std::vector<std::string>(ids.str_id().data().begin(), ids.str_id().data().end());
  }
  return std::vector<std::int64_t>(ids.int_id().data().begin(), ids.int_id().data().end());
}

template <class Request>
Answer<Request> write_request(RestCall& call) {
  SIMILE_ASSIGN(auto request, call.request<Request>());
  SIMILE_ASSIGN(const CollectionHandle handle, collection_of(call));
  request.set_partition_name(call.text("partitionName"));
  const Json& data = call.member("data");
  const Json one = data.is_object() ? Json::array({data}) : Json();
  const Json& rows = data.is_object() ? one : data;
  if (!rows.is_array() || rows.empty()) return refuse_missing("data");
  const auto read = columns_of_rows(rows, handle, *request.mutable_fields_data());
  if (!read) return refuse_rows(read.error());
  request.set_num_rows(static_cast<std::uint32_t>(rows.size()));
  return request;
}

Answer<Json> insert(RestCall& call) {
  SIMILE_ASSIGN(const auto request, write_request<wire::InsertRequest>(call));
  SIMILE_ASSIGN(const auto written, call.call<wire::MutationResult>("Insert", request));
  return Json{{"insertCount", written.insert_cnt()}, {"insertIds", ids_json(written.ids())}};
}

Answer<Json> upsert(RestCall& call) {
  SIMILE_ASSIGN(auto request, write_request<wire::UpsertRequest>(call));
  request.set_partial_update(call.body().value("partialUpdate", false));
  SIMILE_ASSIGN(const auto written, call.call<wire::MutationResult>("Upsert", request));
  return Json{{"upsertCount", written.upsert_cnt()}, {"upsertIds", ids_json(written.ids())}};
}

wire_schema::TemplateValue template_value(const Json& value);

wire_schema::TemplateArrayValue template_list(const Json& list) {
  wire_schema::TemplateArrayValue to;
  if (list.empty()) return to;
  for (const Json& each : list) {
    if (list[0].is_boolean()) {
      to.mutable_bool_data()->add_data(each.get<bool>());
    } else if (list[0].is_number_integer()) {
      to.mutable_long_data()->add_data(each.get<std::int64_t>());
    } else if (list[0].is_number()) {
      to.mutable_double_data()->add_data(each.get<double>());
    } else {
      to.mutable_string_data()->add_data(each.get<std::string>());
    }
  }
  return to;
}

wire_schema::TemplateValue template_value(const Json& value) {
  wire_schema::TemplateValue to;
  if (value.is_boolean()) {
    to.set_bool_val(value.get<bool>());
  } else if (value.is_number_integer()) {
    to.set_int64_val(value.get<std::int64_t>());
  } else if (value.is_number()) {
    to.set_float_val(value.get<double>());
  } else if (value.is_array()) {
    *to.mutable_array_val() = template_list(value);
  } else {
    to.set_string_val(value.get<std::string>());
  }
  return to;
}

template <class Request>
void add_values(const Json& values, Request& request) {
  if (!values.is_object()) return;
  for (const auto& [name, value] : values.items()) {
    (*request.mutable_expr_template_values())[name] = template_value(value);
  }
}

/// `key in [..]` for the keys of a request.
std::string key_filter(const CollectionHandle& handle, const Json& ids) {
  const Json list = ids.is_array() ? ids : Json::array({ids});
  return handle.schema().primary_key().name + " in " + list.dump();
}

Answer<Json> remove(RestCall& call) {
  SIMILE_ASSIGN(auto request, call.request<wire::DeleteRequest>());
  request.set_partition_name(call.text("partitionName"));
  request.set_expr(call.text("filter"));
  if (call.body().contains("id")) {
    SIMILE_ASSIGN(const CollectionHandle handle, collection_of(call));
    request.set_expr(key_filter(handle, call.member("id")));
  }
  add_values(call.member("exprParams"), request);
  SIMILE_ASSIGN(const auto written, call.call<wire::MutationResult>("Delete", request));
  return Json{{"deleteCount", written.delete_cnt()}};
}

Answer<Json> run_query(RestCall& call, wire::QueryRequest request) {
  for (const std::string& name : call.texts("outputFields")) request.add_output_fields(name);
  if (request.output_fields().empty()) request.add_output_fields("*");
  for (const std::string& name : call.texts("partitionNames")) request.add_partition_names(name);
  add_values(call.member("exprParams"), request);
  SIMILE_ASSIGN(const auto found, call.call<wire::QueryResults>("Query", request));
  Json rows = Json::array();
  std::size_t count = 0;
  for (const auto& column : found.fields_data()) {
    if (column.field_name() == "count(*)") {
      return Json::array({{{"count(*)", column.scalars().long_data().data(0)}}});
    }
    if (column.field_name() != found.primary_field_name()) continue;
    count = static_cast<std::size_t>(column.scalars().long_data().data_size() +
                                     column.scalars().string_data().data_size());
  }
  for (std::size_t row = 0; row < count; ++row) {
    Json object = Json::object();
    add_members(found.fields_data(), row, object);
    rows.push_back(std::move(object));
  }
  return rows;
}

Answer<Json> query(RestCall& call) {
  SIMILE_ASSIGN(auto request, call.request<wire::QueryRequest>());
  request.set_expr(call.text("filter"));
  const Json& body = call.body();
  constexpr int kDefaultLimit = 100;
  const bool counts = call.texts("outputFields") == std::vector<std::string>{"count(*)"};
  if (!counts) {
    add_pairs({{"limit", body.value("limit", kDefaultLimit)}}, *request.mutable_query_params());
  }
  add_pairs({{"offset", body.value("offset", 0)}}, *request.mutable_query_params());
  return run_query(call, std::move(request));
}

Answer<Json> get(RestCall& call) {
  SIMILE_ASSIGN(auto request, call.request<wire::QueryRequest>());
  SIMILE_ASSIGN(const CollectionHandle handle, collection_of(call));
  if (!call.body().contains("id")) SIMILE_TRY(call.needed("id"));
  request.set_expr(key_filter(handle, call.member("id")));
  return run_query(call, std::move(request));
}

/// A query as the bytes of a placeholder: a vector, or a text for a field of words.
Answer<std::string> placeholder_bytes(const Json& query, const Field& field) {
  if (field.metric != Metric::kBm25) return query_bytes(query, field);
  if (query.is_string()) return query.get<std::string>();
  return refuse_parameter(join_text("please provide varchar/text for BM25 Function based search: ",
                                    "field ", field.name, " is searched by texts"));
}

wire_common::PlaceholderType placeholder_type(const Field& field) {
  if (field.metric == Metric::kBm25) return wire_common::PlaceholderType::VarChar;
  if (field.type == FieldType::kSparse) return wire_common::PlaceholderType::SparseFloatVector;
  switch (field.vector.element) {
    case ElementType::kFloat16: return wire_common::PlaceholderType::Float16Vector;
    case ElementType::kBFloat16: return wire_common::PlaceholderType::BFloat16Vector;
    case ElementType::kInt8: return wire_common::PlaceholderType::Int8Vector;
    case ElementType::kBit: return wire_common::PlaceholderType::BinaryVector;
    default: return wire_common::PlaceholderType::FloatVector;
  }
}

Answer<void> add_queries(const CollectionHandle& handle, const Json& part,
                         wire::SearchRequest& request) {
  const std::string name = part.value("annsField", "");
  SIMILE_ASSIGN(const Field* field, handle.schema().vector_field(name));
  if (!part.contains("data")) return refuse_missing("data, or ids,");
  const Json& data = part["data"];
  wire_common::PlaceholderGroup group;
  auto& placeholder = *group.add_placeholders();
  placeholder.set_tag("$0");
  placeholder.set_type(placeholder_type(*field));
  if (!data.is_array()) return refuse_parameter("data must be a list of vectors or texts");
  for (const Json& vector : data) {
    SIMILE_ASSIGN(std::string bytes, placeholder_bytes(vector, *field));
    placeholder.add_values(std::move(bytes));
  }
  request.set_placeholder_group(group.SerializeAsString());
  request.set_nq(placeholder.values_size());
  add_pairs({{"anns_field", field->name}}, *request.mutable_search_params());
  return {};
}

/// A search by the vectors of rows that are there.
Answer<void> add_keys(const CollectionHandle& handle, const Json& part,
                      wire::SearchRequest& request) {
  if (part.contains("data")) {
    return refuse_parameter(
        "primary keys (ids) and query vectors (data) are mutually exclusive. Please provide either "
        "'ids' or 'data', not both");
  }
  SIMILE_ASSIGN(const Field* field, handle.schema().vector_field(part.value("annsField", "")));
  const Json& ids = part["ids"];
  if (!ids.is_array() || ids.empty()) return refuse_missing("ids");
  SIMILE_ASSIGN(*request.mutable_ids(), parse_keys(ids, handle.schema().primary_key()));
  request.set_nq(static_cast<std::int64_t>(ids.size()));
  add_pairs({{"anns_field", field->name}}, *request.mutable_search_params());
  return {};
}

/// One search, alone or a part of a hybrid one.
Answer<wire::SearchRequest> search_request(RestCall& call, const CollectionHandle& handle,
                                           const Json& part) {
  SIMILE_ASSIGN(auto request, call.request<wire::SearchRequest>());
  SIMILE_TRY(part.contains("ids") ? add_keys(handle, part, request)
                                  : add_queries(handle, part, request));
  request.set_dsl(part.value("filter", ""));
  auto& params = *request.mutable_search_params();
  constexpr int kDefaultLimit = 100;
  add_pairs({{"topk", part.value("limit", kDefaultLimit)}, {"offset", part.value("offset", 0)}},
            params);
  Json search = part.value("searchParams", Json::object());
  if (part.contains("params")) search["params"] = part["params"];
  for (const char* name : {"metricType", "metric_type"}) {
    if (part.contains(name)) add_pairs({{"metric_type", part[name]}}, params);
    if (search.contains(name)) add_pairs({{"metric_type", search[name]}}, params);
    search.erase(name);
  }
  const Json inner = search.value("params", Json::object());
  search.erase("params");
  if (inner.is_object()) search.update(inner);
  add_pairs({{"params", search}}, params);
  for (const auto& [from, to] :
       {std::pair("groupingField", "group_by_field"), std::pair("groupSize", "group_size"),
        std::pair("strictGroupSize", "strict_group_size")}) {
    if (part.contains(from)) add_pairs({{to, part[from]}}, params);
  }
  if (part.contains("exprParams")) add_values(part["exprParams"], request);
  SIMILE_TRY(
      parse_rest_rankers(part.value("functionScore", Json()), *request.mutable_function_score()));
  return request;
}

Json hits_json(const wire::SearchResults& found) {
  const auto& results = found.results();
  const Json ids = ids_json(results.ids());
  Json hits = Json::array();
  for (std::size_t row = 0; row < ids.size(); ++row) {
    Json hit = {{"distance", results.scores(static_cast<int>(row))},
                {results.primary_field_name(), ids[row]}};
    add_members(results.fields_data(), row, hit);
    hits.push_back(std::move(hit));
  }
  return {{"data", hits},
          {"topks", std::vector<std::int64_t>(results.topks().begin(), results.topks().end())}};
}

Answer<Json> search(RestCall& call) {
  SIMILE_ASSIGN(const CollectionHandle handle, collection_of(call));
  SIMILE_ASSIGN(auto request, search_request(call, handle, call.body()));
  for (const std::string& name : call.texts("outputFields")) request.add_output_fields(name);
  for (const std::string& name : call.texts("partitionNames")) request.add_partition_names(name);
  SIMILE_ASSIGN(const auto found, call.call<wire::SearchResults>("Search", request));
  return hits_json(found);
}

Answer<Json> hybrid_search(RestCall& call) {
  SIMILE_ASSIGN(const CollectionHandle handle, collection_of(call));
  SIMILE_ASSIGN(auto request, call.request<wire::HybridSearchRequest>());
  for (const Json& part : call.body().value("search", Json::array())) {
    SIMILE_ASSIGN(*request.add_requests(), search_request(call, handle, part));
  }
  SIMILE_TRY(parse_rest_rankers(call.member("functionScore"), *request.mutable_function_score()));
  const Json rerank = call.body().value("rerank", Json::object());
  constexpr int kDefaultLimit = 100;
  add_pairs({{"strategy", rerank.value("strategy", "rrf")},
             {"params", rerank.value("params", Json::object())},
             {"limit", call.body().value("limit", kDefaultLimit)},
             {"offset", call.body().value("offset", 0)}},
            *request.mutable_rank_params());
  for (const std::string& name : call.texts("outputFields")) request.add_output_fields(name);
  for (const std::string& name : call.texts("partitionNames")) request.add_partition_names(name);
  SIMILE_ASSIGN(const auto found, call.call<wire::SearchResults>("HybridSearch", request));
  return hits_json(found);
}

}  // namespace

void add_rest_entities(RestTable& table) {
  table["entities/insert"] = insert;
  table["entities/upsert"] = upsert;
  table["entities/delete"] = remove;
  table["entities/query"] = query;
  table["entities/get"] = get;
  table["entities/search"] = search;
  table["entities/hybrid_search"] = hybrid_search;
  table["entities/advanced_search"] = hybrid_search;
}

}  // namespace simile::server
