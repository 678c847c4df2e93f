#include "simile/server/embedded_schema.h"

#include "simile/base/text.h"
#include "simile/server/index_names.h"

namespace simile::server {

namespace {

constexpr std::string_view kSpec = "simile_spec";

DefaultValue default_of(const wire_schema::ValueField& value) {
  using Case = wire_schema::ValueField::DataCase;
  switch (value.data_case()) {
    case Case::kBoolData: return value.bool_data();
    case Case::kLongData: return std::int64_t{value.long_data()};
    case Case::kDoubleData: return value.double_data();
    case Case::kStringData: return value.string_data();
    default: return {};
  }
}

}  // namespace

Answer<Field> parse_embedded_field(const wire_schema::FieldSchema& message) {
  const Parameters params = parameters_of(message.index_params());
  const auto spec = params.find(kSpec);
  if (spec == params.end()) {
    return refuse_parameter(join_text("field '", message.name(), "' has no ", kSpec,
                                      "; the rules of the embedded library need it"));
  }
  SIMILE_ASSIGN(Field field, parse_field(message.name(), spec->second));
  field.default_value = default_of(message.default_value());
  field.dynamic = field.name == kDynamicField;
  const bool is_float = field.type == FieldType::kFloat || field.type == FieldType::kDouble;
  if (const auto* integer = std::get_if<std::int64_t>(&field.default_value); integer && is_float) {
    field.default_value = static_cast<double>(*integer);
  }
  return field;
}

Answer<ParsedSchema> parse_embedded_schema(const wire_schema::CollectionSchema& message) {
  ParsedSchema parsed;
  for (const auto& each : message.fields()) {
    SIMILE_ASSIGN(Field field, parse_embedded_field(each));
    if (field.is_searched()) {
      parsed.meta.indexes.push_back(
          {.name = field.name,
           .field = field.name,
           .id = static_cast<std::int64_t>(next_timestamp()),
           .params = {{"index_type", field.index == IndexKind::kFlat ? "FLAT" : "AUTOINDEX"},
                      {"metric_type", std::string(wire_name(field.metric))}}});
    }
    parsed.fields.push_back(std::move(field));
  }
  parsed.meta.loaded = true;
  return parsed;
}

void describe_embedded_schema(const CollectionHandle& handle,
                              wire_schema::CollectionSchema& message) {
  message.set_name(handle.name());
  for (const Field& field : handle.schema().fields()) {
    if (field.name == kPartitionField) continue;
    auto& each = *message.add_fields();
    each.set_name(field.name);
    each.set_is_dynamic(field.dynamic);
    add_parameters({{std::string(kSpec), describe(field)}}, *each.mutable_index_params());
  }
}

}  // namespace simile::server
