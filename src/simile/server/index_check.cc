#include "simile/server/index_check.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "simile/base/text.h"
#include "simile/server/index_names.h"
#include "simile/server/request_parameters.h"
#include "simile/server/schema_message.h"

namespace simile::server {

namespace {

constexpr auto kInvalidParams =
    ": invalid parameter[expected=valid index params][actual=invalid index params]";

std::unexpected<Fault> invalid_params(std::string text) {
  return refuse_parameter(join_text(text, kInvalidParams));
}

std::unexpected<Fault> invalid_type(std::string_view type) {
  return refuse_parameter(
      join_text("invalid parameter[expected=valid index][actual=invalid index type: ", type, "]"));
}

/// Known for vectors of some type.
bool is_vector_index(std::string_view type) {
  Field sparse;
  sparse.type = FieldType::kSparse;
  return vector_index_kind(type).has_value() || index_kind_of(sparse, type).has_value() ||
         upper_case(type).starts_with("GPU_");
}

Answer<void> check_vector_index(const Field& field, std::string_view type) {
  if (!is_vector_index(type)) return invalid_type(type);
  const std::string upper = upper_case(type);
  bool fits = index_kind_of(field, type).has_value();
  if (field.type == FieldType::kVector && field.vector.element == ElementType::kInt8) {
    constexpr std::array<std::string_view, 5> kFit = {"", "AUTOINDEX", "HNSW", "FLAT",
                                                      "BRUTE_FORCE"};
    if (upper.starts_with("GPU_")) return invalid_type(type);
    fits = std::ranges::find(kFit, upper) != kFit.end();
  } else if (field.type == FieldType::kVector && field.vector.element != ElementType::kBit) {
    fits = fits && !upper.starts_with("BIN_");
  }
  if (fits) return {};
  return invalid_params(join_text("data type ",
                                  wire_schema::DataType_Name(wire_type(field, nullptr)),
                                  " can't build with this index ", type));
}

/// json_cast_type says as what the values at json_path are indexed.
Answer<void> check_json_index(const Parameters& params) {
  constexpr std::array<std::string_view, 7> kCasts = {
      "BOOL", "DOUBLE", "VARCHAR", "ARRAY_BOOL", "ARRAY_DOUBLE", "ARRAY_VARCHAR", "JSON"};
  const std::string cast = index_parameter(params, "json_cast_type");
  if (cast.empty()) {
    return invalid_params(
        "json index must specify cast type: missing parameter[missing_param=json_cast_type]");
  }
  if (std::ranges::find(kCasts, upper_case(cast)) == kCasts.end()) {
    return invalid_params(join_text("json_cast_type ", cast, " is not supported"));
  }
  const std::string path = index_parameter(params, "json_path");
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$';
  };
  if (path.empty() || letter(path[0])) return {};
  return refuse(FaultCode::kUnexpected, join_text("cannot parse identifier: ", path));
}

/// Lengths of the sequences that Milvus would index; here they are always of 3 bytes.
Answer<void> check_gram_sizes(const Parameters& params) {
  std::array<std::int64_t, 2> sizes{};
  for (std::size_t i = 0; i < 2; ++i) {
    const char* key = i == 0 ? "min_gram" : "max_gram";
    const std::string text = index_parameter(params, key);
    if (text.empty()) {
      return invalid_params("Ngram index must specify both min_gram and max_gram");
    }
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), sizes[i]);
    if (error != std::errc() || end != text.data() + text.size()) {
      return invalid_params(join_text(key, " for Ngram index must be an integer, got: ", text));
    }
  }
  if (sizes[0] > 0 && sizes[0] <= sizes[1]) return {};
  return invalid_params(join_text("invalid min_gram or max_gram value for Ngram index, min_gram: ",
                                  sizes[0], ", max_gram: ", sizes[1]));
}

Answer<void> check_scalar_index(const Field& field, const Parameters& params) {
  const std::string type = index_parameter(params, "index_type");
  if (!is_scalar_index(type)) return invalid_type(type);
  const std::string upper = upper_case(type);
  const bool text = field.type == FieldType::kString;
  const bool json = field.type == FieldType::kJson;
  const bool array = field.type == FieldType::kArray;
  const bool real = field.type == FieldType::kFloat || field.type == FieldType::kDouble;
  if (upper == "TRIE" && !text) {
    return invalid_params("TRIE are only supported on varchar field");
  }
  if (upper == "STL_SORT" && (json || array || field.type == FieldType::kBool)) {
    return invalid_params(
        join_text("STL_SORT are only supported on numeric, varchar or timestamptz field, got ",
                  wire_schema::DataType_Name(wire_type(field, nullptr))));
  }
  if (upper == "BITMAP" && (json || real)) {
    return invalid_params("bitmap index are only supported on bool, int, string and array field");
  }
  if (upper == "NGRAM") {
    if (!text && !json) {
      return invalid_params("ngram index can only be created on VARCHAR or JSON field");
    }
    SIMILE_TRY(check_gram_sizes(params));
  }
  return json ? check_json_index(params) : Answer<void>();
}

std::string json_path_of(const IndexMeta& index) {
  const std::string path = index_parameter(index.params, "json_path");
  return path.empty() ? index.field : path;
}

}  // namespace

namespace {
std::string text_of(const nlohmann::json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}
}  // namespace

