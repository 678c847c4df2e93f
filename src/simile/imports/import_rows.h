#pragma once
/// Blocks of a file of vectors as batches of a collection.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "simile/batch.h"
#include "simile/error.h"
#include "simile/schema.h"
#include "simile/vectorfile/id_file.h"
#include "simile/vectorfile/vector_file.h"

namespace simile::imports {

/// Rows of about 4 MiB, at least 100 and at most 10,000: large enough that a sync a batch costs
/// little, small enough that memory stays small.
std::size_t default_batch_rows(const VectorType& type);

/// Refuses a block of vectors that cannot be stored or searched; names the file and the row in it.
Status check_block(const vectorfile::VectorFile& file, const vectorfile::Block& block);

/// Borrowed values of an owned column under another name; `strings` keeps the views.
ColumnView view_of(const Column& column, std::string_view field,
                   std::vector<std::string_view>& strings);

/// Thread rule: one thread at a time. All that it is given outlives it.
class RowReader {
 public:
  struct Names {
    std::string vector_field;  ///< of the collection; empty: the only one
    std::string id_column;     ///< of the file
    std::int64_t first_id = 0;
  };

  /// `ids` may be null: then keys come from the id column, else they are the number of the row.
  RowReader(vectorfile::VectorFile& file, vectorfile::IdFile* ids, const Schema& schema,
            Names names);

  /// Passes over rows, `block_rows` at a time.
  Status skip(std::uint64_t rows, std::size_t block_rows);

  /// The next rows, valid until the next call; no rows at the end. kInvalidArgument where the keys
  /// run out before the rows do, or do not go with the collection's, and where a vector holds NaN.
  Result<Batch> next(std::size_t rows_max);

 private:
  Status read_block(std::size_t rows_max);
  Status add_keys(Batch& batch);

  vectorfile::VectorFile& file_;
  vectorfile::IdFile* ids_;
  const Schema& schema_;
  Names names_;
  vectorfile::Block block_;
  Column keys_;
  std::vector<std::vector<std::string_view>> strings_;  // views of each column, and of the keys
};

}  // namespace simile::imports
