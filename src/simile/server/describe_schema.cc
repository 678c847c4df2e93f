/// Simile's schemas as messages.

#include "simile/base/timestamp.h"
#include "simile/server/schema_message.h"
#include "simile/server/text_functions.h"

namespace simile::server {

namespace {

using wire_schema::DataType;

}  // namespace

DataType wire_type(FieldType type) {
  switch (type) {
    case FieldType::kBool: return DataType::Bool;
    case FieldType::kInt8: return DataType::Int8;
    case FieldType::kInt16: return DataType::Int16;
    case FieldType::kInt32: return DataType::Int32;
    case FieldType::kInt64: return DataType::Int64;
    case FieldType::kFloat: return DataType::Float;
    case FieldType::kDouble: return DataType::Double;
    case FieldType::kString: return DataType::VarChar;
    case FieldType::kJson: return DataType::JSON;
    case FieldType::kArray: return DataType::Array;
    case FieldType::kSparse: return DataType::SparseFloatVector;
    default: return DataType::None;
  }
}

DataType wire_type(const Field& field, const FieldMeta* meta) {
  if (meta != nullptr && meta->data_type != 0) return static_cast<DataType>(meta->data_type);
  if (field.type != FieldType::kVector) return wire_type(field.type);
  switch (field.vector.element) {
    case ElementType::kFloat32: return DataType::FloatVector;
    case ElementType::kFloat16: return DataType::Float16Vector;
    case ElementType::kBFloat16: return DataType::BFloat16Vector;
    case ElementType::kInt8: return DataType::Int8Vector;
    case ElementType::kBit: return DataType::BinaryVector;
    default: return DataType::None;
  }
}

namespace {

void describe_default(const Field& field, wire_schema::FieldSchema& message) {
  if (!field.has_default()) return;
  auto& value = *message.mutable_default_value();
  if (message.data_type() == DataType::Timestamptz) {
    value.set_string_data(timestamp_text(std::get<std::int64_t>(field.default_value)));
    return;
  }
  if (const auto* flag = std::get_if<bool>(&field.default_value)) value.set_bool_data(*flag);
  if (const auto* text = std::get_if<std::string>(&field.default_value)) {
    if (field.type == FieldType::kJson) {
      value.set_bytes_data(*text);
    } else {
      value.set_string_data(*text);
    }
  }
  if (const auto* whole = std::get_if<std::int64_t>(&field.default_value)) {
    if (field.type == FieldType::kInt64) {
      value.set_long_data(*whole);
    } else {
      value.set_int_data(static_cast<std::int32_t>(*whole));
    }
  }
  if (const auto* real = std::get_if<double>(&field.default_value)) {
    if (field.type == FieldType::kDouble) {
      value.set_double_data(*real);
    } else {
      value.set_float_data(static_cast<float>(*real));
    }
  }
}

}  // namespace

void describe_schema(const CollectionHandle& handle, wire_schema::CollectionSchema& message) {
  message.set_name(handle.name());
  message.set_description(handle.meta->description);
  for (const Field& field : handle.schema().fields()) {
    if (field.name == kPartitionField) continue;
    if (field.dynamic) {
      message.set_enable_dynamic_field(true);
      continue;
    }
    const FieldMeta* meta = handle.meta->find_field(field.name);
    auto& each = *message.add_fields();
    each.set_name(field.name);
    each.set_data_type(wire_type(field, meta));
    each.set_is_primary_key(field.primary_key);
    each.set_autoid(field.auto_id);
    each.set_nullable(field.nullable);
    each.set_is_partition_key(field.partition_key);
    each.set_is_function_output(!field.source.empty());
    describe_default(field, each);
    if (field.type == FieldType::kArray) each.set_element_type(wire_type(field.element_type));
    Parameters params;
    if (meta != nullptr) {
      each.set_fieldid(meta->id);
      each.set_description(meta->description);
      each.set_is_clustering_key(meta->clustering_key);
      params = meta->type_params;
    }
    // A collection of the embedded library has no limits; clients expect some.
    if (field.type == FieldType::kVector) params["dim"] = std::to_string(field.vector.dim);
    if (field.type == FieldType::kString || field.max_length != 0) {
      params["max_length"] =
          std::to_string(field.max_length == 0 ? kVarCharBytesMax : field.max_length);
    }
    if (field.type == FieldType::kArray) {
      params["max_capacity"] =
          std::to_string(field.max_capacity == 0 ? kArrayCapacityMax : field.max_capacity);
    }
    if (!field.analyzer.empty()) {
      params.try_emplace("enable_analyzer", "true");
      params.try_emplace("analyzer_params", field.analyzer);
    }
    add_parameters(params, *each.mutable_type_params());
  }
  describe_functions(handle, message);
}

}  // namespace simile::server
