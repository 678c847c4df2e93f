#include "simile/server/access/row_limits.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "simile/base/check.h"
#include "simile/base/text.h"
#include "simile/scalar/batch_filter.h"
#include "simile/scalar/filter.h"
#include "simile/server/access/caller.h"

namespace simile::server {

namespace {

/// The keys that a batch gives, for {keys} of a filter.
std::vector<FilterValue> keys_of(const ColumnView& column, std::size_t rows) {
  std::vector<FilterValue> keys;
  keys.reserve(rows);
  for (std::size_t row = 0; row < rows; ++row) {
    if (column.type == FieldType::kString) {
      keys.push_back({std::string(column.strings[row])});
      continue;
    }
    std::int64_t key = 0;
    std::memcpy(&key, column.fixed.data() + row * sizeof key, sizeof key);
    keys.push_back({key});
  }
  return keys;
}

std::unexpected<Fault> deny(const CallContext& context, std::string_view action,
                            std::string_view why) {
  return refuse(FaultCode::kNotPermitted,
                join_text(action, ": permission deny to ", context.caller->user(), ": ", why));
}

}  // namespace

std::string rows_shown(const CallContext& context, std::string_view action,
                       const CollectionHandle& handle) {
  return context.caller->rows_shown(action,
                                    {.database = handle.database, .collection = handle.name()});
}

Answer<std::string> limit_filter(const CollectionHandle& handle, const std::string& where,
                                 const FilterValues& values, const std::string& shown) {
  if (shown.empty()) return where;
  scalar::FilterOptions options;
  options.values = &values;
  SIMILE_TRY(scalar::Filter::compile(where, handle.schema(), options));
  SIMILE_TRY(scalar::Filter::compile(shown, handle.schema()));
  if (where.find_first_not_of(" \t\r\n") == std::string::npos) return shown;
  // A random_sample() of the caller stays last, so that it draws from the rows that they see.
  return join_text("(", shown, ") and (", where, ")");
}

Answer<void> check_written(const CallContext& context, std::string_view action,
                           const CollectionHandle& handle, const Batch& batch, bool whole) {
  const Target target{.database = handle.database, .collection = handle.name()};
  const std::string written = context.caller->rows_written(action, target);
  if (written.empty()) return {};
  if (!whole) {
    return deny(context, action, "updates of single fields are not for roles with a row policy");
  }
  SIMILE_ASSIGN(const bool allowed, scalar::every_row_matches(handle.schema(), batch, written));
  if (!allowed) return deny(context, action, "a row policy does not let them write these rows");
  const Field& key = handle.schema().primary_key();
  const auto column = std::ranges::find(batch.columns, key.name, &ColumnView::field);
  if (column == batch.columns.end()) return {};  // every row is a new one
  RowFilter there;
  there.cancel = context.cancel;
  there.where = join_text(key.name, " in {keys}");
  there.values["keys"] = {keys_of(*column, batch.rows)};
  const auto snapshot = handle.collection->snapshot();
  SIMILE_ASSIGN(const std::uint64_t all, snapshot->count(there));
  SIMILE_ASSIGN(there.where, limit_filter(handle, there.where, there.values,
                                          context.caller->rows_shown(action, target)));
  SIMILE_ASSIGN(const std::uint64_t seen, snapshot->count(there));
  if (all == seen) return {};
  return deny(context, action, "a row with one of these keys is not shown to them");
}

}  // namespace simile::server
