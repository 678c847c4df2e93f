#pragma once
/// Sparse vectors as JSON.

#include <string>
#include <string_view>

#include "simile/error.h"

namespace simile::vectorfile {

/// {"7": 0.5, "12": 1} as packed SparseEntry, by rising index; kInvalidArgument says what is wrong.
Result<std::string> parse_sparse(std::string_view json);

}  // namespace simile::vectorfile
