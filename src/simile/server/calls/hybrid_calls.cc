/// Hybrid search: each part is a search of its own on one snapshot; their hits are fused by key,
/// and the fields are fetched of those that are left.

#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "simile/base/text.h"
#include "simile/scalar/group_key.h"
#include "simile/server/calls/calls.h"
#include "simile/server/column_message.h"
#include "simile/server/filter_message.h"
#include "simile/server/index_names.h"
#include "simile/server/rank_fusion.h"
#include "simile/server/search_parameters.h"
#include "simile/server/search_plan.h"

namespace simile::server {

namespace {

struct Ranker {
  Reranker reranker;  ///< decay or boost, instead of the others
  bool weighted = false;
  float k = 60;
  std::vector<float> weights;
  bool normalize = false;
};

Answer<Ranker> weighted_ranker(std::string_view weights, bool normalize, std::size_t parts) {
  Ranker ranker;
  ranker.weighted = true;
  ranker.normalize = normalize;
  const auto list = nlohmann::json::parse(weights, nullptr, false);
  if (!list.is_array() || list.size() != parts) {
    return refuse_parameter(
        join_text("the length of weights param mismatch with ann search "
                  "requests: invalid parameter[expected=",
                  parts, "][actual=", list.is_array() ? list.size() : 0, "]"));
  }
  for (const auto& weight : list) {
    if (!weight.is_number() || weight.get<double>() < 0 || weight.get<double>() > 1) {
      return refuse_parameter("rank param weight should be in range [0, 1]");
    }
    ranker.weights.push_back(weight.get<float>());
  }
  return ranker;
}

/// From rank_params, or from a function of type Rerank, which says the same by other names.
Answer<Ranker> parse_ranker(const CollectionHandle& handle,
                            const wire::HybridSearchRequest& request,
                            const RequestParameters& parameters) {
  const auto parts = static_cast<std::size_t>(request.requests_size());
  std::string_view strategy = parameters.text("strategy");
  const RequestParameters* from = &parameters;
  RequestParameters of_function;
  if (request.function_score().functions_size() > 0) {
    SIMILE_ASSIGN(of_function,
                  RequestParameters::parse(request.function_score().functions(0).params()));
    from = &of_function;
    strategy = of_function.text("reranker");
    if (strategy != "weighted" && strategy != "rrf") {
      Ranker ranker;
      SIMILE_ASSIGN(ranker.reranker, parse_reranker(handle, request.function_score()));
      if (ranker.reranker.boost && parts > 1) {
        return refuse_parameter(
            "a boost function ranks one search; give it in the search it is for");
      }
      return ranker;
    }
    if (request.function_score().functions_size() > 1) {
      return refuse_parameter(join_text("the ranker ", strategy, " stands alone, beside no other"));
    }
  }
  if (strategy == "weighted") {
    return weighted_ranker(from->text("weights"), from->flag("norm_score"), parts);
  }
  if (!strategy.empty() && strategy != "rrf") {
    return refuse_parameter(
        join_text("unsupported rank type ", strategy, "; known: rrf, weighted"));
  }
  Ranker ranker;
  SIMILE_ASSIGN(const auto k, from->real("k"));
  if (k && (*k <= 0 || *k >= 16'384)) {
    return refuse_parameter(join_text("The rank params k should be in range (0, 16384), got ", *k));
  }
  ranker.k = static_cast<float>(k.value_or(60));
  return ranker;
}

/// Keys as numbers, so that int64 and string keys are fused by the same code.
class KeyNumbers {
 public:
  KeyNumbers(FieldType type, std::uint64_t bytes_max)
      : text_(type == FieldType::kString), bytes_max_(bytes_max) {}

  std::size_t number(const Column& keys, std::size_t row) {
    if (text_) return add(texts_, text_numbers_, keys.strings[row]);
    return add(integers_, integer_numbers_, keys.values<std::int64_t>()[row]);
  }

  /// The rows of these keys, one for each, in their order.
  Result<Table> fetch(const Snapshot& snapshot, const std::vector<FusedHit>& hits,
                      const std::vector<std::string>& fields) const {
    if (text_) {
      std::vector<std::string_view> keys;
      for (const FusedHit& hit : hits) keys.push_back(texts_[hit.key]);
      return snapshot.get(std::span<const std::string_view>(keys), fields, bytes_max_);
    }
    std::vector<std::int64_t> keys;
    for (const FusedHit& hit : hits) keys.push_back(integers_[hit.key]);
    return snapshot.get(std::span<const std::int64_t>(keys), fields, bytes_max_);
  }

 private:
  template <class Key>
  static std::size_t add(std::vector<Key>& keys, std::unordered_map<Key, std::size_t>& numbers,
                         const Key& key) {
    const auto [place, is_new] = numbers.try_emplace(key, keys.size());
    if (is_new) keys.push_back(key);
    return place->second;
  }

  bool text_;
  std::uint64_t bytes_max_;  // of rows that are fetched
  std::vector<std::int64_t> integers_;
  std::unordered_map<std::int64_t, std::size_t> integer_numbers_;
  std::vector<std::string> texts_;
  std::unordered_map<std::string, std::size_t> text_numbers_;
};

/// What the whole call says beside its ranker.
struct HybridWindow {
  std::int64_t limit = 10;
  std::int64_t offset = 0;
  int round_decimal = -1;
  RequestParameters parameters;
  bool grouped = false;
  ScoreMerge group_score = ScoreMerge::kMax;
};

/// What the parts found.
struct PartHits {
  std::vector<std::vector<RankedList>> lists;  ///< [query][part]
  std::vector<std::string> groups;             ///< of each key, where hits are grouped
  std::size_t group_size = 1;
  KeyNumbers numbers;
};

/// Notes the group of each hit.
Answer<void> note_groups(const CollectionHandle& handle, const SearchPlan& plan,
                         const SearchResult& found, PartHits& parts) {
  SIMILE_ASSIGN(const auto key, scalar::GroupKey::parse(plan.request.group_by, handle.schema()));
  const Column& column = *found.rows.find(key.field().name);
  for (std::size_t row = 0; row < found.distances.size(); ++row) {
    const std::size_t number = parts.numbers.number(found.rows.columns[0], row);
    if (parts.groups.size() <= number) parts.groups.resize(number + 1);
    parts.groups[number] = key.of(column, row);
  }
  parts.group_size = plan.request.group_size;
  return {};
}

Answer<PartHits> search_parts(CallContext& context, const CollectionHandle& handle,
                              const wire::HybridSearchRequest& request, const HybridWindow& window,
                              const Snapshot& snapshot) {
  PartHits parts{.lists = {},
                 .groups = {},
                 .group_size = 1,
                 .numbers = KeyNumbers(handle.schema().primary_key().type,
                                       context.service.limits().bytes_max)};
  auto& lists = parts.lists;
  std::uint64_t hits_of_all = 0;
  for (const wire::SearchRequest& part : request.requests()) {
    SIMILE_ASSIGN(SearchPlan plan,
                  plan_search(context, handle, snapshot, part, window.limit + window.offset));
    plan.request.fields.clear();
    if (const auto* field = plan.reranker.field()) plan.request.fields.push_back(*field);
    if (window.grouped) SIMILE_TRY(read_groups(handle, window.parameters, plan));
    SIMILE_ASSIGN(const SearchResult found, run_search(snapshot, plan));
    hits_of_all += found.offsets.back();
    if (hits_of_all > static_cast<std::uint64_t>(kAnswerRowsMax)) {
      return refuse_parameter(join_text("the searches find more than ", kAnswerRowsMax,
                                        " hits together; ask for fewer, or in several calls"));
    }
    if (window.grouped) SIMILE_TRY(note_groups(handle, plan, found, parts));
    RankedHits hits = ranked_hits(found, plan.metric);
    if (plan.reranker.is_set()) {
      SIMILE_ASSIGN(hits, rerank_hits(snapshot, plan, found));
    }
    const Metric metric = plan.reranker.replaces_metric() ? Metric::kInnerProduct : plan.metric;
    if (!lists.empty() && lists.size() != found.offsets.size() - 1) {
      return refuse_parameter(join_text("nq of the searches differ: ", lists.size(), " and ",
                                        found.offsets.size() - 1));
    }
    lists.resize(found.offsets.size() - 1);
    for (std::size_t i = 0; i + 1 < hits.offsets.size(); ++i) {
      RankedList& list = lists[i].emplace_back();
      list.metric = metric;
      for (auto at = hits.offsets[i]; at < hits.offsets[i + 1]; ++at) {
        list.keys.push_back(parts.numbers.number(found.rows.columns[0], hits.rows[at]));
        list.scores.push_back(hits.scores[at]);
      }
    }
  }
  return parts;
}

/// The hits of one query in one list, by what the ranker says.
Answer<std::vector<FusedHit>> fuse(const Ranker& ranker, std::size_t query, const PartHits& all,
                                   const Snapshot& snapshot) {
  const std::vector<RankedList>& parts = all.lists[query];
  const KeyNumbers& numbers = all.numbers;
  if (ranker.weighted) return fuse_by_weight(parts, ranker.weights, ranker.normalize);
  if (!ranker.reranker.is_set()) return fuse_by_rank(parts, ranker.k);
  std::vector<FusedHit> fused;
  Metric metric = Metric::kInnerProduct;
  std::vector<std::string> fields;
  if (const auto& decay = ranker.reranker.decay) {
    fused = fuse_by_score(parts, decay->merge, decay->normalize);
    fields.push_back(decay->field);
  } else if (const auto& model = ranker.reranker.model) {
    fused = fuse_by_rank(parts, ranker.k);
    fields.push_back(model->field);
  } else {
    metric = parts[0].metric;
    for (std::size_t at = 0; at < parts[0].keys.size(); ++at) {
      fused.push_back({.key = parts[0].keys[at], .score = parts[0].scores[at]});
    }
  }
  SIMILE_ASSIGN(const Table table, numbers.fetch(snapshot, fused, fields));
  RankedHits hits{.rows = every_row(table.rows), .scores = {}, .offsets = {0, table.rows}};
  for (const FusedHit& hit : fused) hits.scores.push_back(hit.score);
  // The scores are comparable by now.
  Reranker reranker = ranker.reranker;
  if (reranker.decay) reranker.decay->normalize = false;
  if (reranker.model) reranker.model->queries = {reranker.model->queries[query]};
  SIMILE_TRY(rerank(reranker, snapshot, table, metric, hits));
  std::vector<FusedHit> ranked;
  for (std::size_t at = 0; at < hits.rows.size(); ++at) {
    ranked.push_back({.key = fused[hits.rows[at]].key, .score = hits.scores[at]});
  }
  return ranked;
}

Answer<HybridWindow> window_of(const wire::HybridSearchRequest& request) {
  HybridWindow window;
  SIMILE_ASSIGN(window.parameters, RequestParameters::parse(request.rank_params()));
  const RequestParameters& parameters = window.parameters;
  constexpr std::int64_t kAny = std::int64_t{1} << 32;
  SIMILE_ASSIGN(const auto limit, parameters.number("limit", 1, kAny));
  SIMILE_ASSIGN(const auto offset, parameters.number("offset", 0, kAny));
  SIMILE_ASSIGN(const auto decimals, parameters.number("round_decimal", -1, 6));
  window.limit = limit.value_or(window.limit);
  window.offset = offset.value_or(0);
  if (window.limit + window.offset > kHitsMax) {
    return refuse_parameter(
        join_text("invalid max query result window, (offset+limit) should be in range [1, ",
                  kHitsMax, "], but got ", window.limit + window.offset));
  }
  window.round_decimal = static_cast<int>(decimals.value_or(-1));
  window.grouped = !parameters.text("group_by_field").empty();
  const std::string_view scorer = parameters.text("rank_group_scorer");
  if (scorer == "sum") window.group_score = ScoreMerge::kSum;
  if (scorer == "avg") window.group_score = ScoreMerge::kAverage;
  if (!scorer.empty() && scorer != "max" && scorer != "sum" && scorer != "avg") {
    return refuse_parameter(
        join_text("input group scorer type:", scorer, " is not supported; known: max, sum, avg"));
  }
  return window;
}

/// The hits, or the groups of them, that are within the window.
void cut_to_window(const HybridWindow& window, const PartHits& parts,
                   std::vector<FusedHit>& fused) {
  const auto cut = [&](auto& list) {
    const auto skipped = std::min(list.size(), static_cast<std::size_t>(window.offset));
    list.erase(list.begin(), list.begin() + static_cast<std::ptrdiff_t>(skipped));
    list.resize(std::min(list.size(), static_cast<std::size_t>(window.limit)));
  };
  if (!window.grouped) return cut(fused);
  auto groups = group_hits(fused, parts.groups, parts.group_size, window.group_score);
  cut(groups);
  fused.clear();
  for (const auto& group : groups) fused.insert(fused.end(), group.begin(), group.end());
}

Answer<void> check_parts(const CollectionHandle& handle, const wire::HybridSearchRequest& request) {
  constexpr int kPartsMax = 1'024;
  if (request.requests().empty()) {
    return refuse_parameter(join_text("nq [0] is invalid, nq (number of search vector per search ",
                                      "request) should be in range [1, ", kQueriesMax,
                                      "], but got 0: a hybrid search needs searches"));
  }
  if (request.requests_size() > kPartsMax) {
    return refuse_parameter(join_text("maximum of ann search requests is ", kPartsMax,
                                      ", and there are ", request.requests_size()));
  }
  for (const wire::SearchRequest& each : request.requests()) {
    SIMILE_TRY(read_partitions(handle, each.partition_names()));
  }
  return {};
}

Answer<wire::SearchResults> hybrid_search(CallContext& context,
                                          const wire::HybridSearchRequest& request) {
  SIMILE_ASSIGN(const CollectionHandle handle, collection_of(context, request));
  SIMILE_TRY(check_parts(handle, request));
  SIMILE_TRY(need_loaded(context, handle));
  SIMILE_ASSIGN(const HybridWindow window, window_of(request));
  SIMILE_ASSIGN(Ranker ranker, parse_ranker(handle, request, window.parameters));
  if (ranker.reranker.boost) ranker.reranker.boost->cancel = context.cancel;
  if (ranker.reranker.model) ranker.reranker.model->cancel = context.cancel;
  SIMILE_ASSIGN(OutputFields output, parse_output_fields(handle, request.output_fields()));
  SIMILE_ASSIGN(output.zone, zone_of(handle, window.parameters));
  SIMILE_ASSIGN(output.time_parts, time_parts_of(window.parameters));

  const auto snapshot = handle.collection->snapshot();
  SIMILE_ASSIGN(const PartHits parts, search_parts(context, handle, request, window, *snapshot));
  wire::SearchResults response;
  auto& results = *response.mutable_results();
  std::vector<FusedHit> all;
  if (ranker.reranker.model) {
    SIMILE_TRY(check_model_ranker(*ranker.reranker.model, context.service.limits().rerank_endpoints,
                                  parts.lists.size()));
  }
  for (std::size_t query = 0; query < parts.lists.size(); ++query) {
    SIMILE_ASSIGN(auto fused, fuse(ranker, query, parts, *snapshot));
    cut_to_window(window, parts, fused);
    results.add_topks(static_cast<std::int64_t>(fused.size()));
    all.insert(all.end(), fused.begin(), fused.end());
  }
  SIMILE_ASSIGN(const Table table, parts.numbers.fetch(*snapshot, all, output.columns));
  const std::vector<std::size_t> rows = every_row(table.rows);
  for (const FusedHit& hit : all) results.add_scores(rounded(hit.score, window.round_decimal));
  results.set_num_queries(static_cast<std::int64_t>(parts.lists.size()));
  results.set_top_k(window.limit);
  results.set_primary_field_name(handle.schema().primary_key().name);
  const Column* keys = table.find(handle.schema().primary_key().name);
  write_keys(keys == nullptr ? table.columns[0] : *keys, rows, *results.mutable_ids());
  for (const std::string& name : output.named) results.add_output_fields(name);
  for (const std::string& name : output.columns) {
    if (const Column* column = table.find(name)) {
      write_output(handle, output, *column, rows, *results.add_fields_data());
    }
  }
  response.set_collection_name(handle.name());
  response.set_session_ts(next_timestamp());
  return response;
}

}  // namespace

void add_hybrid_calls(MethodTable& table) {
  table.add("HybridSearch", MethodKind::kRead, hybrid_search);
}

}  // namespace simile::server