Answer<Parameters> index_parameters(const KeyValues& pairs) {
  Parameters params;
  for (const auto& pair : pairs) {
    if (pair.key() != "params" || pair.value().empty()) {
      if (pair.key() != "params") params[pair.key()] = pair.value();
      continue;
    }
    if (pair.value().size() > kParameterBytesMax) {
      return refuse_parameter(join_text("params have at most ", kParameterBytesMax,
                                        " bytes, and these have ", pair.value().size()));
    }
    const auto object = nlohmann::json::parse(pair.value(), nullptr, false);
    if (!object.is_object()) {
      return refuse_parameter(join_text("params is no JSON object: ", pair.value()));
    }
    if (!object.empty()) params["params"] = pair.value();
    for (const auto& [key, value] : object.items()) {
      params.try_emplace(key, text_of(value));
    }
  }
  return params;
}

Parameters asked_parameters(const IndexMeta& index) {
  Parameters params = index.params;
  const auto text = params.find("params");
  if (text == params.end()) return params;
  const auto object = nlohmann::json::parse(text->second, nullptr, false);
  if (!object.is_object()) return params;
  for (const auto& [key, value] : object.items()) {
    const bool stays = key == "index_type" || key == "metric_type" || key == "params";
    const auto member = params.find(key);
    if (!stays && member != params.end() && member->second == text_of(value)) params.erase(member);
  }
  return params;
}

std::string index_parameter(const Parameters& params, std::string_view key) {
  const auto found = params.find(key);
  return found == params.end() ? std::string() : found->second;
}

std::string default_index_name(const Field& field, const std::string& asked,
                               const Parameters& params) {
  const std::string path = index_parameter(params, "json_path");
  if (path.empty()) return asked;
  // f['a'][0] is f/a/0.
  std::string name;
  for (const char c : path) {
    if (c == '[') name += '/';
    if (c != '[' && c != ']' && c != '\'' && c != '"') name += c;
  }
  const bool dynamic = field.name == kDynamicField && !name.starts_with(kDynamicField);
  return dynamic ? join_text(kDynamicField, "/", name) : name;
}

Answer<void> check_index(const Field& field, const Parameters& params) {
  if (!field.is_searched()) return check_scalar_index(field, params);
  return check_vector_index(field, index_parameter(params, "index_type"));
}

Answer<Metric> index_metric(const Field& field, const Parameters& params) {
  const std::string name = index_parameter(params, "metric_type");
  if (field.type == FieldType::kSparse) {
    if (name.empty() || upper_case(name) == wire_name(field.metric)) return field.metric;
    if (field.metric == Metric::kBm25) {
      return invalid_params(
          join_text("index metric type of BM25 function output field must be BM25, got ", name));
    }
    if (upper_case(name) == "BM25") {
      return invalid_params(
          join_text("only BM25 function output field support BM25 metric type: ", field.name));
    }
    return invalid_params(
        join_text("only IP&BM25 is the supported metric type for sparse index: ", "field ",
                  field.name, " has ", wire_name(field.metric), ", asked for ", name));
  }
  const bool bits = field.vector.element == ElementType::kBit;
  if (name.empty()) return bits ? Metric::kHamming : Metric::kCosine;
  const Answer<Metric> metric = parse_wire_metric(name);
  if (metric && check_metric(*metric, field.vector.element)) return *metric;
  if (bits) {
    return invalid_params(join_text("metric type ", name,
                                    " not found or not supported, supported: [HAMMING JACCARD]"));
  }
  return invalid_params(join_text(field.vector.element == ElementType::kInt8 ? "int" : "float",
                                  " vector index does not support metric type: ", name));
}

Answer<void> check_geometry_index(const Field& field, const FieldMeta* meta,
                                  const Parameters& params) {
  const bool geometry = wire_type(field, meta) == wire_schema::DataType::Geometry;
  const std::string type = upper_case(index_parameter(params, "index_type"));
  if (type == "RTREE" && !geometry) {
    return refuse_parameter(
        join_text("RTREE index can only be built on geometry field, and ", field.name, " is none"));
  }
  if (geometry && !type.empty() && type != "RTREE" && type != "AUTOINDEX") {
    return refuse_parameter(
        join_text(type, " are not supported on Geometry field ", field.name, "; RTREE is"));
  }
  return {};
}

std::string name_in_place(const CollectionMeta& collection, const IndexMeta& asked) {
  for (const IndexMeta& there : collection.indexes) {
    if (there.field == asked.field && json_path_of(there) == json_path_of(asked)) return there.name;
  }
  return asked.name;
}

Answer<bool> index_is_there(const CollectionMeta& collection, const IndexMeta& asked) {
  const auto meaning = [](const IndexMeta& index) {
    Parameters params = index.params;
    params.erase("params");  // its members are there
    return params;
  };
  for (const IndexMeta& there : collection.indexes) {
    const bool same_place =
        there.field == asked.field && json_path_of(there) == json_path_of(asked);
    if (there.name == asked.name) {
      if (same_place && meaning(there) == meaning(asked)) return true;
      return refuse(FaultCode::kUnexpected,
                    join_text("CreateIndex failed: at most one distinct index is allowed per "
                              "field; drop index ",
                              there.name, " of field ", there.field, " first"));
    }
    if (same_place) {
      return refuse(FaultCode::kUnexpected,
                    join_text("CreateIndex failed: creating multiple indexes on same field is not "
                              "supported; drop index ",
                              there.name, " first"));
    }
  }
  return false;
}

}  // namespace simile::server
