#include "simile/schema.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <set>
#include <utility>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/scalar/column_index.h"
#include "simile/scalar/json.h"

namespace simile {

namespace {

constexpr std::size_t kNameBytesMax = 255;

bool is_name(std::string_view text) {
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  if (text.empty() || text.size() > kNameBytesMax || !is_letter(text[0])) return false;
  return std::ranges::all_of(text, [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

std::unexpected<Error> refuse(const Field& field, std::string_view why) {
  return fail(ErrorCode::kInvalidArgument, join_text("field '", field.name, "': ", why));
}

Status check_vector(const Field& field) {
  const VectorType& type = field.vector;
  if (type.element > ElementType::kBit) return refuse(field, "its element type is none");
  if (type.dim == 0 || type.dim > kMaxDimension) {
    return refuse(field, join_text("dimension ", type.dim, " is not in 1..", kMaxDimension));
  }
  if (type.element == ElementType::kBit && type.dim % 8 != 0) {
    return refuse(field, join_text("a bit vector has a multiple of 8 bits, not ", type.dim));
  }
  if (field.metric > Metric::kJaccard) return refuse(field, "its metric is none");
  if (field.index > IndexKind::kGraph) return refuse(field, "its index is flat or graph");
  if (field.optimize > Optimize::kMemory ||
      (field.optimize == Optimize::kMemory && field.index != IndexKind::kGraph)) {
    return refuse(field, "only a graph is made for memory");
  }
  if (const Status fits = check_metric(field.metric, type.element); !fits) {
    return refuse(field, fits.error().message);
  }
  return {};
}

Status check_sparse(const Field& field) {
  if (field.metric != (field.source.empty() ? Metric::kInnerProduct : Metric::kBm25)) {
    return refuse(field, "the metric of sparse vectors is ip, of the words of a field bm25");
  }
  if (!(field.bm25_k1 >= 0 && field.bm25_k1 <= 10) || !(field.bm25_b >= 0 && field.bm25_b <= 1)) {
    return refuse(field, "k1 of BM25 is from 0 to 10, b from 0 to 1");
  }
  if (!field.source.empty() && field.nullable) {
    return refuse(field, "the words of a field are never null");
  }
  if (field.index != IndexKind::kFlat && field.index != IndexKind::kInverted) {
    return refuse(field, "the index of sparse vectors is inverted or flat");
  }
  if (field.optimize != Optimize::kSpeed) return refuse(field, "only a graph is made for memory");
  return {};
}

/// What a field of this type has where nothing is said.
void settle(Field& field) {
  if (field.type != FieldType::kSparse) return;
  if (field.index == IndexKind::kGraph) field.index = IndexKind::kInverted;
  if (!field.source.empty()) field.metric = Metric::kBm25;
  if (field.metric == Metric::kL2) field.metric = Metric::kInnerProduct;
}

Status check_key(const Field& field) {
  if (field.type != FieldType::kInt64 && field.type != FieldType::kString) {
    return refuse(field, join_text("a primary key is int64 or string, not ", name_of(field.type)));
  }
  if (field.nullable) return refuse(field, "a primary key cannot be nullable");
  return {};
}

/// Whether a default can be a value of the type.
bool default_fits(const Field& field) {
  const auto in_range = [&](std::int64_t low, std::int64_t high) {
    const auto* value = std::get_if<std::int64_t>(&field.default_value);
    return value != nullptr && *value >= low && *value <= high;
  };
  switch (field.type) {
    case FieldType::kBool: return std::holds_alternative<bool>(field.default_value);
    case FieldType::kInt8: return in_range(INT8_MIN, INT8_MAX);
    case FieldType::kInt16: return in_range(INT16_MIN, INT16_MAX);
    case FieldType::kInt32: return in_range(INT32_MIN, INT32_MAX);
    case FieldType::kInt64: return in_range(INT64_MIN, INT64_MAX);
    case FieldType::kFloat:
    case FieldType::kDouble: {
      const auto* value = std::get_if<double>(&field.default_value);
      return value != nullptr && std::isfinite(*value) &&
             (field.type == FieldType::kDouble || std::isfinite(static_cast<float>(*value)));
    }
    case FieldType::kString:
    case FieldType::kJson: {
      const auto* text = std::get_if<std::string>(&field.default_value);
      if (text == nullptr || !scalar::is_text(*text)) return false;
      return field.type == FieldType::kString || scalar::JsonChecker().find_fault(*text) == nullptr;
    }
    case FieldType::kArray:
    case FieldType::kVector:
    case FieldType::kSparse: return false;
  }
  return false;
}

Status check_extras(const Field& field) {
  if (field.has_default() && (field.primary_key || !default_fits(field))) {
    return refuse(field, join_text("the default is no value of type ", name_of(field.type)));
  }
  const auto* text = std::get_if<std::string>(&field.default_value);
  if (text != nullptr && field.max_length != 0 && text->size() > field.max_length) {
    return refuse(field, "the default is longer than max_length");
  }
  const bool of_text =
      field.type == FieldType::kString ||
      (field.type == FieldType::kArray && field.element_type == FieldType::kString);
  if (field.max_length != 0 && !of_text) return refuse(field, "max_length is for strings");
  if (field.max_capacity != 0 && field.type != FieldType::kArray) {
    return refuse(field, "max_capacity is for arrays");
  }
  if (field.dynamic && (field.type != FieldType::kJson || field.name != kDynamicField)) {
    return refuse(field, join_text("the dynamic field is JSON and called ", kDynamicField));
  }
  if (!scalar::can_have_index(field, field.scalar_index)) {
    return refuse(field,
                  "an inverted index is for numbers, bools, texts and arrays of them that are "
                  "no primary key, an n-gram index for texts");
  }
  if (!field.analyzer.empty() && field.type != FieldType::kString) {
    return refuse(field, "only texts have an analyzer");
  }
  if (!field.source.empty() && field.type != FieldType::kSparse) {
    return refuse(field, "only a sparse field holds the words of another");
  }
  if (field.partition_key &&
      (field.primary_key || field.nullable ||
       (field.type != FieldType::kInt64 && field.type != FieldType::kString))) {
    return refuse(field, "a partition key is int64 or string, not nullable, no primary key");
  }
  return {};
}

Status check_field(const Field& field) {
  const bool is_partition = field.name == kPartitionField && field.type == FieldType::kInt32;
  if (!is_name(field.name) && !field.dynamic && !is_partition) {
    return fail(ErrorCode::kInvalidArgument,
                join_text("field name '", field.name,
                          "' is not a letter or _ followed by letters, digits and _ (at most ",
                          kNameBytesMax, " bytes)"));
  }
  if (field.type > FieldType::kSparse) return refuse(field, "its type is none");
  if (field.type == FieldType::kArray && field.element_type >= FieldType::kJson) {
    return refuse(field, "the elements of an array are bool, a number type or string");
  }
  if (field.type == FieldType::kVector) SIMILE_TRY(check_vector(field));
  if (field.type == FieldType::kSparse) SIMILE_TRY(check_sparse(field));
  if (field.primary_key) SIMILE_TRY(check_key(field));
  if (field.auto_id && !field.primary_key) {
    return refuse(field, "only a primary key can be automatic");
  }
  return check_extras(field);
}

/// Where fields hold the words of others.
Status check_sources(const std::vector<Field>& fields) {
  for (const Field& field : fields) {
    if (field.source.empty()) continue;
    const auto source = std::ranges::find(fields, field.source, &Field::name);
    if (source == fields.end() || source->analyzer.empty()) {
      return refuse(field, join_text("'", field.source,
                                     "' is no string field with an analyzer, whose words it could "
                                     "hold"));
    }
  }
  return {};
}

std::string joined_names(const std::vector<Field>& fields, bool vectors_only) {
  std::string names;
  for (const Field& field : fields) {
    if (vectors_only && !field.is_searched()) continue;
    names += (names.empty() ? "" : ", ") + field.name;
  }
  return names;
}

}  // namespace

Result<Schema> Schema::make(std::vector<Field> fields) {
  Schema schema;
  std::set<std::string_view> names;
  std::size_t keys = 0;
  std::size_t vectors = 0;
  std::size_t partition_keys = 0;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    settle(fields[i]);
    const Field& field = fields[i];
    SIMILE_TRY(check_field(field));
    if (!names.insert(field.name).second) return refuse(field, "the name is there twice");
    if (field.is_searched()) ++vectors;
    if (field.partition_key && ++partition_keys > 1) return refuse(field, "a second partition key");
    if (!field.primary_key) continue;
    schema.primary_key_ = i;
    if (++keys > 1) return refuse(field, "a second primary key; a collection has exactly one");
  }
  if (keys == 0) {
    return fail(ErrorCode::kInvalidArgument,
                "the schema has no primary key; declare one field as 'int64 primary key' or "
                "'string primary key'");
  }
  if (vectors == 0) {
    return fail(ErrorCode::kInvalidArgument,
                "the schema has no vector field; declare one, 'float32[128] cosine' for example");
  }
  SIMILE_TRY(check_sources(fields));
  schema.fields_ = std::move(fields);
  return schema;
}

const Field* Schema::find(std::string_view name) const {
  const auto found = std::ranges::find(fields_, name, &Field::name);
  return found == fields_.end() ? nullptr : &*found;
}

const Field* Schema::dynamic_field() const {
  const auto found = std::ranges::find(fields_, true, &Field::dynamic);
  return found == fields_.end() ? nullptr : &*found;
}

Result<const Field*> Schema::vector_field(std::string_view name) const {
  const Field* only = nullptr;
  for (const Field& field : fields_) {
    if (!field.is_searched()) continue;
    if (field.name == name) return &field;
    if (name.empty() && only != nullptr) {
      return fail(
          ErrorCode::kInvalidArgument,
          join_text("name the vector field to search; there are ", joined_names(fields_, true)));
    }
    only = &field;
  }
  if (name.empty()) return only;
  if (find(name) != nullptr) {
    return fail(ErrorCode::kInvalidArgument,
                join_text("field '", name,
                          "' is no vector field; vector fields: ", joined_names(fields_, true)));
  }
  return fail(
      ErrorCode::kInvalidArgument,
      join_text("unknown field '", name, "'; vector fields: ", joined_names(fields_, true)));
}

}  // namespace simile
