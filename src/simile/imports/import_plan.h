#pragma once
/// Which schema a file of vectors gets, and whether it goes with one that is there.

#include <optional>
#include <string>
#include <vector>

#include "simile/error.h"
#include "simile/schema.h"
#include "simile/vectorfile/vector_file.h"

namespace simile::imports {

/// What the command line says about the collection; empty where it says nothing.
struct ImportWishes {
  std::optional<Metric> metric;
  std::optional<ElementType> element;
  std::optional<IndexKind> index;
  std::string vector_field;      ///< of the collection
  std::vector<Field> fields;     ///< declared types
  std::string id_column = "id";  ///< of the file
  bool needs_id_column = false;  ///< it was named, so that its absence is an error
  std::optional<FieldType> ids;  ///< type of keys in a file of their own
};

/// "year=int64", "label=string nullable"; scalar fields only.
Result<std::vector<Field>> parse_declared_fields(const std::vector<std::string>& texts);

/// How to open the file: types as the collection has them, where there is one.
vectorfile::OpenOptions open_options_for(const ImportWishes& wishes, const Schema* existing);

/// The schema of a new collection: `id`, `vector` (or the wished name), then the file's columns.
/// Fails where no metric is known, the wished key column is not there, or a name is there twice.
Result<Schema> plan_schema(const vectorfile::FileInfo& file, const ImportWishes& wishes);

/// kInvalidArgument, naming both sides, where the file or a wish does not go with the collection.
Status check_schema(const Schema& schema, const vectorfile::FileInfo& file,
                    const ImportWishes& wishes);

}  // namespace simile::imports
