#pragma once
/// Query vectors out of a file, in the type that a collection's field is searched with.

#include <memory>
#include <string>

#include "simile/collection.h"
#include "simile/error.h"
#include "simile/schema.h"
#include "simile/vectorfile/vector_file.h"

namespace CLI {
class App;
}

namespace simile::cli {

struct QueryFileOptions {
  std::string file;
  std::string dataset;
  std::string vector_column = "vector";
};

/// --queries, --dataset, --vector
void add_query_options(CLI::App& command, QueryFileOptions& options);

/// Opens the file; the array `test` where it holds several. kInvalidArgument, naming both
/// dimensions, where they differ.
Result<std::unique_ptr<vectorfile::VectorFile>> open_queries(const QueryFileOptions& options,
                                                             const Field& field);

}  // namespace simile::cli
