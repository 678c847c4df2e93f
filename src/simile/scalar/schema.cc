#include "simile/schema.h"

#include <algorithm>
#include <set>
#include <utility>

#include "simile/base/check.h"
#include "simile/base/text.h"

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
  if (field.index > IndexKind::kGraph) return refuse(field, "its index kind is none");
  if (const Status fits = check_metric(field.metric, type.element); !fits) {
    return refuse(field, fits.error().message);
  }
  if (field.nullable) return refuse(field, "a vector cannot be nullable");
  return {};
}

Status check_key(const Field& field) {
  if (field.type != FieldType::kInt64 && field.type != FieldType::kString) {
    return refuse(field, join_text("a primary key is int64 or string, not ", name_of(field.type)));
  }
  if (field.nullable) return refuse(field, "a primary key cannot be nullable");
  return {};
}

Status check_field(const Field& field) {
  if (!is_name(field.name)) {
    return fail(ErrorCode::kInvalidArgument,
                join_text("field name '", field.name,
                          "' is not a letter or _ followed by letters, digits and _ (at most ",
                          kNameBytesMax, " bytes)"));
  }
  if (field.type > FieldType::kVector) return refuse(field, "its type is none");
  if (field.type == FieldType::kArray && field.element_type >= FieldType::kJson) {
    return refuse(field, "the elements of an array are bool, a number type or string");
  }
  if (field.type == FieldType::kVector) SIMILE_TRY(check_vector(field));
  if (field.primary_key) SIMILE_TRY(check_key(field));
  if (field.auto_id && (!field.primary_key || field.type != FieldType::kInt64)) {
    return refuse(field, "only an int64 primary key can be automatic");
  }
  return {};
}

std::string joined_names(const std::vector<Field>& fields, bool vectors_only) {
  std::string names;
  for (const Field& field : fields) {
    if (vectors_only && field.type != FieldType::kVector) continue;
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
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const Field& field = fields[i];
    SIMILE_TRY(check_field(field));
    if (!names.insert(field.name).second) return refuse(field, "the name is there twice");
    if (field.type == FieldType::kVector) ++vectors;
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
  schema.fields_ = std::move(fields);
  return schema;
}

const Field* Schema::find(std::string_view name) const {
  const auto found = std::ranges::find(fields_, name, &Field::name);
  return found == fields_.end() ? nullptr : &*found;
}

Result<const Field*> Schema::vector_field(std::string_view name) const {
  const Field* only = nullptr;
  for (const Field& field : fields_) {
    if (field.type != FieldType::kVector) continue;
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
