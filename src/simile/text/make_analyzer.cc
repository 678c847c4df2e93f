/// JSON to analyzers: the tokenizers, and the analyzers that have a name.

#include <nlohmann/json.hpp>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/text/analyzer.h"
#include "simile/text/characters.h"
#include "simile/text/language_tools.h"
#include "simile/text/token_filters.h"

namespace simile::text {

namespace {

using Json = nlohmann::json;

std::unexpected<Error> refuse(std::string why) {
  return fail(ErrorCode::kInvalidArgument, "analyzer: " + std::move(why));
}

void add_token(std::string_view text, std::size_t begin, std::size_t end,
               std::vector<Token>& tokens) {
  if (begin != end) tokens.push_back({std::string(text.substr(begin, end - begin)), begin, end});
}

/// Runs of letters and digits; of writing without blanks each character.
void cut_standard(std::string_view text, std::vector<Token>& tokens) {
  std::size_t begin = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t here = at;
    const char32_t c = next_character(text, at);
    const bool single = is_without_blanks(c);
    if (is_letter_or_digit(c) && !single) continue;
    add_token(text, begin, here, tokens);
    if (single) add_token(text, here, at, tokens);
    begin = at;
  }
  add_token(text, begin, text.size(), tokens);
}

void cut_at_blanks(std::string_view text, std::vector<Token>& tokens) {
  std::size_t begin = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (std::string_view(" \t\r\n\f\v").find(text[at]) == std::string_view::npos) continue;
    add_token(text, begin, at, tokens);
    begin = at + 1;
  }
  add_token(text, begin, text.size(), tokens);
}

Result<Tokenizer> dictionary_tokenizer() {
  SIMILE_ASSIGN(const LanguageTools* tools, language_tools());
  return [tools](std::string_view text, std::vector<Token>& tokens) {
    std::vector<std::pair<std::size_t, std::size_t>> words;
    tools->cut_words(text, words);
    for (const auto& [begin, end] : words) add_token(text, begin, end, tokens);
  };
}

Result<Tokenizer> make_tokenizer(const Json& tokenizer) {
  const Json type = tokenizer.is_object() ? tokenizer.value("type", Json()) : tokenizer;
  if (!type.is_string()) return refuse("a tokenizer is a name, or an object with its \"type\"");
  const auto& name = type.get_ref<const std::string&>();
  if (name == "standard") return cut_standard;
  if (name == "whitespace") return cut_at_blanks;
  if (name == "jieba" || name == "icu") return dictionary_tokenizer();
  return refuse(join_text("no tokenizer '", name, "'; known: standard, whitespace, jieba, icu"));
}

using Filters = std::vector<TokenFilter>;

Status add_stop_words(const Json& params, Filters& filters) {
  const auto stops = params.find("stop_words");
  if (stops == params.end()) return {};
  SIMILE_ASSIGN(TokenFilter filter, stop_filter(*stops));
  filters.push_back(std::move(filter));
  return {};
}

Result<std::shared_ptr<const Analyzer>> make_named(const std::string& name, const Json& params) {
  for (const auto& [key, value] : params.items()) {
    if (key == "type" || key == "stop_words" || key == "filter") continue;
    return refuse(join_text("no parameter '", key, "' of type ", name, "; known: stop_words"));
  }
  Filters filters;
  if (name == "chinese") {
    SIMILE_ASSIGN(Tokenizer tokenizer, dictionary_tokenizer());
    filters.push_back(han_or_ascii_filter(true));
    SIMILE_TRY(add_stop_words(params, filters));
    return std::make_shared<const Analyzer>(std::move(tokenizer), std::move(filters));
  }
  filters.push_back(lower_case_filter());
  if (name == "english") {
    SIMILE_ASSIGN(TokenFilter stems, stem_filter("english"));
    filters.push_back(std::move(stems));
    SIMILE_ASSIGN(TokenFilter stops, stop_filter("_english_"));
    filters.push_back(std::move(stops));
  } else if (name != "standard") {
    return refuse(join_text("no type '", name, "'; known: standard, english, chinese"));
  }
  SIMILE_TRY(add_stop_words(params, filters));
  return std::make_shared<const Analyzer>(cut_standard, std::move(filters));
}

}  // namespace

Result<std::shared_ptr<const Analyzer>> Analyzer::make(std::string_view json) {
  const Json params = json.empty() ? Json::object() : Json::parse(json, nullptr, false);
  if (!params.is_object()) return refuse("its parameters are no JSON object");
  if (params.contains("type") || params.empty()) {
    const Json type = params.value("type", Json("standard"));
    if (!type.is_string()) return refuse("\"type\" is no text");
    return make_named(type.get<std::string>(), params);
  }
  for (const auto& [key, value] : params.items()) {
    if (key == "tokenizer" || key == "filter") continue;
    return refuse(join_text("no parameter '", key, "'; known: type, tokenizer, filter"));
  }
  SIMILE_ASSIGN(Tokenizer tokenizer, make_tokenizer(params.value("tokenizer", Json("standard"))));
  Filters filters;
  const Json list = params.value("filter", Json::array());
  if (!list.is_array()) return refuse("\"filter\" is no list");
  for (const Json& each : list) {
    SIMILE_ASSIGN(TokenFilter filter, make_filter(each));
    filters.push_back(std::move(filter));
  }
  return std::make_shared<const Analyzer>(std::move(tokenizer), std::move(filters));
}

}  // namespace simile::text
