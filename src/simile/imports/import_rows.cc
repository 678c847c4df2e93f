#include "simile/imports/import_rows.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "simile/base/check.h"
#include "simile/base/text.h"

namespace simile::imports {

Status check_block(const vectorfile::VectorFile& file, const vectorfile::Block& block) {
  const MatrixView vectors(block.vectors.data(), block.rows, file.info().type);
  const Status checked = check_vectors(vectors, block.first_row);
  if (checked) return {};
  return fail(checked.error().code, join_text(file.info().path, ": ", checked.error().message));
}

std::size_t default_batch_rows(const VectorType& type) {
  constexpr std::size_t kBatchBytes = 4 << 20;
  return std::clamp<std::size_t>(kBatchBytes / std::max<std::size_t>(type.bytes(), 1), 100, 10'000);
}

ColumnView view_of(const Column& column, std::string_view field,
                   std::vector<std::string_view>& strings) {
  strings.assign(column.strings.begin(), column.strings.end());
  ColumnView view;
  view.field = field;
  view.type = column.type;
  view.element_type = column.element_type;
  view.vector = column.vector;
  view.fixed = column.fixed;
  view.strings = strings;
  view.offsets = column.offsets;
  view.valid = column.valid;
  return view;
}

RowReader::RowReader(vectorfile::VectorFile& file, vectorfile::IdFile* ids, const Schema& schema,
                     Names names)
    : file_(file), ids_(ids), schema_(schema), names_(std::move(names)) {}

Status RowReader::read_block(std::size_t rows_max) {
  SIMILE_TRY(file_.next(rows_max, block_));
  if (ids_ == nullptr) return {};
  SIMILE_TRY(ids_->next(block_.rows, keys_));
  if (keys_.rows == block_.rows) return {};
  return fail(ErrorCode::kInvalidArgument,
              join_text(ids_->path(), ": holds ", block_.first_row + keys_.rows, " keys, ",
                        file_.info().path, " more rows; there must be one key a row"));
}

Status RowReader::skip(std::uint64_t rows, std::size_t block_rows) {
  while (rows > 0) {
    SIMILE_TRY(read_block(static_cast<std::size_t>(std::min<std::uint64_t>(rows, block_rows))));
    if (block_.rows == 0) break;
    rows -= block_.rows;
  }
  return {};
}

Status RowReader::add_keys(Batch& batch) {
  const Field& key = schema_.primary_key();
  const auto column = std::ranges::find(block_.columns, names_.id_column, &Column::field);
  const Column* keys = &keys_;
  if (ids_ == nullptr && column != block_.columns.end()) {
    keys = &*column;
  } else if (ids_ == nullptr) {
    if (key.auto_id) return {};
    std::vector<std::int64_t> numbers(block_.rows);
    std::iota(numbers.begin(), numbers.end(),
              names_.first_id + static_cast<std::int64_t>(block_.first_row));
    keys_.type = FieldType::kInt64;
    keys_.fixed.resize(numbers.size() * sizeof(std::int64_t));
    std::memcpy(keys_.fixed.data(), numbers.data(), keys_.fixed.size());
  }
  if (keys->type != key.type) {
    return fail(
        ErrorCode::kInvalidArgument,
        join_text(file_.info().path, ": keys are ", name_of(keys->type), ", key '", key.name,
                  "' of the collection is ", name_of(key.type), "; choose keys with --ids"));
  }
  batch.columns.push_back(view_of(*keys, key.name, strings_.back()));
  return {};
}

Result<Batch> RowReader::next(std::size_t rows_max) {
  SIMILE_TRY(read_block(rows_max));
  Batch batch;
  batch.rows = block_.rows;
  if (batch.rows == 0) return batch;
  strings_.resize(block_.columns.size() + 1);
  SIMILE_TRY(add_keys(batch));
  SIMILE_ASSIGN(const Field* vector, schema_.vector_field(names_.vector_field));
  SIMILE_TRY(check_block(file_, block_));
  ColumnView vectors;
  vectors.field = vector->name;
  vectors.type = FieldType::kVector;
  vectors.vector = file_.info().type;
  vectors.fixed = std::span(block_.vectors).first(block_.rows * file_.info().type.bytes());
  batch.columns.push_back(vectors);
  for (std::size_t i = 0; i < block_.columns.size(); ++i) {
    const Column& column = block_.columns[i];
    if (column.field == names_.id_column) continue;
    batch.columns.push_back(view_of(column, column.field, strings_[i]));
  }
  return batch;
}

}  // namespace simile::imports
