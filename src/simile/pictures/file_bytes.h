#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "simile/error.h"

namespace simile::pictures {

/// A file as it was when it was read.
struct FileBytes {
  std::vector<std::byte> bytes;
  std::int64_t modified = 0;  ///< nanoseconds since 1970
};

/// Reads a regular file of at most `bytes_max`. The error does not name the file, since callers
/// report it beside the name; kAborted where the file changed meanwhile.
Result<FileBytes> read_file(const std::string& path, std::uint64_t bytes_max);

}  // namespace simile::pictures
