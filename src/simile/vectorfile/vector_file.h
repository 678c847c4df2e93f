#pragma once
/// Vectors in the files of other programs, read block by block: no file is ever held whole.
///
///   .npy .npz             numpy arrays of shape (rows, dimension), C order
///   .fvecs .bvecs .ivecs  the TEXMEX form: each row is an int32 dimension, then its components
///   .hdf5 .h5             one data set of shape (rows, dimension), as in ann-benchmarks
///   .csv .tsv             a vector as columns or as one list; other columns are fields
///   .jsonl .ndjson        one object or one bare array a line
///
/// The bytes are hostile until they are checked: a file that is cut off, damaged or not what its
/// name says gives an error that names the file, the row and what to do, never more memory than
/// one block.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "simile/batch.h"
#include "simile/error.h"
#include "simile/schema.h"
#include "simile/types.h"

namespace simile::vectorfile {

struct OpenOptions {
  /// .npz member or .hdf5 data set; empty: the usual one, or the only one of an .npz.
  std::string dataset;
  std::string usual_dataset = "train";
  /// Deliver rows as this type; empty: as they are, where float64, uint8 and int32 become float32
  /// and bool becomes bit. A value that the type cannot hold is an error that names the row. uint8
  /// as kBit means eight packed components a byte, the first in the highest bit, as numpy.packbits
  /// writes them.
  std::optional<ElementType> element;

  // .csv and .jsonl only:
  std::string vector_column = "vector";   ///< name of the list, or prefix of the columns
  std::string id_column = "id";           ///< never part of the vector, never null, not renamed
  std::vector<std::string> skip_columns;  ///< as the file calls them
  std::vector<Field> fields;  ///< known types; other columns are inferred from the first rows
};

struct FileInfo {
  std::string path;
  std::string format;       ///< "npy", "hdf5", ...
  std::string dataset;      ///< the member or data set that is read; else empty
  std::string stored_type;  ///< of a component in the file, "uint8"
  VectorType type;          ///< of the rows that next() delivers
  std::optional<std::uint64_t> rows;
  std::optional<Metric> metric;  ///< where the file says so (.hdf5)
  std::vector<Field> columns;    ///< beside the vector (.csv, .jsonl)
};

/// Some rows. Reused from call to call, so that reading allocates nothing in steady state.
struct Block {
  std::uint64_t first_row = 0;
  std::size_t rows = 0;
  std::vector<std::byte> vectors;  ///< rows x type.bytes()
  std::vector<Column> columns;     ///< as FileInfo::columns
};

/// An open file at some row. Thread rule: one thread at a time; .hdf5 files one thread in the
/// process, since the library is not reentrant.
class VectorFile {
 public:
  /// Chooses the format by the name's extension, and reads what tells dimension and types.
  /// kNotFound, kPermissionDenied: the file; kInvalidArgument: the options or the name;
  /// kDataLoss: the bytes.
  static Result<std::unique_ptr<VectorFile>> open(const std::string& path,
                                                  const OpenOptions& options = {});
  virtual ~VectorFile() = default;
  VectorFile(const VectorFile&) = delete;
  VectorFile& operator=(const VectorFile&) = delete;

  const FileInfo& info() const { return info_; }

  /// Replaces `block` by the next rows, at most `rows_max`; no rows mean the end. After an error
  /// it has none, and no more can be read.
  virtual Status next(std::size_t rows_max, Block& block) = 0;

  /// info().rows, else a guess from the bytes read so far; 0 where there is none. For progress.
  virtual std::uint64_t rows_estimate() const = 0;

 protected:
  explicit VectorFile(FileInfo info) : info_(std::move(info)) {}
  FileInfo info_;
};

/// The extensions that open() knows, for help and messages.
std::string_view known_extensions();

}  // namespace simile::vectorfile
