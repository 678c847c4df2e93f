#pragma once
/// The queries of a search, read where they lie in the message.

#include <string_view>
#include <vector>

#include <milvus/milvus.pb.h>
#include "simile/server/fault.h"
#include "simile/types.h"

namespace simile::server {

/// `bytes` is a serialised PlaceholderGroup with one placeholder; the matrix borrows from it. The
/// number of queries is the number of its values.
Answer<MatrixView> read_queries(std::string_view bytes, const VectorType& type,
                                std::string_view field);

/// The same for a sparse field: packed entries, which are checked.
Answer<std::vector<std::string_view>> read_sparse_queries(std::string_view bytes,
                                                          std::string_view field);

/// The same for a field that is searched by texts.
Answer<std::vector<std::string_view>> read_text_queries(std::string_view bytes,
                                                        std::string_view field);

}  // namespace simile::server
