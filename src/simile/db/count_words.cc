#include "simile/db/count_words.h"

#include <algorithm>
#include <memory>

#include "simile/base/check.h"
#include "simile/scalar/column.h"

namespace simile::db {

namespace {

void count_row(index::SparseRow row, std::span<const index::SparseQuery::Term> terms,
               index::Bm25Counts& counts) {
  ++counts.rows;
  counts.length += double{row.length()};
  std::size_t at = 0;
  for (std::size_t t = 0; t < terms.size(); ++t) {
    while (at < row.size() && row[at].index < terms[t].index) ++at;
    if (at == row.size()) return;
    counts.rows_with[t] += row[at].index == terms[t].index ? 1 : 0;
  }
}

}  // namespace

Result<index::Bm25Counts> count_words(const CollectionView& view, std::size_t position,
                                      std::span<const index::SparseQuery::Term> terms) {
  index::Bm25Counts counts;
  counts.rows_with.resize(terms.size());
  const auto scratch = std::make_unique<scalar::BlockScratch>();
  for (const SegmentView& segment : view.segments) {
    const Bitmap* deleted = segment.deleted ? &segment.deleted->rows : nullptr;
    if (const index::SparseIndex* index = segment.segment->sparse_index(position)) {
      index->count(terms, deleted, counts);
      continue;
    }
    const scalar::ColumnReader* column =
        segment.segment->column(view.schema->fields()[position].name);
    SIMILE_TRY(column->check());
    const segment::RowsInSight sight = segment.sight();
    for (std::size_t first = 0; first < segment.rows; first += scalar::kBlockRows) {
      const std::size_t count = std::min(scalar::kBlockRows, segment.rows - first);
      const scalar::Block block = column->block(first, count, *scratch);
      for (std::size_t i = 0; i < count; ++i) {
        if (!sight.contains(RowId{static_cast<std::uint32_t>(first + i)})) continue;
        count_row(index::SparseRow(block.strings[i]), terms, counts);
      }
    }
  }
  return counts;
}

}  // namespace simile::db
