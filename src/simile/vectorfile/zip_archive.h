#pragma once
/// The members of a ZIP file (APPNOTE 6.3.10), as far as numpy.savez writes it: stored or deflated
/// members, with or without the 64-bit extension, on one disk, not encrypted.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "simile/error.h"
#include "simile/vectorfile/byte_source.h"

namespace simile::vectorfile {

struct ZipMember {
  std::string name;
  std::uint16_t method = 0;  ///< 0 stored, 8 deflated
  std::uint32_t crc32 = 0;
  std::uint64_t stored_bytes = 0;
  std::uint64_t bytes = 0;
  std::uint64_t header_at = 0;
};

/// Reads the central directory at the end of the file.
Result<std::vector<ZipMember>> read_zip_members(FileSource& file);

/// The bytes of a member, inflated while they are read. Reading the last of them checks length and
/// CRC-32. Takes the file.
Result<std::unique_ptr<ByteSource>> open_zip_member(std::unique_ptr<FileSource> file,
                                                    const ZipMember& member);

}  // namespace simile::vectorfile
