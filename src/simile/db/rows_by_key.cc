#include "simile/db/rows_by_key.h"

#include <algorithm>
#include <string>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/db/matching_rows.h"

namespace simile::db {

namespace {

struct KeyedRow {
  std::int64_t number = 0;
  std::string text;
  RowAddress row;
  bool operator<(const KeyedRow& other) const {
    return number != other.number ? number < other.number : text < other.text;
  }
};

void keep_smallest(std::vector<KeyedRow>& rows, std::size_t count) {
  if (rows.size() <= count) return;
  const auto end = rows.begin() + static_cast<std::ptrdiff_t>(count);
  std::nth_element(rows.begin(), end, rows.end());
  rows.erase(end, rows.end());
}

std::uint64_t bytes_of_texts(const std::vector<KeyedRow>& rows) {
  std::uint64_t bytes = 0;
  for (const KeyedRow& row : rows) bytes += row.text.size();
  return bytes;
}

bool takes_more(const std::vector<KeyedRow>& rows, std::uint64_t text_bytes, std::uint64_t most) {
  return rows.size() * sizeof(KeyedRow) + text_bytes > most;
}

}  // namespace

Result<std::vector<RowAddress>> rows_by_key(const CollectionView& view,
                                            const scalar::Filter& filter,
                                            const QueryRequest& request) {
  const std::uint64_t offset = request.offset;
  const std::uint64_t limit = request.limit;
  const std::uint64_t most = request.call_bytes_max;
  const std::uint64_t wanted =
      limit > ~std::uint64_t{0} - offset ? ~std::uint64_t{0} : offset + limit;
  const std::uint64_t held_max = wanted > (std::uint64_t{1} << 40) ? wanted : wanted * 2 + 1024;
  const Field& key_field = view.schema->primary_key();
  std::vector<KeyedRow> rows;
  std::uint64_t text_bytes = 0;
  scalar::BlockScratch scratch;
  for (std::uint32_t s = 0; s < view.segments.size(); ++s) {
    const scalar::ColumnReader* keys = view.segments[s].segment->column(key_field.name);
    SIMILE_TRY(keys->check());
    SIMILE_ASSIGN(const Bitmap matching, matching_rows(view.segments[s], filter));
    bool too_many = false;
    matching.for_each([&](std::size_t i) {
      if (too_many) return;
      const RowId row{static_cast<std::uint32_t>(i)};
      const segment::Key key = segment::key_at(*keys, row, scratch);
      rows.push_back({key.number, std::string(key.text), {s, row}});
      text_bytes += key.text.size();
      if (rows.size() > held_max || takes_more(rows, text_bytes, most)) {
        keep_smallest(rows, wanted);
        text_bytes = bytes_of_texts(rows);
        // Less would have to be done again after a few rows.
        too_many = takes_more(rows, text_bytes, most - most / 4);
      }
    });
    if (too_many) {
      return fail(ErrorCode::kInvalidArgument,
                  join_text("the keys of the rows that are asked for take more than ", most,
                            " bytes of memory, the most of one call (call_bytes_max); ask for "
                            "fewer rows"));
    }
  }
  keep_smallest(rows, wanted);
  std::sort(rows.begin(), rows.end());
  std::vector<RowAddress> found;
  for (std::size_t i = offset; i < rows.size(); ++i) found.push_back(rows[i].row);
  return found;
}

}  // namespace simile::db
