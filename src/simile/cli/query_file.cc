#include "simile/cli/query_file.h"

#include <CLI/CLI.hpp>

#include "simile/base/check.h"
#include "simile/base/text.h"

namespace simile::cli {

void add_query_options(CLI::App& command, QueryFileOptions& options) {
  command
      .add_option("--queries", options.file,
                  "File of query vectors: .npy .npz .fvecs .bvecs .hdf5 .csv .jsonl")
      ->type_name("FILE");
  command.add_option("--dataset", options.dataset, "Array of an .npz or .hdf5 file [test]");
  command.add_option("--vector", options.vector_column,
                     "Column, or prefix of the columns, of the vector in .csv and .jsonl [vector]");
}

Result<std::unique_ptr<vectorfile::VectorFile>> open_queries(const QueryFileOptions& options,
                                                             const Field& field) {
  const ElementType stored = field.vector.element;
  const bool exact_type = stored == ElementType::kBit || stored == ElementType::kInt8;
  vectorfile::OpenOptions open;
  open.dataset = options.dataset;
  open.usual_dataset = "test";
  open.vector_column = options.vector_column;
  // float32 goes with every float type, and loses nothing of the query.
  open.element = exact_type ? stored : ElementType::kFloat32;
  SIMILE_ASSIGN(auto file, vectorfile::VectorFile::open(options.file, open));
  if (file->info().type.dim == field.vector.dim) return file;
  return fail(ErrorCode::kInvalidArgument,
              join_text(options.file, ": vectors of ", file->info().type.dim,
                        " components; field '", field.name, "' has ", field.vector.dim));
}

}  // namespace simile::cli
