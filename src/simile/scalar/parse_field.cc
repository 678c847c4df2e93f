/// The textual form of a field. Grammar, with words apart by blanks:
///   field  = ("int64" | "string") "primary" "key" ["auto"]
///          | scalar ["inverted" | "ngram"] ["nullable"]
///          | element "[" digits "]" metric [index kind] ["nullable"]
///          | "sparse" "ip" [index kind] ["nullable"]
///          | "sparse" "bm25(" name ")" ["k1=" number] ["b=" number] [index kind]
///          | "string" "analyzer=" (name of a type | JSON without blanks) ["nullable"]
///   scalar = name of a type, or "array<" name of an element type ">"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/schema.h"

namespace simile {

namespace {

constexpr std::array<std::string_view, 12> kTypeNames = {"bool",  "int8",  "int16",  "int32",
                                                         "int64", "float", "double", "string",
                                                         "json",  "array", "vector", "sparse"};
constexpr std::string_view kForms =
    "bool, int8, int16, int32, int64, float, double, string, json, array<int64>, float32[128], "
    "sparse";

std::unexpected<Error> refuse(std::string_view name, std::string_view text, std::string_view why) {
  return fail(ErrorCode::kInvalidArgument, join_text("field '", name, "': '", text, "': ", why));
}

std::vector<std::string_view> split_words(std::string_view text) {
  std::vector<std::string_view> words;
  constexpr std::string_view kBlanks = " \t\r\n";
  for (std::size_t at = text.find_first_not_of(kBlanks); at != std::string_view::npos;) {
    const std::size_t end = std::min(text.find_first_of(kBlanks, at), text.size());
    words.push_back(text.substr(at, end - at));
    at = text.find_first_not_of(kBlanks, end);
  }
  return words;
}

/// kArray, kVector and what else cannot be named by one word are not found.
std::optional<FieldType> find_scalar(std::string_view word) {
  for (std::size_t i = 0; i < static_cast<std::size_t>(FieldType::kArray); ++i) {
    if (kTypeNames[i] == word) return static_cast<FieldType>(i);
  }
  return std::nullopt;
}

/// "float32[128]": the words after it are metric, index kind, and what a graph is made for.
Status parse_vector(Field& field, std::string_view text, std::vector<std::string_view>& words) {
  const std::string_view word = words[0];
  const std::size_t bracket = word.find('[');
  const auto element = parse_element_type(word.substr(0, bracket));
  if (!element) return refuse(field.name, text, element.error().message);
  field.type = FieldType::kVector;
  field.vector.element = *element;
  const std::string_view digits = word.substr(bracket + 1, word.size() - bracket - 2);
  const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), field.vector.dim);
  if (word.back() != ']' || end.ec != std::errc() || end.ptr != digits.data() + digits.size()) {
    return refuse(field.name, text, "the dimension is a number in brackets, as in float32[128]");
  }
  if (words.size() < 2) {
    return refuse(field.name, text, "name the metric after the dimension, as in float32[128] l2");
  }
  const auto metric = parse_metric(words[1]);
  if (!metric) return refuse(field.name, text, metric.error().message);
  field.metric = *metric;
  words.erase(words.begin(), words.begin() + 2);
  if (words.empty() || words[0] == "nullable") return {};
  const auto kind = parse_index_kind(words[0]);
  if (!kind) return refuse(field.name, text, kind.error().message);
  field.index = *kind;
  words.erase(words.begin());
  if (field.index != IndexKind::kGraph || words.empty()) return {};
  const auto optimize = parse_optimize(words[0]);
  if (!optimize) return {};  // another word of the field, or unknown there as well
  field.optimize = *optimize;
  words.erase(words.begin());
  return {};
}

Status parse_sparse(Field& field, std::string_view text, std::vector<std::string_view>& words) {
  field.type = FieldType::kSparse;
  field.index = IndexKind::kInverted;
  const std::string_view metric = words.size() < 2 ? std::string_view() : words[1];
  const bool is_bm25 = metric.starts_with("bm25(") && metric.ends_with(")");
  if (metric != "ip" && !is_bm25) {
    return refuse(field.name, text, "after sparse comes its metric, ip or bm25(FIELD)");
  }
  field.metric = is_bm25 ? Metric::kBm25 : Metric::kInnerProduct;
  if (is_bm25) field.source = metric.substr(5, metric.size() - 6);
  words.erase(words.begin(), words.begin() + 2);
  const auto take_number = [&](std::string_view name, float& to) {
    if (!is_bm25 || words.empty() || !words[0].starts_with(name)) return true;
    const std::string_view digits = words[0].substr(name.size());
    const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), to);
    words.erase(words.begin());
    return end.ec == std::errc() && end.ptr == digits.data() + digits.size();
  };
  if (!take_number("k1=", field.bm25_k1) || !take_number("b=", field.bm25_b)) {
    return refuse(field.name, text, "k1= and b= are followed by a number");
  }
  if (words.empty() || (words[0] != "flat" && words[0] != "inverted")) return {};
  if (words[0] == "flat") field.index = IndexKind::kFlat;
  words.erase(words.begin());
  return {};
}

