#include "simile/db/matching_rows.h"

#include <algorithm>

#include "simile/base/check.h"

namespace simile::db {

Result<scalar::Filter> compile_filter(const RowFilter& filter, const CollectionView& view) {
  return compile_filter(filter.where, filter.values, filter.partitions, view, filter.cancel);
}

Result<scalar::Filter> compile_filter(std::string_view where, const FilterValues& values,
                                      const std::vector<std::string>& partitions,
                                      const CollectionView& view, const CancelToken* cancel) {
  scalar::FilterOptions options;
  options.cancel = cancel;
  options.values = &values;
  for (const std::string& name : partitions) {
    SIMILE_ASSIGN(const std::int32_t code, view.partitions->code_of(name));
    options.partitions.push_back(code);
  }
  // Without the field no row was ever put anywhere else than into the default partition.
  if (view.schema->find(kPartitionField) == nullptr) options.partitions.clear();
  return scalar::Filter::compile(where, *view.schema, options);
}

namespace {

/// Where the whole expression lists keys, they are looked up.
Result<Bitmap> rows_with_keys(const SegmentView& view, const scalar::FilterKeys& keys) {
  Bitmap rows(view.rows);
  const auto look_up = [&](const segment::Key& key, bool is_text) -> Status {
    SIMILE_ASSIGN(const RowId row, view.segment->find(key, hash_of(key, is_text), view.sight()));
    if (row != kNoRow) rows.set(value_of(row));
    return {};
  };
  if (const auto* numbers = std::get_if<std::vector<std::int64_t>>(&keys)) {
    for (const std::int64_t number : *numbers) SIMILE_TRY(look_up({number, {}}, false));
  } else {
    for (const std::string& text : std::get<std::vector<std::string>>(keys)) {
      SIMILE_TRY(look_up({0, text}, true));
    }
  }
  return rows;
}

}  // namespace

Result<Bitmap> matching_rows(const SegmentView& view, const scalar::Filter& filter,
                             scalar::FilterUsage* usage) {
  if (filter.keys() != nullptr) {
    SIMILE_ASSIGN(Bitmap rows, rows_with_keys(view, *filter.keys()));
    if (!filter.is_limited()) return rows;
    return filter.evaluate(*view.segment, view.rows, &rows, usage);
  }
  if (filter.selects_all()) return segment::live_rows(view.deleted, view.rows);
  if (view.deleted_count() == 0) return filter.evaluate(*view.segment, view.rows, nullptr, usage);
  const Bitmap live = segment::live_rows(view.deleted, view.rows);
  return filter.evaluate(*view.segment, view.rows, &live, usage);
}

Result<Bitmap> rows_with_vector(const SegmentView& view, std::string_view field) {
  const scalar::ColumnReader* column = view.segment->column(field);
  SIMILE_TRY(column->check());
  Bitmap rows(view.rows);
  const auto words = rows.words();
  scalar::BlockScratch scratch;
  for (std::size_t first = 0; first < view.rows; first += scalar::kBlockRows) {
    const std::size_t count = std::min(scalar::kBlockRows, view.rows - first);
    const scalar::Block block = column->block(first, count, scratch);
    for (std::size_t i = 0; i < count; i += 64) {
      const std::uint64_t last =
          count - i >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << (count - i)) - 1;
      words[(first + i) / 64] =
          (block.valid == nullptr ? ~std::uint64_t{0} : block.valid[i / 64]) & last;
    }
  }
  return rows;
}

}  // namespace simile::db
