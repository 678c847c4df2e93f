#pragma once
/// Row policies, applied: what a caller sees of a collection, and what they may write into it.

#include <string>
#include <string_view>

#include "simile/batch.h"
#include "simile/filter.h"
#include "simile/server/call_context.h"
#include "simile/server/catalog.h"
#include "simile/server/fault.h"

namespace simile::server {

/// A filter of the rows that the caller sees for an action, "Search" for example; empty: all.
std::string rows_shown(const CallContext& context, std::string_view action,
                       const CollectionHandle& handle);

/// The rows of `where` among those of the filter `shown`, which may be empty. Each must be a filter
/// by itself, so that in parentheses it means the same beside the other: the language has no
/// comments, and a text that is not closed is none.
Answer<std::string> limit_filter(const CollectionHandle& handle, const std::string& where,
                                 const FilterValues& values, const std::string& shown);

/// Refuses a batch with a row that the caller may not write, or with the key of one that is there
/// and that they do not see. `whole`: every row has all its values, so that it can be judged.
Answer<void> check_written(const CallContext& context, std::string_view action,
                           const CollectionHandle& handle, const Batch& batch, bool whole);

}  // namespace simile::server
