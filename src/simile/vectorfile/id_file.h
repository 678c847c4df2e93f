#pragma once
/// Primary keys in a file of their own, beside a file of vectors.
///
///   .npy .npz   one-dimensional integers of any width
///   other       text, one key a line

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "simile/batch.h"
#include "simile/error.h"
#include "simile/schema.h"

namespace simile::vectorfile {

/// Thread rule: one thread at a time.
class IdFile {
 public:
  /// `type` kInt64 or kString; empty: string where a line among the first 1,000 is no integer.
  static Result<std::unique_ptr<IdFile>> open(const std::string& path,
                                              std::optional<FieldType> type);
  virtual ~IdFile() = default;

  FieldType type() const { return type_; }
  const std::string& path() const { return path_; }

  /// Replaces type and values of `column` by the next `rows` keys; fewer mean the end.
  virtual Status next(std::size_t rows, Column& column) = 0;

 protected:
  IdFile(std::string path, FieldType type) : path_(std::move(path)), type_(type) {}

 private:
  std::string path_;
  FieldType type_;
};

}  // namespace simile::vectorfile
