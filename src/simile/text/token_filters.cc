#include "simile/text/token_filters.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <regex>
#include <unordered_set>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/text/characters.h"
#include "simile/text/language_tools.h"

namespace simile::text {

namespace {

using Json = nlohmann::json;

/// Those of Lucene.
constexpr std::string_view kEnglishStops[] = {
    "a",   "an",    "and",  "are",   "as",    "at",   "be",   "but", "by",  "for",  "if",
    "in",  "into",  "is",   "it",    "no",    "not",  "of",   "on",  "or",  "such", "that",
    "the", "their", "then", "there", "these", "they", "this", "to",  "was", "will", "with"};

constexpr std::string_view kKnown =
    "lowercase, asciifolding, alphanumonly, cnalphanumonly, cncharonly, removepunct, length, stop, "
    "stemmer, regex";

std::unexpected<Error> refuse(std::string why) {
  return fail(ErrorCode::kInvalidArgument, "analyzer: " + std::move(why));
}

template <class Keep>
TokenFilter keep_if(Keep&& keep) {
  return [keep = std::forward<Keep>(keep)](std::vector<Token>& tokens) {
    std::erase_if(tokens, [&](const Token& token) { return !keep(token.text); });
  };
}

/// Whether every character of a text passes.
template <class Pass>
bool all_characters(std::string_view word, Pass&& pass) {
  for (std::size_t at = 0; at < word.size();) {
    if (!pass(next_character(word, at))) return false;
  }
  return true;
}

bool is_ascii_letter_or_digit(char32_t c) { return c < 0x80 && is_letter_or_digit(c); }

std::size_t characters_in(std::string_view word) {
  return static_cast<std::size_t>(std::ranges::count_if(
      word, [](char c) { return (static_cast<unsigned char>(c) & 0xC0u) != 0x80u; }));
}

Result<TokenFilter> length_filter(const Json& filter) {
  const Json most = filter.value("max", Json());
  const Json least = filter.value("min", Json());
  if ((!most.is_null() && !most.is_number_unsigned()) ||
      (!least.is_null() && !least.is_number_unsigned()) || (most.is_null() && least.is_null())) {
    return refuse("the length filter takes \"max\" or \"min\", whole numbers");
  }
  const std::size_t max = most.is_null() ? ~std::size_t{0} : most.get<std::size_t>();
  const std::size_t min = least.is_null() ? 0 : least.get<std::size_t>();
  return keep_if([=](const std::string& word) {
    const std::size_t length = characters_in(word);
    return length >= min && length <= max;
  });
}

Result<TokenFilter> regex_filter(const Json& filter) {
  const Json expression = filter.value("expr", Json());
  if (!expression.is_string()) return refuse("the regex filter takes \"expr\"");
  try {
    const std::regex wanted(expression.get<std::string>());
    return keep_if([=](const std::string& word) { return std::regex_search(word, wanted); });
  } catch (const std::regex_error& error) {
    return refuse(join_text("'", expression.get<std::string>(),
                            "' is no regular expression: ", error.what()));
  }
}

Result<TokenFilter> folding_filter() {
  SIMILE_ASSIGN(const LanguageTools* tools, language_tools());
  return [tools](std::vector<Token>& tokens) {
    for (Token& token : tokens) token.text = tools->without_accents(token.text);
  };
}

}  // namespace

TokenFilter lower_case_filter() {
  return [](std::vector<Token>& tokens) {
    std::string lower;
    for (Token& token : tokens) {
      lower.clear();
      for (std::size_t at = 0; at < token.text.size();) {
        append_utf8(lower_case(next_character(token.text, at)), lower);
      }
      token.text = lower;
    }
  };
}

Result<TokenFilter> stop_filter(const Json& words) {
  std::unordered_set<std::string> stops;
  const Json list = words.is_array() ? words : Json::array({words});
  for (const Json& word : list) {
    if (!word.is_string()) return refuse("stop words are texts");
    const auto& text = word.get_ref<const std::string&>();
    if (text == "_english_") {
      for (const std::string_view stop : kEnglishStops) stops.emplace(stop);
    } else if (text.size() > 2 && text.front() == '_' && text.back() == '_') {
      return refuse(join_text("there is no list of stop words ", text, "; known: _english_"));
    } else {
      stops.insert(text);
    }
  }
  return keep_if(
      [stops = std::move(stops)](const std::string& word) { return !stops.contains(word); });
}

Result<TokenFilter> stem_filter(const std::string& language) {
  SIMILE_ASSIGN(const LanguageTools* tools, language_tools());
  if (tools->make_stemmer(language.c_str()) == nullptr) {
    return refuse(join_text("there is no stemmer for the language '", language, "'"));
  }
  return [tools, language](std::vector<Token>& tokens) {
    // Stemmers keep their last word, so that threads do not share one.
    thread_local std::unordered_map<std::string, std::unique_ptr<Stemmer>> stemmers;
    auto& stemmer = stemmers[language];
    if (!stemmer) stemmer = tools->make_stemmer(language.c_str());
    for (Token& token : tokens) token.text = std::string(stemmer->stem(token.text));
  };
}

TokenFilter han_or_ascii_filter(bool ascii) {
  return keep_if([ascii](const std::string& word) {
    return all_characters(
        word, [&](char32_t c) { return is_han(c) || (ascii && is_ascii_letter_or_digit(c)); });
  });
}

Result<TokenFilter> make_filter(const Json& filter) {
  const Json type = filter.is_object() ? filter.value("type", Json()) : filter;
  if (!type.is_string()) return refuse("a filter is a name, or an object with its \"type\"");
  const auto& name = type.get_ref<const std::string&>();
  if (name == "lowercase") return lower_case_filter();
  if (name == "asciifolding") return folding_filter();
  if (name == "alphanumonly") {
    return keep_if(
        [](const std::string& word) { return all_characters(word, is_ascii_letter_or_digit); });
  }
  if (name == "cnalphanumonly") return han_or_ascii_filter(true);
  if (name == "cncharonly") return han_or_ascii_filter(false);
  if (name == "removepunct") {
    return keep_if([](const std::string& word) {
      return !all_characters(word, [](char32_t c) { return !is_letter_or_digit(c); });
    });
  }
  if (!filter.is_object() && (name == "length" || name == "stop" || name == "regex")) {
    return refuse(join_text("the ", name, " filter is an object with what it takes"));
  }
  if (name == "length") return length_filter(filter);
  if (name == "stop") return stop_filter(filter.value("stop_words", Json::array()));
  if (name == "regex") return regex_filter(filter);
  if (name == "stemmer") {
    const Json language =
        filter.is_object() ? filter.value("language", Json("english")) : Json("english");
    if (!language.is_string()) return refuse("the language of a stemmer is a text");
    return stem_filter(language.get<std::string>());
  }
  return refuse(join_text("no filter '", name, "'; known: ", kKnown));
}

}  // namespace simile::text
