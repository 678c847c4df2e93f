#include "simile/scalar/batch_filter.h"

#include <algorithm>
#include <map>
#include <memory>
#include <string>

#include "simile/base/check.h"
#include "simile/scalar/filter.h"
#include "simile/scalar/growing_column.h"
#include "simile/scalar/validate_batch.h"

namespace simile::scalar {

namespace {

class BatchColumns final : public ColumnSource {
 public:
  void add(const Field& field, const Batch& batch) {
    auto column = std::make_unique<GrowingColumn>(field);
    const auto given = std::ranges::find(batch.columns, field.name, &ColumnView::field);
    if (given != batch.columns.end()) {
      column->append(*given, batch.rows);
    } else if (field.primary_key) {  // not given out yet
      column->append_int64(std::vector<std::int64_t>(batch.rows));
    } else {
      column->append_missing(batch.rows);
    }
    columns_[field.name] = std::move(column);
  }

  const ColumnReader* column(std::string_view field) const override {
    const auto found = columns_.find(field);
    return found == columns_.end() ? nullptr : found->second.get();
  }

 private:
  std::map<std::string, std::unique_ptr<GrowingColumn>, std::less<>> columns_;
};

}  // namespace

Result<bool> every_row_matches(const Schema& schema, const Batch& batch,
                               std::string_view expression) {
  SIMILE_TRY(validate_batch(schema, batch));
  SIMILE_ASSIGN(const Filter filter, Filter::compile(expression, schema));
  BatchColumns columns;
  for (const std::string& name : filter.fields()) {
    const Field* field = schema.find(name);
    SIMILE_CHECK(field != nullptr);
    columns.add(*field, batch);
  }
  SIMILE_ASSIGN(const Bitmap rows, filter.evaluate(columns, batch.rows));
  return rows.count() == batch.rows;
}

}  // namespace simile::scalar