Status parse_type(Field& field, std::string_view text, std::vector<std::string_view>& words) {
  const std::string_view word = words[0];
  if (word.find('[') != std::string_view::npos) return parse_vector(field, text, words);
  if (word == name_of(FieldType::kSparse)) return parse_sparse(field, text, words);
  const bool is_array = word.starts_with("array<") && word.ends_with(">");
  const auto found = find_scalar(is_array ? word.substr(6, word.size() - 7) : word);
  if (is_array) {
    if (!found || *found >= FieldType::kJson) {
      return refuse(field.name, text,
                    "an array is of bool, int8, int16, int32, int64, float, double or string");
    }
    field.type = FieldType::kArray;
    field.element_type = *found;
  } else if (found) {
    field.type = *found;
  } else {
    return refuse(field.name, text, join_text("unknown type '", word, "'; known: ", kForms));
  }
  words.erase(words.begin());
  constexpr std::string_view kAnalyzer = "analyzer=";
  if (field.type == FieldType::kString && !words.empty() && words[0].starts_with(kAnalyzer)) {
    const std::string_view analyzer = words[0].substr(kAnalyzer.size());
    field.analyzer = analyzer.starts_with('{') ? std::string(analyzer)
                                               : join_text("{\"type\":\"", analyzer, "\"}");
    words.erase(words.begin());
  }
  return {};
}

/// As after "analyzer=": the name alone where that is all, and JSON without blanks.
std::string analyzer_text(std::string_view json) {
  constexpr std::string_view kBegin = "{\"type\":\"";
  constexpr std::string_view kEnd = "\"}";
  if (json.starts_with(kBegin) && json.ends_with(kEnd)) {
    const auto name = json.substr(kBegin.size(), json.size() - kBegin.size() - kEnd.size());
    if (name.find_first_not_of("abcdefghijklmnopqrstuvwxyz") == std::string_view::npos) {
      return std::string(name);
    }
  }
  std::string text;
  bool in_text = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    if (json[i] == '"' && (i == 0 || json[i - 1] != '\\')) in_text = !in_text;
    if (std::string_view(" \t\r\n").find(json[i]) == std::string_view::npos) {
      text += json[i];
    } else if (in_text) {
      text += "\\u0020";
    }
  }
  return text;
}

}  // namespace

std::string_view name_of(FieldType type) {
  const auto index = static_cast<std::size_t>(type);
  return index < kTypeNames.size() ? kTypeNames[index] : "unknown";
}

std::string_view name_of(ScalarIndex index) {
  switch (index) {
    case ScalarIndex::kNone: return "none";
    case ScalarIndex::kInverted: return "inverted";
    case ScalarIndex::kNgram: return "ngram";
  }
  return "unknown";
}

Result<ScalarIndex> parse_scalar_index(std::string_view name) {
  if (name == "none") return ScalarIndex::kNone;
  if (name == "ngram") return ScalarIndex::kNgram;
  for (const char* same : {"inverted", "sorted", "bitmap", "trie"}) {
    if (name == same) return ScalarIndex::kInverted;
  }
  return fail(ErrorCode::kInvalidArgument,
              join_text("unknown index '", name,
                        "' of a scalar field; known: inverted (also called sorted, bitmap and "
                        "trie), ngram, none"));
}

Result<Field> parse_field(std::string_view name, std::string_view text) {
  Field field;
  field.name = name;
  std::vector<std::string_view> words = split_words(text);
  if (words.empty()) return refuse(name, text, join_text("the type is missing; known: ", kForms));
  SIMILE_TRY(parse_type(field, text, words));

  const auto take = [&words](std::string_view word) {
    if (words.empty() || words[0] != word) return false;
    words.erase(words.begin());
    return true;
  };
  if (!field.is_searched()) {
    if (take("inverted")) field.scalar_index = ScalarIndex::kInverted;
    if (take("ngram")) field.scalar_index = ScalarIndex::kNgram;
  }
  if (take("primary")) {
    if (!take("key")) return refuse(name, text, "after primary comes key");
    field.primary_key = true;
    field.auto_id = take("auto");
  } else {
    field.nullable = take("nullable");
  }
  if (!words.empty()) {
    return refuse(name, text,
                  join_text("'", words[0],
                            "' is not understood; known: primary key, "
                            "primary key auto, inverted, ngram, nullable"));
  }
  return field;
}

std::string describe(const Field& field) {
  std::string text;
  if (field.type == FieldType::kVector) {
    text = join_text(name_of(field.vector.element), "[", field.vector.dim, "] ",
                     name_of(field.metric));
    if (field.index != IndexKind::kGraph) text += join_text(" ", name_of(field.index));
    if (field.optimize == Optimize::kMemory) text += " graph memory";
  } else if (field.type == FieldType::kSparse) {
    text = join_text("sparse ", name_of(field.metric));
    if (!field.source.empty()) text += join_text("(", field.source, ")");
    const Field usual;
    if (field.bm25_k1 != usual.bm25_k1) text += join_text(" k1=", field.bm25_k1);
    if (field.bm25_b != usual.bm25_b) text += join_text(" b=", field.bm25_b);
    if (field.index == IndexKind::kFlat) text += " flat";
  } else if (field.type == FieldType::kArray) {
    text = join_text("array<", name_of(field.element_type), ">");
  } else {
    text = name_of(field.type);
  }
  if (!field.analyzer.empty()) text += " analyzer=" + analyzer_text(field.analyzer);
  if (field.scalar_index != ScalarIndex::kNone) text += join_text(" ", name_of(field.scalar_index));
  if (field.primary_key) text += " primary key";
  if (field.auto_id) text += " auto";
  if (field.nullable) text += " nullable";
  return text;
}

}  // namespace simile
