#pragma once
/// Text files: one record a row, a vector and cells.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "simile/error.h"
#include "simile/vectorfile/cell.h"
#include "simile/vectorfile/vector_file.h"

namespace simile::vectorfile {

struct Record {
  std::vector<float> vector;
  std::vector<Cell> cells;  ///< as RecordReader::names(); may be shorter, the rest is null
  std::uint64_t line = 0;   ///< where it begins
};

/// The records of a file in some text format. Thread rule: one thread at a time.
class RecordReader {
 public:
  virtual ~RecordReader() = default;
  /// Names of the cells in the file's own spelling; more may come with each record (.jsonl).
  virtual const std::vector<std::string>& names() const = 0;
  /// Whether records may bring names that none had before.
  virtual bool open_ended() const = 0;
  /// Replaces `record`; false at the end. Errors name file and line.
  virtual Result<bool> next(Record& record) = 0;
  virtual std::uint64_t bytes() const = 0;
  virtual std::uint64_t bytes_done() const = 0;
};

/// A text file as a VectorFile: types of columns come from `options.fields`, else from the first
/// records, and so does the dimension. `info` has path and format; the rest is filled in.
Result<std::unique_ptr<VectorFile>> open_records(std::unique_ptr<RecordReader> reader,
                                                 FileInfo info, const OpenOptions& options);

Result<std::unique_ptr<VectorFile>> open_csv(const std::string& path, const OpenOptions& options);
Result<std::unique_ptr<VectorFile>> open_jsonl(const std::string& path, const OpenOptions& options);

/// A name that a field may have: what is not a letter, digit or underscore becomes an underscore,
/// and a digit in front gets one.
std::string field_name(const std::string& name);

}  // namespace simile::vectorfile
