#include "simile/imports/import_plan.h"

#include <algorithm>

#include "simile/base/check.h"
#include "simile/base/text.h"

namespace simile::imports {

namespace {

constexpr std::string_view kKeyName = "id";
constexpr std::string_view kVectorName = "vector";

bool is_scalar(const Field& field) { return field.type != FieldType::kVector; }

const Field* find_column(const vectorfile::FileInfo& file, const std::string& name) {
  const auto found = std::ranges::find(file.columns, name, &Field::name);
  return found == file.columns.end() ? nullptr : &*found;
}

/// A mistyped --ids must not end in rows that are numbered.
Status check_id_column(const vectorfile::FileInfo& file, const ImportWishes& wishes) {
  if (!wishes.needs_id_column || find_column(file, wishes.id_column) != nullptr) return {};
  std::string known;
  for (const Field& column : file.columns) known += (known.empty() ? "" : ", ") + column.name;
  return fail(ErrorCode::kInvalidArgument,
              join_text("--ids '", wishes.id_column, "' is neither a file nor a column of ",
                        file.path, known.empty() ? ", which has none" : "; its columns: ", known));
}

/// "float32[128]"
std::string shape_of(const VectorType& type) {
  return join_text(name_of(type.element), "[", type.dim, "]");
}

template <class Value>
Status check_wish(const std::optional<Value>& wish, Value actual, const Field& field) {
  if (!wish || *wish == actual) return {};
  return fail(ErrorCode::kInvalidArgument,
              join_text("field '", field.name, "' of the collection is '", describe(field),
                        "', not ", name_of(*wish),
                        "; leave the option out, or import into another "
                        "collection"));
}

}  // namespace

Result<std::vector<Field>> parse_declared_fields(const std::vector<std::string>& texts) {
  std::vector<Field> fields;
  for (const std::string& text : texts) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos) {
      return fail(ErrorCode::kInvalidArgument,
                  join_text("--field '", text, "': write NAME=TYPE, for example year=int64"));
    }
    SIMILE_ASSIGN(Field field, parse_field(text.substr(0, equals), text.substr(equals + 1)));
    if (!is_scalar(field) || field.primary_key) {
      return fail(ErrorCode::kInvalidArgument,
                  join_text("--field '", text,
                            "': declares scalar fields only; the vector and the "
                            "key have --vector and --ids"));
    }
    fields.push_back(std::move(field));
  }
  return fields;
}

vectorfile::OpenOptions open_options_for(const ImportWishes& wishes, const Schema* existing) {
  vectorfile::OpenOptions options;
  options.element = wishes.element;
  options.fields = wishes.fields;
  options.id_column = wishes.id_column;
  if (existing == nullptr) return options;
  if (const auto field = existing->vector_field(wishes.vector_field)) {
    options.element = (*field)->vector.element;
  }
  options.fields.clear();
  for (const Field& field : existing->fields()) {
    if (field.primary_key) {
      options.fields.push_back(field);
      options.fields.back().name = wishes.id_column;
    } else if (is_scalar(field)) {
      options.fields.push_back(field);
    }
  }
  return options;
}

Result<Schema> plan_schema(const vectorfile::FileInfo& file, const ImportWishes& wishes) {
  SIMILE_TRY(check_id_column(file, wishes));
  Field key;
  key.name = kKeyName;
  key.primary_key = true;
  const Field* key_column = find_column(file, wishes.id_column);
  if (wishes.ids) {
    key.type = *wishes.ids;
  } else if (key_column != nullptr) {
    key.type = key_column->type;
  }

  Field vector;
  vector.name = wishes.vector_field.empty() ? std::string(kVectorName) : wishes.vector_field;
  vector.type = FieldType::kVector;
  vector.vector = file.type;
  vector.index = wishes.index.value_or(IndexKind::kGraph);
  if (!wishes.metric && !file.metric) {
    return fail(ErrorCode::kInvalidArgument,
                "a new collection needs a metric: --metric l2, ip, cosine, hamming or jaccard");
  }
  vector.metric = wishes.metric ? *wishes.metric : *file.metric;
  SIMILE_TRY(check_metric(vector.metric, vector.vector.element));

  std::vector<Field> fields = {key, vector};
  for (const Field& column : file.columns) {
    if (&column == key_column) continue;
    if (column.name == key.name || column.name == vector.name) {
      return fail(ErrorCode::kInvalidArgument,
                  join_text(file.path, ": column '", column.name, "' is called like the ",
                            column.name == key.name ? "key" : "vector",
                            " of the collection; leave it out with --skip-field ", column.name));
    }
    fields.push_back(column);
  }
  return Schema::make(std::move(fields));
}

Status check_schema(const Schema& schema, const vectorfile::FileInfo& file,
                    const ImportWishes& wishes) {
  SIMILE_TRY(check_id_column(file, wishes));
  SIMILE_ASSIGN(const Field* vector, schema.vector_field(wishes.vector_field));
  SIMILE_TRY(check_wish(wishes.metric, vector->metric, *vector));
  SIMILE_TRY(check_wish(wishes.element, vector->vector.element, *vector));
  SIMILE_TRY(check_wish(wishes.index, vector->index, *vector));
  if (vector->vector != file.type) {
    return fail(ErrorCode::kInvalidArgument,
                join_text(file.path, ": vectors are ", shape_of(file.type), ", field '",
                          vector->name, "' of the collection is ", shape_of(vector->vector)));
  }
  std::string known;
  for (const Field& field : schema.fields()) {
    if (is_scalar(field)) known += (known.empty() ? "" : ", ") + field.name;
  }
  for (const Field& column : file.columns) {
    const bool is_key = column.name == wishes.id_column;
    const Field* field = schema.find(column.name);
    if (!is_key && (field == nullptr || !is_scalar(*field))) {
      return fail(
          ErrorCode::kInvalidArgument,
          join_text(file.path, ": the collection has no field '", column.name,
                    "'; leave it out with --skip-field ", column.name, "; it has: ", known));
    }
  }
  return {};
}

}  // namespace simile::imports
