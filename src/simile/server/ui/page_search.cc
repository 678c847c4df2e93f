// Searches and rows:
//   a query is a list of numbers, the key of a row, or a text;
//   `exact` searches twice, through the index and by a scan, so that what the index misses can be
//   shown.

#include <algorithm>
#include <chrono>
#include <map>
#include <set>

#include "simile/base/text.h"
#include "simile/server/rest/json_columns.h"
#include "simile/server/ui/page_call.h"
#include "simile/server/ui/page_rows.h"

namespace simile::server {

namespace {

using Clock = std::chrono::steady_clock;

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

std::vector<std::string> fields_to_show(const PageCall& call, const Schema& schema) {
  const std::vector<std::string> asked = call.texts("fields");
  return asked.empty() ? shown_fields(schema) : asked;
}

/// The query of a search, by what the request gives; one of the three is used.
struct Query {
  std::vector<std::byte> dense;
  std::string sparse;
  std::string text;
};

bool takes_texts(const Field& field) { return !field.source.empty(); }

/// The field to search: of texts the one that holds their words.
Answer<const Field*> field_of(const PageCall& call, const Schema& schema) {
  const std::string name = call.text("field");
  if (!call.body.contains("text")) {
    SIMILE_ASSIGN(const Field* field, schema.vector_field(name));
    return field;
  }
  const Field* named = schema.find(name);
  if (named != nullptr && takes_texts(*named)) return named;
  for (const Field& field : schema.fields()) {
    if (takes_texts(field)) return &field;
  }
  return refuse_parameter(
      "this collection has no full-text index, a sparse field with metric bm25; paste a vector, or "
      "filter by words with text_match");
}

Answer<Query> vector_query(const Json& vector, const Field& field) {
  Query query;
  if (field.type == FieldType::kSparse) {
    SIMILE_ASSIGN(query.sparse, query_bytes(vector, field));
  } else {
    SIMILE_ASSIGN(query.dense, query_vector(vector, field));
  }
  return query;
}

Answer<Query> query_of(const PageCall& call, const Snapshot& snapshot, const Field& field) {
  if (call.body.contains("text")) {
    Query query;
    query.text = call.text("text");
    return query;
  }
  if (takes_texts(field)) {
    return refuse_parameter(join_text("field '", field.name, "' is searched with words"));
  }
  if (call.body.contains("vector")) return vector_query(call.body["vector"], field);
  SIMILE_ASSIGN(const std::string key, call.needed("key"));
  SIMILE_ASSIGN(const Table row, row_of(snapshot, key, {field.name}));
  const Column* column = row.find(field.name);
  if (column->is_null(0)) return refuse_parameter(join_text("row '", key, "' has no vector"));
  return vector_query(page_value(*column, 0), field);
}

struct Timed {
  SearchResult found;
  double milliseconds = 0;
};

Answer<Timed> timed_search(const Snapshot& snapshot, const SearchRequest& request) {
  const Clock::time_point start = Clock::now();
  Timed timed;
  SIMILE_ASSIGN(timed.found, snapshot.search(request));
  timed.milliseconds = milliseconds_since(start);
  return timed;
}

std::string key_text(const Table& rows, const Schema& schema, std::size_t row) {
  const Column* keys = rows.find(schema.primary_key().name);
  if (keys->type == FieldType::kString) return keys->strings[row];
  return std::to_string(keys->values<std::int64_t>()[row]);
}

Json hits_json(const SearchResult& found, const Schema& schema) {
  Json hits = Json::array();
  for (std::size_t row = 0; row < found.distances.size(); ++row) {
    hits.push_back({{"key", key_text(found.rows, schema, row)},
                    {"distance", short_float(found.distances[row])},
                    {"row", page_row(found.rows, row)}});
  }
  return hits;
}

/// Marks the exact hits that the index has not found; gives their share that it has.
double mark_missed(Json& hits, const SearchResult& exact, const Timed& index,
                   const Schema& schema) {
  std::set<std::string> known;
  for (std::size_t row = 0; row < index.found.distances.size(); ++row) {
    known.insert(key_text(index.found.rows, schema, row));
  }
  // A row as far away as the last one found could have been in its place.
  const float last = index.found.distances.empty() ? -INFINITY : index.found.distances.back();
  std::size_t found = 0;
  for (std::size_t row = 0; row < hits.size(); ++row) {
    const bool has = known.contains(hits[row]["key"].get<std::string>());
    const bool tie = exact.distances[row] == last && known.size() == hits.size();
    hits[row]["missed"] = !has && !tie;
    found += has || tie ? 1 : 0;
  }
  return hits.empty() ? 1 : static_cast<double>(found) / static_cast<double>(hits.size());
}

Answer<SearchRequest> request_of(const PageCall& call, const Field& field) {
  SearchRequest request;
  request.field = field.name;
  request.where = call.text("filter");
  request.cancel = call.context.cancel;
  request.call_bytes_max = call.service().limits().bytes_max;
  SIMILE_ASSIGN(const std::uint64_t k, call.number("k", 24, 1000));
  SIMILE_ASSIGN(const std::uint64_t effort, call.number("effort", 0, kMaxK));
  request.k = static_cast<std::uint32_t>(std::max<std::uint64_t>(1, k));
  request.effort = static_cast<std::uint32_t>(effort);
  if (call.body.contains("recall") && call.body["recall"].is_number()) {
    request.recall = call.body["recall"].get<float>();
    SIMILE_TRY(check_recall(request.recall));
  }
  return request;
}

Answer<PageReply> search(PageCall& call) {
  SIMILE_ASSIGN(const CollectionHandle handle, call.collection());
  const auto snapshot = handle.collection->snapshot();
  const Schema& schema = snapshot->schema();
  SIMILE_ASSIGN(const Field* field, field_of(call, schema));
  SIMILE_ASSIGN(SearchRequest request, request_of(call, *field));
  SIMILE_ASSIGN(const Query query, query_of(call, *snapshot, *field));
  const std::string_view words[] = {takes_texts(*field) ? query.text : query.sparse};
  if (takes_texts(*field)) {
    request.texts = words;
  } else if (field->type == FieldType::kSparse) {
    request.sparse = words;
  } else {
    request.queries = MatrixView(query.dense.data(), 1, query_type(*field));
  }
  request.fields = fields_to_show(call, schema);
  SIMILE_ASSIGN(const Timed index, timed_search(*snapshot, request));
  Json answer = {{"milliseconds", index.milliseconds},
                 {"metric", name_of(field->metric)},
                 {"field", field->name},
                 {"rows", handle.collection->info().rows}};
  if (!call.flag("exact")) {
    answer["hits"] = hits_json(index.found, schema);
    return answer;
  }
  request.exact = true;
  request.effort = 0;
  request.recall = 0;
  SIMILE_ASSIGN(const Timed exact, timed_search(*snapshot, request));
  Json hits = hits_json(exact.found, schema);
  answer["recall"] = mark_missed(hits, exact.found, index, schema);
  answer["exact_milliseconds"] = exact.milliseconds;
  answer["hits"] = std::move(hits);
  return answer;
}

/// Rows that match a filter, for looking at a collection.
Answer<PageReply> rows(PageCall& call) {
  SIMILE_ASSIGN(const CollectionHandle handle, call.collection());
  const auto snapshot = handle.collection->snapshot();
  const Schema& schema = snapshot->schema();
  QueryRequest request;
  request.filter.where = call.text("filter");
  request.filter.cancel = call.context.cancel;
  request.call_bytes_max = call.service().limits().bytes_max;
  request.fields = fields_to_show(call, schema);
  SIMILE_ASSIGN(request.limit, call.number("limit", 24, 1000));
  SIMILE_ASSIGN(request.offset, call.number("offset", 0, ~std::uint32_t{0}));
  const Clock::time_point start = Clock::now();
  SIMILE_ASSIGN(const Table found, snapshot->query(request));
  const double took = milliseconds_since(start);
  Json hits = Json::array();
  for (std::size_t row = 0; row < found.rows; ++row) {
    hits.push_back({{"key", key_text(found, schema, row)}, {"row", page_row(found, row)}});
  }
  return Json{{"hits", hits}, {"milliseconds", took}, {"rows", handle.collection->info().rows}};
}

/// One row with everything it holds.
Answer<PageReply> row(PageCall& call) {
  SIMILE_ASSIGN(const CollectionHandle handle, call.collection());
  SIMILE_ASSIGN(const std::string key, call.needed("key"));
  const auto snapshot = handle.collection->snapshot();
  std::vector<std::string> fields = shown_fields(snapshot->schema());
  const std::string vector = call.text("field");
  if (!vector.empty()) fields.push_back(vector);
  SIMILE_ASSIGN(const Table found, row_of(*snapshot, key, fields));
  return Json{{"key", key}, {"row", page_row(found, 0)}};
}

/// How many rows a filter lets through; the fault has the place of what is wrong.
Answer<PageReply> count(PageCall& call) {
  SIMILE_ASSIGN(const CollectionHandle handle, call.collection());
  RowFilter filter;
  filter.where = call.text("filter");
  filter.cancel = call.context.cancel;
  SIMILE_ASSIGN(const std::uint64_t matching, handle.collection->snapshot()->count(filter));
  return Json{{"matching", matching}, {"rows", handle.collection->info().rows}};
}

/// The values of a field that are seen most, for completion: of a part of the rows.
Answer<PageReply> values(PageCall& call) {
  constexpr std::uint64_t kRowsRead = 4000;
  constexpr std::size_t kValuesMax = 50;
  SIMILE_ASSIGN(const CollectionHandle handle, call.collection());
  SIMILE_ASSIGN(const std::string name, call.needed("field"));
  const Field* field = handle.schema().find(name);
  if (field == nullptr || field->is_searched()) {
    return refuse_parameter(join_text("'", name, "' is no field that has values to choose from"));
  }
  QueryRequest request;
  request.fields = {name};
  request.limit = kRowsRead;
  request.call_bytes_max = call.service().limits().bytes_max;
  SIMILE_ASSIGN(const Table found, handle.collection->snapshot()->query(request));
  std::map<std::string, std::size_t> seen;
  const Column* column = found.find(name);
  for (std::size_t i = 0; i < found.rows; ++i) {
    const Json value = page_value(*column, i);
    const bool simple = value.is_string() || value.is_number() || value.is_boolean();
    if (simple && seen.size() < kRowsRead)
      ++seen[value.dump(-1, ' ', false, Json::error_handler_t::replace)];
  }
  std::vector<std::pair<std::string, std::size_t>> list(seen.begin(), seen.end());
  std::ranges::stable_sort(list, std::greater(), [](const auto& each) { return each.second; });
  if (list.size() > kValuesMax) list.resize(kValuesMax);
  Json result = Json::array();
  for (const auto& [value, times] : list) {
    result.push_back({{"value", Json::parse(value)}, {"rows", times}});
  }
  return Json{{"values", result}, {"rows_read", found.rows}};
}

}  // namespace

void add_search_routes(std::vector<PageRoute>& routes) {
  routes.push_back({"POST", "/ui/api/search", on_collection("Search"), search});
  routes.push_back({"POST", "/ui/api/rows", on_collection("Query"), rows});
  routes.push_back({"POST", "/ui/api/row", on_collection("Query"), row});
  routes.push_back({"POST", "/ui/api/count", on_collection("Query"), count});
  routes.push_back({"POST", "/ui/api/values", on_collection("Query"), values});
}

}  // namespace simile::server
