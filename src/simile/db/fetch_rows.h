#pragma once
/// Values of rows of a view, in any order, as a table.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "simile/batch.h"
#include "simile/collection.h"
#include "simile/db/view.h"
#include "simile/error.h"

namespace simile::db {

/// The primary key, then `names` in their order, each once. kInvalidArgument names an unknown
/// field and lists the known ones.
Result<std::vector<const Field*>> fields_to_fetch(const Schema& schema,
                                                  const std::vector<std::string>& names);
/// The primary key, then every other field.
std::vector<const Field*> every_field(const Schema& schema);

/// kInvalidArgument where the values take more than `bytes_max`, before they do by much.
Result<Table> fetch_rows(const CollectionView& view, std::span<const RowAddress> rows,
                         const std::vector<const Field*>& fields,
                         std::uint64_t bytes_max = kAnyBytes);

}  // namespace simile::db
