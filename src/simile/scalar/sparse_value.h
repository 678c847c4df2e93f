#pragma once
/// What a sparse vector must be, wherever it comes from.

#include <string_view>

namespace simile::scalar {

/// Why these are no packed entries with finite values in rising order of their indexes, as the end
/// of a sentence that begins with "it"; null where they are.
const char* find_sparse_fault(std::string_view bytes);

}  // namespace simile::scalar
