#pragma once
/// Files that hold nothing but rows of one width.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "simile/vectorfile/component.h"
#include "simile/vectorfile/vector_file.h"

namespace simile::vectorfile {

/// Rows as they are stored, one after the other.
class RowSource {
 public:
  virtual ~RowSource() = default;
  /// Writes the next rows, exactly `rows` of them, or says why that cannot be.
  virtual Status read(std::size_t rows, std::byte* to) = 0;
};

struct Array {
  std::unique_ptr<RowSource> source;
  StoredType stored = StoredType::kFloat32;
  std::uint64_t columns = 0;
  std::uint64_t rows = 0;
};

/// An array as a VectorFile: reads, and converts where `options.element` asks for it. `info` has
/// path, format and dataset; the rest is filled in.
Result<std::unique_ptr<VectorFile>> open_array(Array array, FileInfo info,
                                               const OpenOptions& options);

Result<std::unique_ptr<VectorFile>> open_npy(const std::string& path, const OpenOptions& options);
Result<std::unique_ptr<VectorFile>> open_npz(const std::string& path, const OpenOptions& options);
Result<std::unique_ptr<VectorFile>> open_vecs(const std::string& path, const OpenOptions& options);
Result<std::unique_ptr<VectorFile>> open_hdf5(const std::string& path, const OpenOptions& options);

}  // namespace simile::vectorfile
