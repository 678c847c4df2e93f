#include "simile/db/row_copies.h"

#include "simile/base/check.h"
#include "simile/scalar/column.h"

namespace simile::db {

namespace {

Column vectors_of(const segment::GrowingSegment& segment, std::size_t position) {
  Column column;
  const Field& field = segment.schema().fields()[position];
  column.field = field.name;
  column.type = field.type;
  column.vector = field.vector;
  column.rows = segment.rows();
  for (const index::Rows& part : segment.vectors(position, segment.rows())) {
    const auto* first = part.vectors.data;
    column.fixed.insert(column.fixed.end(), first,
                        first + part.vectors.rows * field.vector.bytes());
  }
  return column;
}

}  // namespace

ColumnView view_of(const Column& column, std::vector<std::string_view>& texts) {
  texts.assign(column.strings.begin(), column.strings.end());
  ColumnView view;
  view.field = column.field;
  view.type = column.type;
  view.element_type = column.element_type;
  view.vector = column.vector;
  view.fixed = column.fixed;
  view.strings = texts;
  view.offsets = column.offsets;
  view.valid = column.valid;
  return view;
}

void CompletedRows::replace(Column column) {
  std::erase_if(batch_.columns,
                [&](const ColumnView& given) { return given.field == column.field; });
  add(std::move(column));
}

std::unique_ptr<CompletedRows> copy_rows(const segment::GrowingSegment& segment) {
  std::vector<RowId> rows(segment.rows());
  std::uint32_t next = 0;
  for (RowId& row : rows) row = RowId{next++};
  Batch none;
  none.rows = rows.size();
  auto copies = std::make_unique<CompletedRows>(none);
  const auto& fields = segment.schema().fields();
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].type == FieldType::kVector) {
      Column vectors = vectors_of(segment, i);
      if (fields[i].nullable) {
        auto presence = scalar::gather(*segment.column(fields[i].name), rows);
        SIMILE_CHECK(presence.has_value());
        vectors.valid = std::move(presence->valid);
      }
      copies->add(std::move(vectors));
      continue;
    }
    auto column = scalar::gather(*segment.column(fields[i].name), rows);
    SIMILE_CHECK(column.has_value());  // growing columns have nothing that could be damaged
    copies->add(*std::move(column));
  }
  return copies;
}

}  // namespace simile::db
