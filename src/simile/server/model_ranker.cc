#include "simile/server/model_ranker.h"

#include <httplib.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "simile/base/text.h"

namespace simile::server {

namespace {

using Json = nlohmann::json;

std::unexpected<Fault> refuse_function(std::string text) {
  return refuse(FaultCode::kUnexpected, std::move(text));
}

std::unexpected<Fault> call_failed(const std::string& endpoint, std::string_view why) {
  return refuse_function(join_text("Call service failed: ", endpoint, ": ", why));
}

/// "http://host:port" with a host of one character at least.
bool is_link(std::string_view endpoint) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!endpoint.starts_with(scheme)) continue;
    const std::string_view host = endpoint.substr(scheme.size());
    return !host.empty() && host.front() != '/' &&
           host.find_first_of(" \t\r\n@?#") == std::string_view::npos;
  }
  return false;
}

Answer<std::vector<std::string>> parse_queries(const RequestParameters& parameters) {
  if (!parameters.has("queries")) {
    return refuse_function("Rerank function lost params queries");
  }
  const Json list = Json::parse(parameters.text("queries"), nullptr, false);
  const auto is_text = [](const Json& one) { return one.is_string(); };
  if (!list.is_array() || !std::ranges::all_of(list, is_text)) {
    return refuse_function("Parse rerank params [queries] failed: they are a list of texts");
  }
  return list.get<std::vector<std::string>>();
}

Json request_of(const ModelRanker& ranker, const std::string& query, Json texts) {
  Json body = {{"query", query}};
  if (ranker.provider == "tei") {
    body["texts"] = std::move(texts);
    body["truncate"] = ranker.truncate;
    if (!ranker.truncate_side.empty()) body["truncation_direction"] = ranker.truncate_side;
    return body;
  }
  body["documents"] = std::move(texts);
  if (ranker.truncate_tokens > 0) body["truncate_prompt_tokens"] = ranker.truncate_tokens;
  return body;
}

/// The scores of `count` texts, by the positions that the answer names; empty where it is none.
std::vector<float> scores_of(const std::string& provider, const std::string& answer,
                             std::size_t count) {
  const Json object = Json::parse(answer, nullptr, false);
  const Json none = Json::array();
  const Json& list = provider == "tei"                                  ? object
                     : object.is_object() && object.contains("results") ? object["results"]
                                                                        : none;
  const char* name = provider == "tei" ? "score" : "relevance_score";
  if (!list.is_array() || list.size() != count) return {};
  std::vector<float> scores(count, std::numeric_limits<float>::quiet_NaN());
  for (const Json& one : list) {
    if (!one.is_object() || !one.contains("index") || !one["index"].is_number_unsigned() ||
        !one.contains(name) || !one[name].is_number()) {
      return {};
    }
    const auto index = one["index"].get<std::size_t>();
    if (index >= count) return {};
    scores[index] = one[name].get<float>();
  }
  const bool complete = std::ranges::none_of(scores, [](float one) { return std::isnan(one); });
  return complete ? scores : std::vector<float>();
}

}  // namespace

Answer<ModelRanker> parse_model_ranker(const CollectionHandle& handle,
                                       const ::milvus::proto::schema::FunctionSchema& function,
                                       const RequestParameters& parameters) {
  ModelRanker ranker;
  if (function.input_field_names_size() != 1) {
    return refuse_function(join_text("Rerank model only supports single input, but gets ",
                                     function.input_field_names_size(), " inputs"));
  }
  ranker.field = function.input_field_names(0);
  if (handle.schema().find(ranker.field)->type != FieldType::kString) {
    return refuse_function(
        join_text("Rerank model only support varchar, and field ", ranker.field, " is none"));
  }
  ranker.provider = parameters.text("provider");
  if (ranker.provider != "tei" && ranker.provider != "vllm") {
    return refuse_function(
        join_text("Unknow rerank model provider: [", ranker.provider, "]; known: tei, vllm"));
  }
  SIMILE_ASSIGN(ranker.queries, parse_queries(parameters));
  ranker.endpoint = parameters.text("endpoint");
  while (ranker.endpoint.ends_with('/')) ranker.endpoint.pop_back();
  if (!is_link(ranker.endpoint)) {
    return refuse_function(
        join_text("endpoint: [", ranker.endpoint, "] is not a valid http/https link"));
  }
  ranker.truncate = parameters.flag("truncate");
  ranker.truncate_side = parameters.text("truncation_direction");
  constexpr std::int64_t kTokensMax = 1 << 20;
  SIMILE_ASSIGN(const auto tokens, parameters.number("truncate_prompt_tokens", 1, kTokensMax));
  ranker.truncate_tokens = tokens.value_or(0);
  SIMILE_ASSIGN(const auto batch, parameters.number("max_client_batch_size", 1, kTokensMax));
  ranker.batch = static_cast<std::size_t>(batch.value_or(32));
  return ranker;
}

Answer<void> check_model_ranker(const ModelRanker& ranker, const std::vector<std::string>& allowed,
                                std::size_t queries) {
  if (ranker.queries.size() != queries) {
    return refuse_function(join_text("nq must equal to queries size, but got nq [", queries,
                                     "], queries size [", ranker.queries.size(), "]"));
  }
  if (std::ranges::find(allowed, ranker.endpoint) != allowed.end()) return {};
  return call_failed(ranker.endpoint,
                     "it is not one of the server's rerank_endpoints; name it there");
}

Answer<std::vector<float>> ModelRanker::scores(std::size_t query,
                                               const std::vector<std::string_view>& texts) const {
  constexpr int kConnectSeconds = 5;
  constexpr int kAnswerSeconds = 60;
  httplib::Client client(endpoint);
  client.set_connection_timeout(kConnectSeconds);
  client.set_read_timeout(kAnswerSeconds);
  client.set_write_timeout(kAnswerSeconds);
  std::vector<float> all;
  for (std::size_t first = 0; first < texts.size(); first += batch) {
    if (cancel != nullptr && cancel->cancelled()) return call_failed(endpoint, "cancelled");
    const std::size_t count = std::min(batch, texts.size() - first);
    Json part = Json::array();
    for (std::size_t i = 0; i < count; ++i) part.push_back(std::string(texts[first + i]));
    const std::string body = request_of(*this, queries[query], std::move(part))
                                 .dump(-1, ' ', false, Json::error_handler_t::replace);
    const auto answer =
        client.Post(provider == "tei" ? "/rerank" : "/v1/rerank", body, "application/json");
    if (!answer) return call_failed(endpoint, httplib::to_string(answer.error()));
    if (answer->status != 200) return call_failed(endpoint, join_text("HTTP ", answer->status));
    const std::vector<float> scores = scores_of(provider, answer->body, count);
    if (scores.size() != count) return call_failed(endpoint, "its answer has no score for each");
    all.insert(all.end(), scores.begin(), scores.end());
  }
  return all;
}

}  // namespace simile::server
