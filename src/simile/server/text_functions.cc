#include "simile/server/text_functions.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "simile/base/text.h"
#include "simile/server/index_names.h"
#include "simile/text/analyzer.h"

namespace simile::server {

namespace {

using Json = nlohmann::json;
using wire_schema::FunctionType;

constexpr std::int64_t kFirstFunctionId = 100;

bool is_true(const Parameters& params, std::string_view key) {
  const auto found = params.find(key);
  return found != params.end() && upper_case(found->second) == "TRUE";
}

/// What clients said about the functions: objects of output field, name and description.
Json functions_of(const CollectionMeta& meta) {
  Json stored = Json::parse(meta.functions, nullptr, false);
  return stored.is_array() ? stored : Json::array();
}

/// Of the function that fills the field.
Json function_of(const Json& functions, const std::string& output) {
  for (const Json& each : functions) {
    if (each.is_object() && each.value("output", Json()) == output) return each;
  }
  return Json::object();
}

std::string text_of(const Json& function, const char* key, std::string other) {
  const Json value = function.value(key, Json());
  return value.is_string() ? value.get<std::string>() : std::move(other);
}

}  // namespace

Answer<void> parse_analyzer(const FieldMeta& meta, Field& field) {
  const bool analyzed =
      is_true(meta.type_params, "enable_analyzer") || is_true(meta.type_params, "enable_match");
  if (!analyzed) return {};
  if (meta.type_params.contains("multi_analyzer_params")) {
    return refuse_parameter(join_text("field ", field.name,
                                      ": multi_analyzer_params are not supported; give the field "
                                      "one analyzer by analyzer_params"));
  }
  const auto params = meta.type_params.find("analyzer_params");
  field.analyzer =
      params == meta.type_params.end() || params->second.empty() ? "{}" : params->second;
  if (const auto made = text::Analyzer::make(field.analyzer); !made) {
    return refuse_parameter(
        join_text("invalid analyzer_params of field ", field.name, ": ", made.error().message));
  }
  return {};
}

Answer<void> parse_function(const wire_schema::FunctionSchema& message, std::vector<Field>& fields,
                            CollectionMeta& meta) {
  if (message.type() != FunctionType::BM25) {
    return refuse_parameter(join_text("function ", message.name(), ": of the types of functions ",
                                      "only BM25 is supported"));
  }
  if (message.input_field_names_size() != 1 || message.output_field_names_size() != 1) {
    return refuse_parameter(join_text("BM25 function ", message.name(),
                                      " should have exactly one input and one output field"));
  }
  const std::string& input_name = message.input_field_names(0);
  const std::string& output_name = message.output_field_names(0);
  const auto input = std::ranges::find(fields, input_name, &Field::name);
  const auto output = std::ranges::find(fields, output_name, &Field::name);
  if (input == fields.end() || input->type != FieldType::kString) {
    return refuse_parameter(join_text("BM25 function input field ", input_name,
                                      " must be a VARCHAR/TEXT field of the collection"));
  }
  if (input->analyzer.empty()) {
    return refuse_parameter(join_text(
        "BM25 function input field must set enable_analyzer to true: ", input_name, " has not"));
  }
  if (output == fields.end() || output->type != FieldType::kSparse) {
    return refuse_parameter(join_text("BM25 function output field ", output_name,
                                      " must be a SparseFloatVector field of the collection"));
  }
  if (!output->source.empty() || output->nullable) {
    return refuse_parameter(join_text("function output field ", output_name,
                                      " is that of another function, or nullable"));
  }
  output->source = input_name;
  output->metric = Metric::kBm25;
  Json functions = functions_of(meta);
  functions.push_back(
      {{"output", output_name}, {"name", message.name()}, {"description", message.description()}});
  meta.functions = functions.dump(-1, ' ', false, Json::error_handler_t::replace);
  return {};
}

void describe_functions(const CollectionHandle& handle, wire_schema::CollectionSchema& message) {
  const Json functions = functions_of(*handle.meta);
  std::int64_t id = kFirstFunctionId;
  for (const Field& field : handle.schema().fields()) {
    if (field.source.empty()) continue;
    const Json said = function_of(functions, field.name);
    auto& function = *message.add_functions();
    function.set_name(text_of(said, "name", "bm25_" + field.name));
    function.set_description(text_of(said, "description", ""));
    function.set_id(id++);
    function.set_type(FunctionType::BM25);
    function.add_input_field_names(field.source);
    function.add_output_field_names(field.name);
    if (const FieldMeta* input = handle.meta->find_field(field.source)) {
      function.add_input_field_ids(input->id);
    }
    if (const FieldMeta* output = handle.meta->find_field(field.name)) {
      function.add_output_field_ids(output->id);
    }
  }
}

}  // namespace simile::server
