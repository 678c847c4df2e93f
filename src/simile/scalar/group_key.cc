#include "simile/scalar/group_key.h"

#include <utility>

#include "simile/base/text.h"
#include "simile/scalar/filter/json_reader.h"
#include "simile/scalar/filter/parser.h"

namespace simile::scalar {

namespace {

std::unexpected<Error> refuse(std::string why) {
  return fail(ErrorCode::kInvalidArgument, std::move(why));
}

}  // namespace

GroupKey::GroupKey(const Field& field, filter::JsonPath path)
    : field_(&field),
      path_(std::move(path)),
      json_(field.type == FieldType::kJson ? std::make_unique<filter::JsonReader>() : nullptr) {}
GroupKey::GroupKey(GroupKey&&) noexcept = default;
GroupKey::~GroupKey() = default;

Result<GroupKey> GroupKey::parse(std::string_view text, const Schema& schema) {
  const Field* field = schema.find(text);
  filter::JsonPath path;
  if (field == nullptr && is_utf8(text) && text.find_first_not_of(" \t\r\n") != text.npos) {
    const auto tree = filter::parse(text, nullptr);
    if (tree && (*tree)->kind == filter::Expression::Kind::kReference) {
      path = (*tree)->path;
      field = schema.find((*tree)->name);
      if (field == nullptr && schema.dynamic_field() != nullptr) {
        field = schema.dynamic_field();
        if ((*tree)->name != "$meta") path.insert(path.begin(), (*tree)->name);
      }
    }
  }
  if (field == nullptr) return refuse(join_text("unknown field '", text, "'"));
  if (field->is_searched() || field->type == FieldType::kArray) {
    return refuse(join_text("field '", field->name, "' is ", name_of(field->type),
                            "; hits are grouped by numbers, bools, texts or JSON"));
  }
  if (!path.empty() && field->type != FieldType::kJson) {
    return refuse(
        join_text("field '", field->name, "' is ", name_of(field->type), "; only JSON has [...]"));
  }
  return GroupKey(*field, std::move(path));
}

std::string GroupKey::of(const Column& column, std::size_t row) const {
  // One letter tells null from all values.
  if (column.is_null(row)) return "n";
  if (json_ != nullptr) {
    const std::string value = json_->text_of(column.strings[row], path_);
    return value.empty() ? "n" : "v" + value;
  }
  const std::size_t width = width_of(column.type);
  if (width == 0) return "v" + column.strings[row];
  return "v" + std::string(reinterpret_cast<const char*>(column.fixed.data()) + row * width, width);
}

}  // namespace simile::scalar
