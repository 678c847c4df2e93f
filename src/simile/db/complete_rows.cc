#include "simile/db/complete_rows.h"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "simile/base/check.h"
#include "simile/base/parallel.h"
#include "simile/base/text.h"
#include "simile/db/fetch_rows.h"
#include "simile/scalar/default_column.h"
#include "simile/text/analyzer.h"

namespace simile::db {

namespace {

/// Texts that one thread cuts at a time.
constexpr std::size_t kRowsOfWords = 64;

const ColumnView* find_column(const Batch& batch, std::string_view field) {
  const auto found = std::ranges::find(batch.columns, field, &ColumnView::field);
  return found == batch.columns.end() ? nullptr : &*found;
}

CompletedRows& completed(RequestedOperation& operation) {
  if (!operation.completed) {
    operation.completed = std::make_unique<CompletedRows>(*operation.rows);
    operation.rows = &operation.completed->batch();
  }
  return *operation.completed;
}

Status add_partition(RequestedOperation& operation) {
  const std::string_view name = operation.rows->partition;
  if (name.empty()) return {};
  SIMILE_ASSIGN(const std::int32_t code, operation.collection->partitions()->code_of(name));
  if (code == 0) return {};  // as where it is left out
  Column column;
  column.field = kPartitionField;
  column.type = FieldType::kInt32;
  column.rows = operation.rows->rows;
  column.fixed.resize(column.rows * sizeof code);
  for (std::size_t i = 0; i < column.rows; ++i) {
    std::memcpy(column.fixed.data() + i * sizeof code, &code, sizeof code);
  }
  completed(operation).add(std::move(column));
  return {};
}

void add_text_keys(RequestedOperation& operation, const Field& key) {
  Column column;
  column.field = key.name;
  column.type = FieldType::kString;
  column.rows = operation.ids.size();
  for (const std::int64_t id : operation.ids) column.strings.push_back(std::to_string(id));
  operation.ids.clear();
  completed(operation).add(std::move(column));
}

/// `column` has a row for each address that is one; the others become null.
Column spread(Column column, const std::vector<RowAddress>& rows) {
  Column out = column;
  out.rows = rows.size();
  out.valid.assign(rows.size(), 1);
  const std::size_t width =
      column.type == FieldType::kVector ? column.vector.bytes() : width_of(column.type);
  const bool is_array = column.type == FieldType::kArray;
  if (is_array) {
    out.offsets.assign(1, 0);
  } else {
    out.fixed.assign(rows.size() * width, std::byte{0});
    out.strings.assign(width == 0 ? rows.size() : 0, {});
  }
  std::size_t from = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const bool present = rows[i].row != kNoRow;
    out.valid[i] = present && !column.is_null(from) ? 1 : 0;
    if (is_array) {
      const auto size = present ? column.offsets[from + 1] - column.offsets[from] : 0;
      out.offsets.push_back(out.offsets.back() + size);
    } else if (present && width != 0) {
      std::memcpy(out.fixed.data() + i * width, column.fixed.data() + from * width, width);
    } else if (present) {
      out.strings[i] = std::move(column.strings[from]);
    }
    from += present ? 1 : 0;
  }
  return out;
}

/// The members of the given objects in the place of those that the rows have, the others kept.
Column merge_objects(const ColumnView& given, Column column) {
  for (std::size_t i = 0; i < column.rows; ++i) {
    const bool is_given = given.valid.empty() || given.valid[i] != 0;
    if (!is_given) continue;
    auto object = column.is_null(i) ? nlohmann::json::object()
                                    : nlohmann::json::parse(column.strings[i], nullptr, false);
    if (!object.is_object()) object = nlohmann::json::object();
    const auto changes = nlohmann::json::parse(given.strings[i], nullptr, false);
    for (const auto& [key, value] : changes.items()) object[key] = value;
    column.strings[i] = object.dump();
    if (!column.valid.empty()) column.valid[i] = 1;
  }
  return column;
}

Status complete_update(RequestedOperation& operation) {
  const CollectionState& collection = *operation.collection;
  const CollectionView view = collection.working_view();
  const Field& key = view.schema->primary_key();
  const Batch given = *operation.rows;
  const segment::KeyList keys(*find_column(given, key.name), given.rows);
  SIMILE_ASSIGN(const std::vector<RowAddress> rows, collection.find_rows(keys));
  std::vector<RowAddress> present;
  for (const RowAddress& row : rows) {
    if (row.row != kNoRow) present.push_back(row);
  }
  std::vector<const Field*> missing;
  for (const Field& field : view.schema->fields()) {
    const bool has = find_column(given, field.name) != nullptr;
    if (has && !field.dynamic) continue;
    missing.push_back(&field);
    if (present.size() == rows.size() || has || field.nullable || field.has_default() ||
        !field.source.empty()) {
      continue;
    }
    const auto absent = std::ranges::find(rows, kNoRow, &RowAddress::row) - rows.begin();
    const segment::Key absent_key = keys.at(static_cast<std::size_t>(absent));
    return fail(ErrorCode::kNotFound,
                join_text("no row with key ", describe(absent_key, keys.is_text()),
                          ", and without field '", field.name, "' none can be made"));
  }
  SIMILE_ASSIGN(Table table, fetch_rows(view, present, missing));
  for (Column& column : table.columns) {
    if (present.size() != rows.size()) column = spread(std::move(column), rows);
    if (!view.schema->find(column.field)->source.empty()) column.valid.clear();
    const ColumnView* own = find_column(given, column.field);
    if (own != nullptr) {
      completed(operation).replace(merge_objects(*own, std::move(column)));
    } else {
      completed(operation).add(std::move(column));
    }
  }
  return {};
}

}  // namespace

