#pragma once
/// The HDF5 library, as far as it is used here.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "simile/error.h"
#include "simile/types.h"
#include "simile/vectorfile/component.h"

namespace simile::vectorfile {

/// The rows of one data set. Thread rule: one thread in the process, since the library is not
/// reentrant. A damaged file may crash the process: see hdf5_file.cc.
class Hdf5Reader {
 public:
  struct Contents {
    StoredType stored = StoredType::kFloat32;
    std::uint64_t rows = 0;
    std::uint64_t columns = 0;
    std::optional<Metric> metric;  ///< of ann-benchmarks' attribute `distance`
  };

  static Result<Hdf5Reader> open(const std::string& path, const std::string& dataset);
  Hdf5Reader(Hdf5Reader&&) noexcept;
  Hdf5Reader& operator=(Hdf5Reader&&) = delete;
  ~Hdf5Reader();

  const Contents& contents() const { return contents_; }

  /// Writes the next rows, which must be there.
  Status read(std::size_t rows, std::byte* to);

 private:
  struct State;
  Hdf5Reader(Contents contents, std::string name, std::unique_ptr<State> state);

  Contents contents_;
  std::string name_;
  std::unique_ptr<State> state_;
};

}  // namespace simile::vectorfile
