#pragma once
/// The header of a .npy file (numpy's NEP 1, versions 1 to 3):
///   6 bytes   0x93 "NUMPY"
///   2 bytes   version, major then minor
///   2 bytes   length of the text (version 1); 4 bytes from version 2 on; little-endian
///   text      a Python dict: {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }, spaces,
///             a newline
/// Then the values, nothing else.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "simile/error.h"
#include "simile/vectorfile/byte_source.h"

namespace simile::vectorfile {

struct NpyHeader {
  std::string descr;  ///< "<f4": byte order, kind, bytes
  bool fortran_order = false;
  std::vector<std::uint64_t> shape;
};

/// The text of a header. Messages do not name the file.
Result<NpyHeader> parse_npy_dict(std::string_view text);

/// Reads the whole header, so that `source` stands at the first value.
Result<NpyHeader> read_npy_header(ByteSource& source);

/// The whole header of version 1 for an array of `rows` x `columns`, or of `rows` where columns
/// is 0; its length does not depend on `rows`.
std::string make_npy_header(std::string_view descr, std::uint64_t rows, std::uint64_t columns);

}  // namespace simile::vectorfile
