#include "simile/server/reranker.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <numeric>
#include <unordered_set>

#include "simile/base/text.h"
#include "simile/scalar/filter.h"
#include "simile/server/filter_message.h"
#include "simile/server/index_names.h"
#include "simile/server/request_parameters.h"
#include "simile/server/schema_message.h"

namespace simile::server {

namespace {

using Function = ::milvus::proto::schema::FunctionSchema;

std::unexpected<Fault> refuse_function(std::string text) {
  return refuse(FaultCode::kUnexpected, std::move(text));
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

/// A number that has to be there, or has a default.
Answer<double> number_of(const RequestParameters& parameters, std::string_view function,
                         std::string_view name, std::optional<double> otherwise = {}) {
  const std::string_view text = parameters.text(name);
  if (text.empty() && otherwise) return *otherwise;
  if (text.empty()) return refuse_function(join_text(function, " function lost param: ", name));
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc{} && end == text.data() + text.size() && std::isfinite(value)) {
    return value;
  }
  return refuse_function(join_text("Param ", name, ":", text, " is not a number"));
}

bool is_number(FieldType type) {
  return type == FieldType::kInt8 || type == FieldType::kInt16 || type == FieldType::kInt32 ||
         type == FieldType::kInt64 || type == FieldType::kFloat || type == FieldType::kDouble;
}

Answer<void> check_inputs(const CollectionHandle& handle, const Function& function) {
  for (const std::string& name : function.input_field_names()) {
    const Field* field = handle.schema().find(name);
    if (field == nullptr) {
      return refuse_function(join_text("Function input field not found: ", name));
    }
    if (field->nullable) {
      return refuse_function(join_text("Function input field cannot be nullable: field ", name));
    }
  }
  return {};
}

Answer<ScoreMerge> merge_of(std::string_view name) {
  if (name.empty() || name == "max") return ScoreMerge::kMax;
  if (name == "sum") return ScoreMerge::kSum;
  if (name == "avg") return ScoreMerge::kAverage;
  return refuse_function(
      join_text("Unsupport score mode: [", name, "], only supports: [max, avg, sum]"));
}

Answer<void> check_decay_input(const CollectionHandle& handle, const Function& function) {
  if (function.input_field_names_size() != 1) {
    std::string names;
    for (const std::string& name : function.input_field_names()) {
      names = names.empty() ? name : join_text(names, " ", name);
    }
    return refuse_function(
        join_text("Decay function only supports single input, but gets [[", names, "]] input"));
  }
  const Field& field = *handle.schema().find(function.input_field_names(0));
  if (is_number(field.type)) return {};
  return refuse_function(join_text("Decay rerank: unsupported input field type:",
                                   wire_schema::DataType_Name(wire_type(field, nullptr)),
                                   ", only support numberic field"));
}

Answer<DecayRanker> parse_decay(const CollectionHandle& handle, const Function& function,
                                const RequestParameters& parameters) {
  SIMILE_TRY(check_decay_input(handle, function));
  DecayRanker decay;
  decay.field = function.input_field_names(0);
  const std::string_view shape = parameters.text("function");
  if (shape.empty()) return refuse_function("Decay function lost param: function");
  if (shape == "gauss") {
    decay.shape = DecayRanker::Shape::kGauss;
  } else if (shape == "exp") {
    decay.shape = DecayRanker::Shape::kExponential;
  } else if (shape == "linear") {
    decay.shape = DecayRanker::Shape::kLinear;
  } else {
    return refuse_function(join_text(
        "Invaild decay function: decay, only support [gauss,linear,exp], but got ", shape));
  }
  SIMILE_ASSIGN(decay.origin, number_of(parameters, "Decay", "origin"));
  SIMILE_ASSIGN(decay.scale, number_of(parameters, "Decay", "scale"));
  SIMILE_ASSIGN(decay.offset, number_of(parameters, "Decay", "offset", 0.0));
  SIMILE_ASSIGN(decay.decay, number_of(parameters, "Decay", "decay", 0.5));
  if (decay.scale <= 0) {
    return refuse_function(
        join_text("Decay function param: scale must > 0, but got ", std::to_string(decay.scale)));
  }
  if (decay.offset < 0) {
    return refuse_function(join_text("Decay function param: offset must >= 0, but got ",
                                     std::to_string(decay.offset)));
  }
  if (decay.decay <= 0 || decay.decay >= 1) {
    return refuse_function(join_text("Decay function param: decay must 0 < decay < 1, but got ",
                                     std::to_string(decay.decay)));
  }
  decay.normalize = parameters.flag("norm_score");
  SIMILE_ASSIGN(decay.merge, merge_of(parameters.text("score_mode")));
  return decay;
}

Answer<Boost> parse_boost(const CollectionHandle& handle, const RequestParameters& parameters) {
  Boost boost;
  boost.filter = parameters.text("filter");
  // A filter by itself, so that in parentheses it means the same beside another one.
  if (const auto compiled = scalar::Filter::compile(boost.filter, handle.schema()); !compiled) {
    return std::unexpected(filter_fault(compiled.error(), boost.filter));
  }
  SIMILE_ASSIGN(boost.weight, number_of(parameters, "Boost", "weight"));
  const std::string_view random = parameters.text("random_score");
  if (random.empty()) return boost;
  const auto object = nlohmann::json::parse(random, nullptr, false);
  if (!object.is_object()) {
    return refuse_function(join_text("Param random_score:", random, " is no JSON object"));
  }
  boost.random = true;
  for (const auto& [key, value] : object.items()) {
    if (key == "seed" && value.is_number_integer()) {
      boost.seed = value.get<std::uint64_t>();
    } else if (key != "field" || !value.is_string() ||
               value.get<std::string>() != handle.schema().primary_key().name) {
      return refuse_function(join_text("Param random_score: ", key, " = ", value.dump(),
                                       " is not supported; give a whole seed, and as field the "
                                       "primary key or none"));
    }
  }
  return boost;
}

/// "multiply" or "sum".
Answer<bool> is_sum(const RequestParameters& parameters, std::string_view name) {
  const std::string mode = lower_case(parameters.text(name));
  if (mode.empty() || mode == "multiply") return false;
  if (mode == "sum") return true;
  return refuse_function(join_text("Param ", name, ":", mode, " is none of multiply, sum"));
}

double number_at(const Column& column, std::size_t row) {
  switch (column.type) {
    case FieldType::kInt8: return column.values<std::int8_t>()[row];
    case FieldType::kInt16: return column.values<std::int16_t>()[row];
    case FieldType::kInt32: return column.values<std::int32_t>()[row];
    case FieldType::kInt64: return static_cast<double>(column.values<std::int64_t>()[row]);
    case FieldType::kFloat: return column.values<float>()[row];
    default: return column.values<double>()[row];
  }
}

/// SplitMix64 (Steele, Lea, Flood, OOPSLA 2014), as a number in [0, 1).
double uniform(std::uint64_t seed, std::uint64_t key) {
  std::uint64_t z = seed + (key + 1) * 0x9E3779B97F4A7C15ULL;
  z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
  z ^= z >> 31U;
  return static_cast<double>(z >> 11U) * 0x1.0p-53;
}

std::uint64_t key_number(const Column& keys, std::size_t row) {
  if (keys.type != FieldType::kString) {
    return static_cast<std::uint64_t>(keys.values<std::int64_t>()[row]);
  }
  return std::hash<std::string_view>()(keys.strings[row]);
}

/// Which rows of the table match a filter.
Answer<std::vector<bool>> matches(const Snapshot& snapshot, const Table& table,
                                  const std::string& filter, const CancelToken* cancel) {
  std::vector<bool> matched(table.rows, filter.empty());
  if (filter.empty() || table.rows == 0) return matched;
  const Column& keys = table.columns[0];
  const bool text = keys.type == FieldType::kString;
  std::vector<FilterValue> list;
  for (std::size_t row = 0; row < table.rows; ++row) {
    list.push_back(text ? FilterValue{keys.strings[row]}
                        : FilterValue{keys.values<std::int64_t>()[row]});
  }
  QueryRequest query;
  query.filter.where = join_text("(", filter, ") and ", keys.field, " in {simile_keys}");
  query.filter.cancel = cancel;
  query.filter.values.emplace("simile_keys", FilterValue{std::move(list)});
  query.fields = {keys.field};
  SIMILE_ASSIGN(const Table there, snapshot.query(query));
  const Column* found = there.find(keys.field);
  if (found == nullptr) return matched;
  std::unordered_set<std::string_view> texts;
  std::unordered_set<std::int64_t> numbers;
  for (std::size_t row = 0; row < there.rows; ++row) {
    if (text) {
      texts.insert(found->strings[row]);
    } else {
      numbers.insert(found->values<std::int64_t>()[row]);
    }
  }
  for (std::size_t row = 0; row < table.rows; ++row) {
    matched[row] = text ? texts.contains(keys.strings[row])
                        : numbers.contains(keys.values<std::int64_t>()[row]);
  }
  return matched;
}

/// The weight of each row of the table; none where no filter matches it.
Answer<std::vector<std::optional<double>>> weights_of(const BoostRanker& ranker,
                                                      const Snapshot& snapshot,
                                                      const Table& table) {
  std::vector<std::optional<double>> weights(table.rows);
  for (const Boost& boost : ranker.boosts) {
    SIMILE_ASSIGN(const std::vector<bool> matched,
                  matches(snapshot, table, boost.filter, ranker.cancel));
    for (std::size_t row = 0; row < table.rows; ++row) {
      if (!matched[row]) continue;
      double weight = boost.weight;
      if (boost.random) weight *= uniform(boost.seed, key_number(table.columns[0], row));
      if (!weights[row]) {
        weights[row] = weight;
      } else {
        weights[row] = ranker.add_weights ? *weights[row] + weight : *weights[row] * weight;
      }
    }
  }
  return weights;
}

void sort_hits(RankedHits& hits, bool larger_first) {
  std::vector<std::size_t> order(hits.rows.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (std::size_t query = 0; query + 1 < hits.offsets.size(); ++query) {
    const auto first = order.begin() + static_cast<std::ptrdiff_t>(hits.offsets[query]);
    const auto last = order.begin() + static_cast<std::ptrdiff_t>(hits.offsets[query + 1]);
    std::stable_sort(first, last, [&](std::size_t a, std::size_t b) {
      return larger_first ? hits.scores[a] > hits.scores[b] : hits.scores[a] < hits.scores[b];
    });
  }
  RankedHits sorted{.rows = {}, .scores = {}, .offsets = hits.offsets};
  for (const std::size_t at : order) {
    sorted.rows.push_back(hits.rows[at]);
    sorted.scores.push_back(hits.scores[at]);
  }
  hits = std::move(sorted);
}

}  // namespace

double DecayRanker::factor(double value) const {
  const double away = std::max(0.0, std::abs(value - origin) - offset) / scale;
  switch (shape) {
    case Shape::kGauss: return std::exp(away * away * std::log(decay));
    case Shape::kExponential: return std::exp(away * std::log(decay));
    case Shape::kLinear: break;
  }
  return std::max(0.0, 1.0 - away * (1.0 - decay));
}

Answer<Reranker> parse_reranker(const CollectionHandle& handle,
                                const ::milvus::proto::schema::FunctionScore& functions) {
  Reranker reranker;
  for (const Function& function : functions.functions()) {
    SIMILE_ASSIGN(const RequestParameters parameters, RequestParameters::parse(function.params()));
    SIMILE_TRY(check_inputs(handle, function));
    const std::string name = lower_case(parameters.text("reranker"));
    if (name == "boost") {
      if (!reranker.boost) reranker.boost.emplace();
      SIMILE_ASSIGN(Boost boost, parse_boost(handle, parameters));
      reranker.boost->boosts.push_back(std::move(boost));
    } else if (name == "decay") {
      SIMILE_ASSIGN(reranker.decay, parse_decay(handle, function, parameters));
    } else if (name == "model") {
      SIMILE_ASSIGN(reranker.model, parse_model_ranker(handle, function, parameters));
    } else {
      const bool fuses = name == "rrf" || name == "weighted";
      return refuse_function(join_text(
          "Unsupported rerank function: [", parameters.text("reranker"), "]; ",
          fuses ? "it ranks the searches of a hybrid search, alone" : "known: decay, boost, model",
          fuses ? "" : ", and rrf and weighted for a hybrid search"));
    }
  }
  if (reranker.replaces_metric() && functions.functions_size() > 1) {
    return refuse_function("a decay or model function stands alone, beside no other ranker");
  }
  if (!reranker.boost) return reranker;
  SIMILE_ASSIGN(const RequestParameters modes, RequestParameters::parse(functions.params()));
  SIMILE_ASSIGN(reranker.boost->add_to_score, is_sum(modes, "boost_mode"));
  SIMILE_ASSIGN(reranker.boost->add_weights, is_sum(modes, "function_mode"));
  return reranker;
}

Answer<void> rerank(const Reranker& reranker, const Snapshot& snapshot, const Table& table,
                    Metric metric, RankedHits& hits) {
  if (reranker.decay) {
    const Column* column = table.find(reranker.decay->field);
    for (std::size_t at = 0; at < hits.rows.size() && column != nullptr; ++at) {
      const float score = comparable_score(metric, hits.scores[at], reranker.decay->normalize);
      hits.scores[at] =
          static_cast<float>(score * reranker.decay->factor(number_at(*column, hits.rows[at])));
    }
    sort_hits(hits, true);
  }
  if (reranker.model) {
    const Column* column = table.find(reranker.model->field);
    for (std::size_t query = 0; query + 1 < hits.offsets.size() && column != nullptr; ++query) {
      std::vector<std::string_view> texts;
      for (auto at = hits.offsets[query]; at < hits.offsets[query + 1]; ++at) {
        texts.push_back(column->strings[hits.rows[at]]);
      }
      SIMILE_ASSIGN(const auto scores, reranker.model->scores(query, texts));
      std::ranges::copy(scores,
                        hits.scores.begin() + static_cast<std::ptrdiff_t>(hits.offsets[query]));
    }
    sort_hits(hits, true);
  }
  if (reranker.boost) {
    SIMILE_ASSIGN(const auto weights, weights_of(*reranker.boost, snapshot, table));
    for (std::size_t at = 0; at < hits.rows.size(); ++at) {
      const std::optional<double>& weight = weights[hits.rows[at]];
      if (!weight) continue;
      const double score = hits.scores[at];
      hits.scores[at] =
          static_cast<float>(reranker.boost->add_to_score ? score + *weight : score * *weight);
    }
    sort_hits(hits, larger_is_nearer(metric));
  }
  return {};
}

void cut_hits(RankedHits& hits, std::size_t offset, std::size_t limit) {
  RankedHits cut{.rows = {}, .scores = {}, .offsets = {0}};
  for (std::size_t query = 0; query + 1 < hits.offsets.size(); ++query) {
    const std::size_t last = hits.offsets[query + 1];
    const std::size_t first = std::min(last, hits.offsets[query] + offset);
    for (std::size_t at = first; at < std::min(last, first + limit); ++at) {
      cut.rows.push_back(hits.rows[at]);
      cut.scores.push_back(hits.scores[at]);
    }
    cut.offsets.push_back(cut.rows.size());
  }
  hits = std::move(cut);
}

}  // namespace simile::server