Status check_analyzers(std::span<const Field> fields) {
  for (const Field& field : fields) {
    if (field.analyzer.empty()) continue;
    if (const auto made = text::analyzer_of(field.analyzer); !made) {
      return fail(made.error().code, join_text("field '", field.name, "': ", made.error().message));
    }
  }
  return {};
}

Status add_words(RequestedOperation& operation) {
  const Batch given = *operation.rows;
  const Schema& schema = *operation.checked_with;
  for (const Field& field : schema.fields()) {
    if (field.source.empty()) continue;
    const Field& source = *schema.find(field.source);
    const ColumnView* texts = find_column(given, source.name);
    const bool keeps_words = operation.kind == RequestedOperation::Kind::kUpdate;
    if (texts == nullptr && keeps_words) continue;
    SIMILE_ASSIGN(const auto analyzer, text::analyzer_of(source.analyzer));
    const auto* usual = std::get_if<std::string>(&source.default_value);
    const std::string words_of_none = usual == nullptr ? "" : analyzer->term_counts(*usual);
    Column words;
    words.field = field.name;
    words.type = FieldType::kSparse;
    words.rows = given.rows;
    words.strings.resize(given.rows, words_of_none);
    parallel_for(0, texts == nullptr ? 0 : given.rows, kRowsOfWords,
                 [&](std::size_t first, std::size_t last, std::uint32_t) {
                   for (std::size_t i = first; i < last; ++i) {
                     if (!texts->valid.empty() && texts->valid[i] == 0) continue;
                     words.strings[i] = analyzer->term_counts(texts->strings[i]);
                   }
                 });
    completed(operation).add(std::move(words));
  }
  return {};
}

Status complete_rows(RequestedOperation& operation) {
  const auto schema = operation.collection->schema();
  const Field& key = schema->primary_key();
  SIMILE_TRY(add_partition(operation));
  if (operation.kind == RequestedOperation::Kind::kUpdate) return complete_update(operation);
  if (!operation.ids.empty() && key.type == FieldType::kString) add_text_keys(operation, key);
  return {};
}

}  // namespace simile::db
